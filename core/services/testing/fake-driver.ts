/** A driver without processes that keeps the contract of `ServiceDriver`; it passes the same conformance suite as the real one. */
import { KojiboxError } from '../../../contract/errors.ts';
import type { ExitResult, LaunchSpec, ServiceDriver, ServiceHandle } from '../driver.ts';

/** What a daemon leaves behind: share one between two drivers to play its death. */
export interface FakeMachine {
  readonly processes: Map<number, FakeProcess>;
  readonly records: Map<string, ServiceHandle>;
}

export interface FakeProcess {
  readonly pid: number;
  readonly spec: LaunchSpec;
  ignoresSignals: boolean;
  exit: ExitResult | null;
  readonly waiters: Set<(exit: ExitResult) => void>;
}

export interface FakeDriver extends ServiceDriver {
  readonly machine: FakeMachine;
  /** What happened, in order: `start php`, `stop php SIGQUIT`, `kill php`. */
  readonly calls: string[];
  /** Live process of a service; throws when there is none. */
  processOf(id: string): FakeProcess;
  /** Ends a process from outside. */
  crash(id: string, exit?: ExitResult): void;
  /** The next launches of this service are refused. */
  refuse(id: string, error: KojiboxError): void;
  /** `kill` of this service fails as long as the error is set. */
  protect(id: string, error: KojiboxError | null): void;
}

export const createFakeMachine = (): FakeMachine => ({ processes: new Map(), records: new Map() });

export function createFakeDriver(
  machine: FakeMachine = createFakeMachine(),
  now: () => number = () => 1_000_000,
): FakeDriver {
  const calls: string[] = [];
  const refused = new Map<string, KojiboxError>();
  const untouchable = new Map<string, KojiboxError>();

  const liveOf = (handle: ServiceHandle): FakeProcess | undefined => {
    const found = handle.pid === null ? undefined : machine.processes.get(handle.pid);
    return found?.exit === null ? found : undefined;
  };
  const end = (process: FakeProcess, exit: ExitResult): void => {
    process.exit = exit;
    for (const waiter of process.waiters) waiter(exit);
    process.waiters.clear();
  };
  const processOf = (id: string): FakeProcess => {
    const found = [...machine.processes.values()].find(({ spec, exit }) => spec.id === id && exit === null);
    if (found === undefined) throw new Error(`${id} has no live process`);
    return found;
  };

  return {
    name: 'fake',
    machine,
    calls,
    processOf,
    crash: (id, exit = { exitCode: null, signal: 'SIGKILL' }) => end(processOf(id), exit),
    refuse: (id, error) => void refused.set(id, error),
    protect: (id, error) => void (error === null ? untouchable.delete(id) : untouchable.set(id, error)),

    start(spec) {
      calls.push(`start ${spec.id}`);
      const refusal = refused.get(spec.id);
      if (refusal !== undefined) return Promise.reject(refusal);
      if (spec.command.includes('missing'))
        return Promise.reject(
          new KojiboxError('START_FAILED', `cannot start ${spec.id}`, {
            detail: 'no such program',
            source: 'services',
          }),
        );
      const running = [...machine.processes.values()].some((other) => other.spec.id === spec.id && other.exit === null);
      if (running)
        return Promise.reject(
          new KojiboxError('START_FAILED', `cannot start ${spec.id}`, {
            detail: 'it runs already',
            source: 'services',
          }),
        );
      const pid = 100 + machine.processes.size;
      machine.processes.set(pid, {
        pid,
        spec,
        ignoresSignals: spec.args.includes('ignore-signals'),
        exit: null,
        waiters: new Set(),
      });
      const handle: ServiceHandle = {
        driver: 'fake',
        id: spec.id,
        fingerprint: spec.fingerprint,
        launchedAt: now(),
        pid,
        data: {},
      };
      machine.records.set(spec.id, handle);
      return Promise.resolve(handle);
    },
    recover() {
      for (const [id, handle] of machine.records) if (liveOf(handle) === undefined) machine.records.delete(id);
      return Promise.resolve([...machine.records.values()]);
    },
    wait(handle, signal) {
      const process = handle.pid === null ? undefined : machine.processes.get(handle.pid);
      if (process === undefined) return Promise.resolve({ exitCode: null, signal: null });
      if (process.exit !== null) return Promise.resolve(process.exit);
      return new Promise((resolve, reject) => {
        process.waiters.add(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    },
    stop(handle, signalName) {
      calls.push(`stop ${handle.id} ${signalName}`);
      const process = liveOf(handle);
      if (process !== undefined && !process.ignoresSignals) end(process, { exitCode: 0, signal: null });
      return Promise.resolve();
    },
    kill(handle) {
      calls.push(`kill ${handle.id}`);
      const refusal = untouchable.get(handle.id);
      if (refusal !== undefined) return Promise.reject(refusal);
      const process = liveOf(handle);
      if (process !== undefined) end(process, { exitCode: null, signal: 'SIGKILL' });
      return Promise.resolve();
    },
    release(handle) {
      machine.records.delete(handle.id);
      return Promise.resolve();
    },
  };
}
