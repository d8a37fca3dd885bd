/**
 * One service: a mailbox that takes one event at a time, the machine's state, and the carrying out of its effects.
 * Each effect ends in an event, also when it fails; so there is nothing to lock and nothing to get stuck.
 */
import { KojiboxError } from '../../contract/errors.ts';
import type { Evidence, HealthStatus, RestartPolicy, ServiceState } from '../../contract/services.ts';
import { diskFull } from '../../contract/disk-error.ts';
import { timestamp } from '../system/clock.ts';
import type { ExitResult, ServiceDriver, ServiceHandle } from './driver.ts';
import type { FailureRecords } from './failure-records.ts';
import type { LoopbackAddress, ProbeResult } from './health.ts';
import { INITIAL_STATE, transition } from './machine.ts';
import type { Effect, MachineEvent, MachinePolicy, MachineState } from './machine-types.ts';
import { createProbeLoop } from './probe-loop.ts';
import { healthOf, viewOf } from './service-view.ts';
import type { ResolvedService, ServiceEntry, SupervisedPlan, SupervisorOptions } from './supervision.ts';
import { sayWork } from '../../contract/sentences/work.ts';

/** A program that is there says nothing of whether it can stay: one with a wrong setting ends within a second. */
const SETTLE_MS = 1_000;
const DEFAULT_RESTART: RestartPolicy = { maxRetries: 5, backoffMs: 500 };

export interface ServiceRunner {
  entry: ServiceEntry;
  readonly machine: MachineState;
  /** Set while it is failed: the failure with the last lines of its log. */
  readonly failure: KojiboxError | null;
  /** It runs with an older definition than the one it would be started with now. */
  readonly outdated: boolean;
  /** Digest of what runs; null while nothing does. */
  readonly fingerprint: string | null;
  state(): ServiceState;
  post(event: MachineEvent): void;
  /** Is failed again, as an earlier daemon left it; does nothing for what runs or never failed. */
  recall(): void;
  /** Takes over a live process; resolves when its first probe was answered or given up. Rejects when it cannot be said how to probe it. */
  adopt(handle: ServiceHandle): Promise<void>;
  probeNow(): Promise<void>;
  detach(): void;
}

export interface RunnerOptions extends Omit<SupervisorOptions, 'failures'> {
  readonly driver: ServiceDriver;
  /** Those it still waits for. */
  waitingFor(entry: ServiceEntry): string[];
  readonly failures: FailureRecords;
  /** Called after each change of phase, when it was published. */
  onPhase(): void;
}

export function createServiceRunner(initial: ServiceEntry, options: RunnerOptions): ServiceRunner {
  const { clock, log, driver } = options;
  const mailbox: MachineEvent[] = [];
  let entry = initial;
  let taking = false;
  let detached = false;
  let machine = INITIAL_STATE;
  let resolved: ResolvedService | null = null;
  let handle: ServiceHandle | null = null;
  let outdated = false;
  let preparation = new AbortController();
  let cancelTimer: (() => void) | undefined;
  let launchedAt = 0;
  let readyMs: number | null = null;
  let evidence: Evidence | null = null;
  /** What the last probe of this start saw. */
  let seen = '';
  let version: string | null = null;
  /** Where its probe reached it, when it chose that itself. */
  let address: LoopbackAddress | null = null;
  let lastError: KojiboxError | null = null;
  let reported: KojiboxError | null = null;
  let failedAt: string | null = null;
  let health: HealthStatus = 'unknown';
  let updatedAt = timestamp(clock);
  let firstProbe: (() => void) | undefined;

  const policy = (): MachinePolicy => ({
    name: entry.name,
    restart: resolved?.plan.restartPolicy ?? DEFAULT_RESTART,
    restartWhenUnhealthy: resolved?.plan.restartWhenUnhealthy ?? true,
    startDeadlineMs: resolved?.plan.startDeadlineMs ?? 60_000,
    stopGraceMs: resolved?.plan.stopGraceMs ?? 10_000,
    settleMs: resolved?.plan.probe.type === 'pid' ? SETTLE_MS : 0,
    jitter: options.random(),
  });

  const state = (): ServiceState =>
    viewOf(machine, {
      entry,
      plan: resolved === null ? null : planAt(resolved.plan, address),
      pid: handle?.pid ?? null,
      evidence,
      version,
      readyMs,
      lastError,
      failedAt,
      updatedAt,
      startedAt: handle === null ? null : new Date(handle.launchedAt).toISOString(),
      waitingFor: options.waitingFor(entry),
      maxRetries: policy().restart.maxRetries,
      now: clock.monotonic(),
    });

  const publish = (): void => {
    updatedAt = timestamp(clock);
    options.onState(state());
    const now = healthOf(machine);
    if (now === health) return;
    health = now;
    options.onHealth(entry.id, now);
  };

  const post = (event: MachineEvent): void => {
    mailbox.push(event);
    if (taking) return;
    taking = true;
    for (let next = mailbox.shift(); next !== undefined && !detached; next = mailbox.shift()) take(next);
    taking = false;
  };

  const take = (event: MachineEvent): void => {
    const before = machine;
    const { state: after, effects } = transition(before, event, policy(), clock.monotonic());
    if (after === before && effects.length === 0) return;
    machine = after;
    if (after.generation !== before.generation) arrive(before);
    for (const effect of effects) perform(effect);
    if (after.phase.name === 'failed' && after.generation !== before.generation) {
      if (event.type !== 'recalled') {
        void report(after.phase.failure, after.generation);
        return; // Published with the last lines of the log.
      }
      lastError = after.phase.failure;
      reported = after.phase.failure;
    }
    publish();
    options.onPhase();
  };

  /** What is true by the mere arrival in a phase. */
  const arrive = (before: MachineState): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    const { phase } = machine;
    log.debug('service changed its phase', { id: entry.id, from: before.phase.name, to: phase.name });
    if (phase.name === 'killing' || phase.name === 'stopping') {
      if (phase.next.then === 'retry') lastError = phase.next.failure;
    } else if (phase.name === 'backoff') lastError = phase.failure;
    else if (phase.name === 'running' && before.phase.name === 'starting' && launchedAt > 0) {
      readyMs = Math.round((clock.monotonic() - launchedAt) * 10) / 10;
    }
    reported = null;
    if (before.phase.name === 'failed') options.failures.forget(entry.id);
    if (phase.name === 'stopped') lastError = null;
    if (phase.name !== 'starting') firstProbe?.();
    if (phase.name === 'starting' && resolved !== null) probing.untilReady(resolved.plan.probe);
    else if (phase.name === 'running' && resolved !== null)
      probing.regularly(resolved.plan.probe, resolved.plan.probeIntervalMs, resolved.plan.probeTimeoutMs);
    else probing.end();
  };

  /** Reading the log takes a moment; a start that was asked for in the meantime makes the report void. */
  const report = async (failure: KojiboxError, generation: number): Promise<void> => {
    const complete = await withLog(failure);
    if (machine.generation !== generation || detached) return;
    lastError = complete;
    reported = complete;
    failedAt = timestamp(clock);
    options.failures.note(entry.id, { failure: complete, at: failedAt, restarts: machine.restarts });
    log.warn('service failed', {
      id: entry.id,
      code: complete.code,
      message: complete.message,
      detail: complete.detail,
    });
    publish();
    options.onPhase();
  };

  const withLog = async (failure: KojiboxError): Promise<KojiboxError> => {
    if (!['START_FAILED', 'START_TIMEOUT', 'SERVICE_EXITED', 'SERVICE_UNHEALTHY'].includes(failure.code))
      return failure;
    let lines = '';
    try {
      lines = await options.lastLogLines(entry.id);
    } catch (error) {
      log.warn('cannot read the log of a service', { id: entry.id, error: textOf(error) });
    }
    const detail =
      failure.code === 'START_TIMEOUT' && seen !== ''
        ? sayWork('lastSeen', { how: failure.detail, answer: seen })
        : failure.detail;
    return new KojiboxError(failure.code, failure.message, {
      detail: lines === '' ? detail : `${detail}\n${lines}`,
      source: failure.source,
      // A command that can be copied.
      remedy: failure.remedy.replaceAll(/\bID\b/g, entry.id),
      cause: failure,
    });
  };

  const onProbe = (result: ProbeResult): void => {
    if (result.ok) {
      evidence = { text: result.text, latencyMs: result.latencyMs, at: timestamp(clock) };
      version = result.version ?? version;
      address = result.address ?? address;
      post({ type: 'probe-passed' });
    } else {
      seen = result.text;
      post({ type: 'probe-failed', text: result.text });
    }
    firstProbe?.();
    firstProbe = undefined;
  };
  const probing = createProbeLoop({
    clock,
    probes: { probe: (spec, timeoutMs) => options.probes.probe(spec, timeoutMs, handle?.pid ?? null) },
    random: () => options.random(),
    onResult: onProbe,
  });

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'prepare':
        void prepare();
        return;
      case 'abort-prepare':
        preparation.abort(
          new KojiboxError('CANCELLED', `the start of ${entry.name} was cancelled`, { source: 'services' }),
        );
        return;
      case 'await-dependencies':
        return; // The supervisor looks at all that wait whenever a phase changes.
      case 'launch':
        void launch();
        return;
      case 'signal':
        void signal();
        return;
      case 'kill':
        void kill();
        return;
      case 'arm-timer':
        cancelTimer = clock.after(effect.afterMs, () => post({ type: 'timer', generation: effect.generation }));
    }
  };

  const prepare = async (): Promise<void> => {
    preparation = new AbortController();
    if (machine.restarts === 0) lastError = null;
    try {
      resolved = await options.resolve(entry.id, { purpose: 'start', signal: preparation.signal });
      post({ type: 'prepared' });
    } catch (error) {
      post({ type: 'prepare-failed', failure: asKojiboxError(error, `cannot prepare ${entry.name}`) });
    }
  };

  const launch = async (): Promise<void> => {
    try {
      if (resolved === null) throw new Error('it was not prepared');
      launchedAt = clock.monotonic();
      readyMs = null;
      evidence = null;
      seen = '';
      version = null;
      address = null;
      const launched = await driver.start(resolved.spec);
      handle = launched;
      outdated = false;
      post({ type: 'launched' });
      void watch(launched);
    } catch (error) {
      post({ type: 'launch-failed', failure: asKojiboxError(error, `cannot start ${entry.name}`) });
    }
  };

  const watch = async (watched: ServiceHandle): Promise<void> => {
    let how: string;
    try {
      how = describeExit(await driver.wait(watched));
    } catch (error) {
      how = textOf(error);
    }
    if (handle === watched) post({ type: 'exited', how });
  };

  const signal = async (): Promise<void> => {
    if (handle === null) return;
    try {
      await driver.stop(handle, resolved?.plan.stopSignal ?? 'SIGTERM');
    } catch (error) {
      log.warn('cannot ask a service to stop', { id: entry.id, error: textOf(error) });
      post({ type: 'signal-failed' });
    }
  };

  /** Asked of a first start that failed alone: a service that was ready had its ports. */
  const lostPort = async (): Promise<KojiboxError | null> => {
    const { phase, proven } = machine;
    if (proven || resolved === null || phase.name !== 'killing' || phase.next.then !== 'retry') return null;
    try {
      return await options.portLost(entry.id, resolved.plan.ports);
    } catch (error) {
      log.warn('cannot look at the ports of a service', { id: entry.id, error: textOf(error) });
      return null;
    }
  };

  const kill = async (): Promise<void> => {
    try {
      if (handle !== null) {
        await driver.kill(handle);
        await driver.release(handle);
      }
      handle = null;
      const portLost = await lostPort();
      post(portLost === null ? { type: 'gone' } : { type: 'gone', portLost });
    } catch (error) {
      log.error('cannot end a service', { id: entry.id, error: textOf(error) });
      post({ type: 'kill-failed', failure: asKojiboxError(error, `cannot end ${entry.name}`) });
    }
  };

  return {
    get entry() {
      return entry;
    },
    set entry(next) {
      entry = next;
      publish();
    },
    get machine() {
      return machine;
    },
    get failure() {
      return reported;
    },
    get outdated() {
      return outdated;
    },
    get fingerprint() {
      return handle?.fingerprint ?? null;
    },
    state,
    post,
    recall() {
      const known = options.failures.recall(entry.id);
      if (known === null) return;
      if (machine.phase.name !== 'stopped') return options.failures.forget(entry.id);
      failedAt = known.at;
      post({ type: 'recalled', failure: known.failure, restarts: known.restarts });
    },
    async adopt(found) {
      resolved = await options.resolve(entry.id, { purpose: 'adopt', signal: preparation.signal });
      handle = found;
      outdated = resolved.spec.fingerprint !== found.fingerprint;
      launchedAt = 0; // Not measured: this daemon did not see the launch.
      const probed = new Promise<void>((resolve) => (firstProbe = resolve));
      post({ type: 'adopted' });
      void watch(found);
      await probed;
    },
    probeNow: () => (machine.phase.name === 'running' ? probing.now() : Promise.resolve()),
    detach() {
      detached = true;
      cancelTimer?.();
      probing.end();
      firstProbe?.();
      preparation.abort(new KojiboxError('CANCELLED', 'the daemon ends', { source: 'services' }));
    },
  };
}

/** The plan with the address at which it was reached. */
const planAt = (plan: SupervisedPlan, address: LoopbackAddress | null): SupervisedPlan =>
  address === null
    ? plan
    : {
        ...plan,
        ports: plan.ports.map((port, index) => (index === 0 ? { ...port, port: address.port } : port)),
        connect: `http://${address.host === '::1' ? '[::1]' : address.host}:${address.port}`,
      };

const textOf = (error: unknown): string =>
  error instanceof KojiboxError ? [error.message, error.detail].join(': ') : String(error);

function asKojiboxError(error: unknown, message: string): KojiboxError {
  const full = diskFull(error, message);
  if (full !== null) return full;
  if (error instanceof KojiboxError) return error;
  return new KojiboxError('START_FAILED', message, { detail: textOf(error), source: 'services', cause: error });
}

function describeExit({ exitCode, signal }: ExitResult): string {
  if (signal !== null) return signal;
  return exitCode === null ? sayWork('exitNotSeen') : sayWork('exitCode', { code: exitCode });
}
