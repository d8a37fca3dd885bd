/** One service: its mailbox, its timers, its probes. Turns the machine's effects into deeds and their results into events. */
import { KojiboxError } from '../../contract/errors.ts';
import type { Evidence, HealthStatus, ServiceState } from '../../contract/services.ts';
import type { ServicePlan } from '../recipes/recipe.ts';
import { timestamp } from '../system/clock.ts';
import type { ExitResult, LaunchSpec, ServiceHandle } from '../services/driver.ts';
import type { ProbeResult } from '../services/health.ts';
import { initialState, transition, type Effect, type MachineEvent, type MachinePolicy, type TimerName } from './machine.ts';
import { publicState } from './public-state.ts';
import type { ServiceEntry, SupervisorOptions } from './supervisor.ts';

/** While starting: soon at first, because most services need 20 to 150 ms. */
const START_PROBE_STEPS_MS = [1, 2, 2, 3, 3, 5, 5, 5, 8, 8, 10, 10, 15, 15, 25];
const START_PROBE_TIMEOUT_MS = 1000;
const PROBE_TIMEOUT_MS = 5000;
/** After a probe that failed, the next comes sooner. */
const RETRY_PROBE_MS = 1000;
const UNHEALTHY_AFTER = 3;
const RESTART_AFTER = 6;
const DEFAULT_POLICY = { maxRetries: 5, backoffMs: 500 };

export interface ServiceActor {
  readonly entry: ServiceEntry;
  redefine(entry: ServiceEntry): void;
  post(event: MachineEvent): void;
  state(): ServiceState;
  /** Resolves when it is up (ready) or down; rejects with the error of a failed start. */
  settled(wanted: 'up' | 'down'): Promise<ServiceState>;
  adopt(handle: ServiceHandle, startedAt: string): Promise<void>;
  detach(): void;
}

export interface ActorOptions extends SupervisorOptions {
  awaitDependencies(entry: ServiceEntry): Promise<void>;
  stateOf(id: string): ServiceState;
}

export function createServiceActor(initial: ServiceEntry, options: ActorOptions): ServiceActor {
  const { clock, driver, log } = options;
  let entry = initial;
  let machine = initialState;
  let plan: ServicePlan | null = null;
  let spec: LaunchSpec | null = null;
  let evidence: Evidence | null = null;
  let failedProbes = 0;
  let restarts = 0;
  let startedAt: string | null = null;
  let launchedAt = 0;
  let readyMs: number | null = null;
  let version: string | null = null;
  let lastLoss: string | null = null;
  let lastHealth: HealthStatus = 'unknown';
  let lastUpdated = timestamp(clock);
  let detached = false;
  const timers = new Map<TimerName | 'probe', () => void>();
  const waiters = new Set<{ wanted: 'up' | 'down'; resolve(state: ServiceState): void; reject(error: KojiboxError): void }>();
  const mailbox: MachineEvent[] = [];
  let busy = false;

  const policy = (): MachinePolicy => ({
    restart: plan?.restartPolicy ?? DEFAULT_POLICY, startDeadlineMs: plan?.startDeadlineMs ?? 30_000, stopGraceMs: plan?.stopGraceMs ?? 10_000, random: options.random(),
  });

  const state = (): ServiceState =>
    publicState(machine, {
      id: entry.id, name: entry.name, runtime: entry.runtime, version: version ?? plan?.version ?? null, ports: [...(plan?.ports ?? [])], connect: plan?.connect ?? null,
      dependsOn: entry.dependsOn, unreadyDependencies: entry.dependsOn.filter((id) => options.stateOf(id).state !== 'running'), evidence,
      unhealthy: failedProbes >= UNHEALTHY_AFTER, restarts, maxRetries: policy().restart.maxRetries, startedAt, readyMs, lastLoss, now: lastUpdated,
    });

  const publish = (): void => {
    lastUpdated = timestamp(clock);
    const current = state();
    options.onState(current);
    if (current.health !== lastHealth) {
      lastHealth = current.health;
      options.onHealth(entry.id, current.health);
    }
  };

  const post = (event: MachineEvent): void => {
    if (detached) return;
    mailbox.push(event);
    if (busy) return;
    busy = true;
    for (let next = mailbox.shift(); next !== undefined; next = mailbox.shift()) take(next);
    busy = false;
  };

  const take = (event: MachineEvent): void => {
    const before = machine;
    const { state: after, effects } = transition(before, event, policy());
    if (after === before) {
      settleWaiters();
      return;
    }
    machine = after;
    if (after.phase !== before.phase) {
      log.debug('service moved on', { id: entry.id, from: before.phase, to: after.phase, event: event.type });
      observe(event);
      clearTimers();
    }
    for (const effect of effects) perform(effect);
    publish();
    settleWaiters();
  };

  /** Facts for people that the machine does not need. */
  const observe = (event: MachineEvent): void => {
    if (machine.phase === 'running') {
      failedProbes = 0;
      if (event.type === 'ready') {
        lastLoss = null;
        readyMs = Math.round((clock.monotonic() - launchedAt) * 10) / 10;
      }
    }
    if (machine.phase === 'killing' && machine.after.type === 'restart' && 'error' in event) {
      restarts += 1;
      lastLoss = `${event.error.message}: ${event.error.detail}`;
    }
    if (machine.phase === 'stopped') {
      startedAt = null;
      restarts = 0;
      lastLoss = null;
    }
  };

  const settleWaiters = (): void => {
    for (const waiter of waiters) {
      if (machine.phase === 'failed' && waiter.wanted === 'up') waiter.reject(machine.error);
      else if (machine.phase === 'running' && waiter.wanted === 'up') waiter.resolve(state());
      else if ((machine.phase === 'stopped' || machine.phase === 'failed') && waiter.wanted === 'down') waiter.resolve(state());
      else if (machine.phase === 'stopped' && waiter.wanted === 'up') {
        waiter.reject(new KojiboxError('CANCELLED', `${entry.id} was stopped before it was ready`, { source: 'services' }));
      } else continue;
      waiters.delete(waiter);
    }
  };

  const clearTimers = (): void => {
    for (const cancel of timers.values()) cancel();
    timers.clear();
  };

  const arm = (timer: TimerName | 'probe', ms: number, callback: () => void): void => {
    timers.get(timer)?.();
    timers.set(timer, clock.after(ms, callback));
  };

  const toError = (error: unknown, code: 'START_FAILED' | 'INIT_FAILED' = 'START_FAILED'): KojiboxError =>
    error instanceof KojiboxError ? error : new KojiboxError(code, `cannot start ${entry.id}`, { detail: error instanceof Error ? error.message : String(error), source: 'services', cause: error });

  const perform = (effect: Effect): void => {
    const { generation } = machine;
    switch (effect.type) {
      case 'await-dependencies':
        options.awaitDependencies(entry).then(
          () => post({ type: 'dependencies-ready', generation }),
          (error: unknown) => post({ type: 'dependency-failed', generation, error: toError(error) }),
        );
        return;
      case 'prepare':
        options.resolve(entry.id).then(
          (resolved) => {
            ({ plan, spec } = resolved);
            post({ type: 'prepared', generation });
          },
          (error: unknown) => post({ type: 'prepare-failed', generation, error: toError(error) }),
        );
        return;
      case 'launch':
        launch(generation);
        return;
      case 'watch':
        watch(effect.handle);
        return;
      case 'probe-until-ready':
        void probeUntilReady(generation);
        return;
      case 'probe-regularly':
        scheduleProbe(generation, nextProbeMs());
        return;
      case 'signal':
        driver.stop(effect.handle, plan?.stopSignal ?? 'SIGTERM').catch((error: unknown) => log.warn('cannot ask a service to stop', { id: entry.id, error: String(error) }));
        return;
      case 'kill-group':
        killGroup(effect.handle, generation);
        return;
      case 'arm':
        arm(effect.timer, effect.ms, () => {
          if (effect.timer === 'deadline') void withLog('START_TIMEOUT', `${entry.id} was not ready within ${effect.ms / 1000} s`).then((error) => post({ type: 'timer', timer: effect.timer, generation, error }));
          else post({ type: 'timer', timer: effect.timer, generation, error: new KojiboxError('START_TIMEOUT', `${entry.id} took too long`, { source: 'services' }) });
        });
    }
  };

  const launch = (generation: number): void => {
    if (spec === null) throw new TypeError(`${entry.id} was not prepared`);
    launchedAt = clock.monotonic();
    driver.start(spec).then(
      (handle) => {
        startedAt = timestamp(clock);
        evidence = null;
        post({ type: 'launched', generation, handle });
      },
      (error: unknown) => post({ type: 'launch-failed', generation, error: toError(error) }),
    );
  };

  const watch = (handle: ServiceHandle): void => {
    driver.wait(handle).then(
      async (exit) => {
        if (machine.phase === 'stopping' || machine.phase === 'killing') {
          post({ type: 'exited', handle, error: new KojiboxError('SERVICE_EXITED', `${entry.id} ended`, { source: 'services' }) });
          return;
        }
        // A restart must not wait for the log; a failed start must show it.
        const what = describeExit(exit);
        const error =
          machine.phase === 'running' ? new KojiboxError('SERVICE_EXITED', `${entry.id} ended by itself`, { detail: what, source: 'services' }) : await withLog('START_FAILED', `cannot start ${entry.id}: it ${what}`);
        post({ type: 'exited', handle, error });
      },
      (error: unknown) => post({ type: 'exited', handle, error: toError(error) }),
    );
  };

  const withLog = async (code: 'START_FAILED' | 'START_TIMEOUT' | 'SERVICE_EXITED', message: string): Promise<KojiboxError> =>
    new KojiboxError(code, message, { detail: await options.lastLogLines(entry.id), source: 'services' });

  const killGroup = (handle: ServiceHandle, generation: number): void => {
    driver
      .kill(handle)
      .then(() => driver.release(handle))
      .catch((error: unknown) => log.error('cannot end a service', { id: entry.id, error: String(error) }))
      .finally(() => post({ type: 'group-gone', generation }));
  };

  const see = (result: ProbeResult): void => {
    if (!result.ok) return;
    evidence = { text: result.text, latencyMs: result.latencyMs, at: timestamp(clock) };
    version = result.version ?? version;
  };

  const probeUntilReady = async (generation: number): Promise<void> => {
    if (plan === null) return;
    for (let attempt = 0; machine.generation === generation && !detached; attempt++) {
      const result = await options.probes.probe(plan.probe, START_PROBE_TIMEOUT_MS);
      if (result.ok) {
        see(result);
        post({ type: 'ready', generation });
        return;
      }
      const ms = START_PROBE_STEPS_MS[Math.min(attempt, START_PROBE_STEPS_MS.length - 1)] ?? 25;
      await new Promise<void>((resolve) => clock.after(ms, resolve));
    }
  };

  /** Spread, so that services do not all probe at the same moment. */
  const nextProbeMs = (): number => Math.max(1000, (plan?.probeIntervalMs ?? 10_000) * (0.9 + 0.2 * options.random()));

  const scheduleProbe = (generation: number, ms: number): void =>
    arm('probe', ms, () => {
      void probeOnce(generation);
    });

  const probeOnce = async (generation: number): Promise<void> => {
    if (plan === null || machine.generation !== generation) return;
    const result = await options.probes.probe(plan.probe, PROBE_TIMEOUT_MS);
    if (machine.generation !== generation || detached) return;
    see(result);
    const wasUnhealthy = failedProbes >= UNHEALTHY_AFTER;
    failedProbes = result.ok ? 0 : failedProbes + 1;
    if (failedProbes >= RESTART_AFTER) {
      post({ type: 'unresponsive', generation, error: new KojiboxError('SERVICE_EXITED', `${entry.id} does not answer any more`, { detail: result.text, source: 'services' }) });
      return;
    }
    if (result.ok || wasUnhealthy !== failedProbes >= UNHEALTHY_AFTER) publish();
    scheduleProbe(generation, result.ok ? nextProbeMs() : RETRY_PROBE_MS);
  };

  return {
    get entry() {
      return entry;
    },
    redefine(next) {
      entry = next;
    },
    post,
    state,
    settled(wanted) {
      return new Promise((resolve, reject) => {
        waiters.add({ wanted, resolve, reject });
        settleWaiters();
      });
    },
    async adopt(handle, since) {
      plan = await options.planOf(entry.id);
      startedAt = since;
      post({ type: 'adopted', handle });
      await probeOnce(machine.generation);
    },
    detach() {
      detached = true;
      clearTimers();
    },
  };
}

function describeExit({ exitCode, signal }: ExitResult): string {
  if (signal !== null) return `was ended by ${signal}`;
  if (exitCode !== null) return `ended with code ${exitCode}`;
  return 'ended';
}
