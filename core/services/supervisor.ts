/** Keeps services as they are wanted: starts along the dependency graph by readiness, stops it backwards, adopts what an earlier daemon left running. */
import { KojiboxError } from '../../contract/errors.ts';
import type { ServiceState } from '../../contract/services.ts';
import { delay } from '../system/clock.ts';
import { dependentsOf, resolveLanes, type Dependencies } from './dependency-graph.ts';
import type { ServiceDriver, ServiceHandle } from './driver.ts';
import { createFailureRecords } from './failure-records.ts';
import { createServiceRunner, type ServiceRunner } from './service-runner.ts';
import type { ServiceEntry, Supervisor, SupervisorOptions } from './supervision.ts';

export type * from './supervision.ts';

/** For a service whose definition is gone there is no plan that says how long it may take. */
const UNDEFINED_GRACE_MS = 10_000;

type Verdict = { readonly state: ServiceState } | { readonly error: KojiboxError } | null;
interface Waiter {
  /** Null as long as it is open. */
  readonly judge: () => Verdict;
  readonly settle: (verdict: NonNullable<Verdict>) => void;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { log, clock } = options;
  const runners = new Map<string, ServiceRunner>();
  const waiters = new Set<Waiter>();
  const records = createFailureRecords(options.failures, log);
  let keepsFailures = false;
  const failures: typeof records = { ...records, forget: (id) => void (keepsFailures || records.forget(id)) };

  const graph = (): Dependencies => new Map([...runners].map(([id, { entry }]) => [id, entry.dependsOn]));
  const find = (id: string): ServiceRunner => {
    const runner = runners.get(id);
    if (runner !== undefined) return runner;
    const known = [...runners.keys()].join(', ');
    throw new KojiboxError('NOT_FOUND', `there is no service "${id}"`, {
      detail: known === '' ? 'none is defined yet' : `there are ${known}`,
      source: 'services',
    });
  };
  const driverOf = (name: string): ServiceDriver => {
    const driver = options.drivers.get(name);
    if (driver !== undefined) return driver;
    throw new KojiboxError('INTERNAL', `cannot run a service with the driver "${name}"`, {
      detail: 'this daemon does not have it',
      source: 'services',
    });
  };
  const phaseOf = (id: string): string | undefined => runners.get(id)?.machine.phase.name;

  /** Looked at whenever any phase changes: who waits for a dependency, and who waits for an outcome. */
  const look = (): void => {
    for (const runner of runners.values()) if (runner.machine.phase.name === 'waiting') lookAtDependencies(runner);
    for (const waiter of waiters) {
      const verdict = waiter.judge();
      if (verdict === null) continue;
      waiters.delete(waiter);
      waiter.settle(verdict);
    }
  };

  const lookAtDependencies = (runner: ServiceRunner): void => {
    const { entry } = runner;
    for (const id of entry.dependsOn) {
      const needed = runners.get(id);
      if (needed === undefined)
        return runner.post({
          type: 'dependency-failed',
          failure: dependencyFailed(entry, id, `no service "${id}" is defined`),
        });
      if (needed.failure !== null)
        return runner.post({
          type: 'dependency-failed',
          failure: dependencyFailed(entry, needed.entry.name, describe(needed.failure)),
        });
      // Stopped, or on its way there: it is needed again.
      if (needed.machine.desired === 'down') needed.post({ type: 'start-requested' });
    }
    if (entry.dependsOn.every((id) => phaseOf(id) === 'running')) runner.post({ type: 'dependencies-ready' });
  };

  const until = (judge: Waiter['judge']): Promise<ServiceState> =>
    new Promise((resolve, reject) => {
      const settle: Waiter['settle'] = (verdict) =>
        'state' in verdict ? resolve(verdict.state) : reject(verdict.error);
      const verdict = judge();
      if (verdict === null) waiters.add({ judge, settle });
      else settle(verdict);
    });

  const untilReady = (runner: ServiceRunner): Promise<ServiceState> =>
    until(() => {
      const { phase, desired } = runner.machine;
      if (phase.name === 'running') return { state: runner.state() };
      if (runner.failure !== null) return { error: runner.failure };
      return desired === 'down' ? { error: cancelled(`${runner.entry.name} was stopped before it was ready`) } : null;
    });

  const untilDown = (runner: ServiceRunner): Promise<ServiceState> =>
    until(() => {
      if (runner.machine.phase.name === 'stopped') return { state: runner.state() };
      if (runner.failure !== null)
        return runner.machine.desired === 'down' ? { error: runner.failure } : { state: runner.state() };
      return runner.machine.desired === 'up'
        ? { error: cancelled(`${runner.entry.name} was started again in between`) }
        : null;
    });

  const start: Supervisor['start'] = async (id, { until: goal = 'ready' } = {}) => {
    const runner = find(id);
    const lanes = resolveLanes(graph(), [id]);
    if (runner.outdated && runner.machine.phase.name === 'running') return restart(id);
    for (const needed of lanes.flat()) find(needed).post({ type: 'start-requested' });
    return goal === 'starting' ? runner.state() : untilReady(runner);
  };

  const stop: Supervisor['stop'] = async (id) => {
    const runner = find(id);
    const dependencies = graph();
    const dependents = dependentsOf(dependencies, id);
    const stopping = new Map<string, Promise<ServiceState>>();
    for (const dependent of [...dependents, id]) {
      const first = dependents.filter((other) => dependencies.get(other)?.includes(dependent) === true);
      stopping.set(
        dependent,
        stopAfter(
          first.map((other) => stopping.get(other)),
          dependent,
        ),
      );
    }
    const results = await Promise.allSettled(stopping.values());
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return runner.state();
  };

  const stopAfter = async (
    before: readonly (Promise<ServiceState> | undefined)[],
    id: string,
  ): Promise<ServiceState> => {
    for (const earlier of before) await earlier;
    const runner = find(id);
    runner.post({ type: 'stop-requested' });
    return untilDown(runner);
  };

  const upDependents = (id: string): string[] =>
    dependentsOf(graph(), id).filter((other) => runners.get(other)?.machine.desired === 'up');

  const restart: Supervisor['restart'] = async (id) => {
    find(id);
    resolveLanes(graph(), [id]);
    const wereUp = upDependents(id);
    await stop(id);
    for (const other of wereUp.reverse())
      void start(other, { until: 'starting' }).catch((error: unknown) =>
        log.warn('cannot start a dependent again', { id: other, error: String(error) }),
      );
    return start(id);
  };

  const stopAll = async (): Promise<void> => {
    keepsFailures = true;
    const results = await Promise.allSettled([...runners.keys()].map((id) => stop(id)));
    keepsFailures = false;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };

  /** Gracefully, as far as that is known without a definition. */
  const end = async (driver: ServiceDriver, handle: ServiceHandle): Promise<void> => {
    log.info('ending a service that is not defined any more', { id: handle.id, pid: handle.pid });
    const abort = new AbortController();
    try {
      await driver.stop(handle, 'SIGTERM');
      await Promise.race([driver.wait(handle, abort.signal), delay(clock, UNDEFINED_GRACE_MS, abort.signal)]);
    } catch (error) {
      log.warn('cannot ask a service to stop', { id: handle.id, error: String(error) });
    } finally {
      abort.abort(cancelled('the wait is over'));
    }
    await driver.kill(handle);
    await driver.release(handle);
  };

  const takeOver = async (driver: ServiceDriver, handle: ServiceHandle): Promise<string | null> => {
    const runner = runners.get(handle.id);
    try {
      if (runner !== undefined) {
        await runner.adopt(handle);
        log.info('took over a running service', { id: handle.id, pid: handle.pid });
        return handle.id;
      }
    } catch (error) {
      log.warn('cannot take over a running service', { id: handle.id, error: String(error) });
    }
    await end(driver, handle);
    return null;
  };

  return {
    define(entry) {
      const known = runners.get(entry.id);
      if (known !== undefined) known.entry = entry;
      else
        runners.set(
          entry.id,
          createServiceRunner(entry, {
            ...options,
            failures,
            driver: driverOf(entry.driver),
            waitingFor: ({ dependsOn }) => dependsOn.filter((id) => phaseOf(id) !== 'running'),
            onPhase: look,
          }),
        );
    },
    async undefine(id) {
      const runner = runners.get(id);
      if (runner === undefined) return;
      await stop(id);
      runner.detach();
      records.forget(id);
      runners.delete(id);
    },
    states: () => [...runners.values()].map((runner) => runner.state()),
    state: (id) => find(id).state(),
    start,
    stop,
    restart,
    withDependents: (id) => [find(id).entry.id, ...upDependents(id)],
    async startAll(ids) {
      const results = await Promise.allSettled(ids.map((id) => start(id)));
      return results.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
    },
    stopAll,
    isOutdated: (id) => runners.get(id)?.outdated ?? false,
    fingerprintOf: (id) => runners.get(id)?.fingerprint ?? null,
    async recover() {
      const found = await Promise.all(
        [...options.drivers.values()].map(async (driver) =>
          (await driver.recover()).map((handle) => ({ driver, handle })),
        ),
      );
      const adopted = await Promise.all(found.flat().map(({ driver, handle }) => takeOver(driver, handle)));
      for (const runner of runners.values()) runner.recall();
      return adopted.filter((id) => id !== null);
    },
    detach() {
      for (const runner of runners.values()) runner.detach();
      for (const { settle } of waiters) settle({ error: cancelled('the daemon ends') });
      waiters.clear();
    },
    async probeNow() {
      await Promise.all([...runners.values()].map((runner) => runner.probeNow()));
    },
  };
}

const describe = (error: KojiboxError): string =>
  [error.message, error.detail].filter((part) => part !== '').join(': ');
const cancelled = (message: string): KojiboxError => new KojiboxError('CANCELLED', message, { source: 'services' });
const dependencyFailed = (entry: ServiceEntry, needed: string, detail: string): KojiboxError =>
  new KojiboxError('DEPENDENCY_FAILED', `cannot start ${entry.name}: ${needed}, which it needs, does not run`, {
    detail,
    source: 'services',
  });
