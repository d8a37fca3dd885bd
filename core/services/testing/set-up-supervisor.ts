/** A supervisor with a clock turned by hand, a driver without processes, and records of all that it says. */
import { KojiboxError } from '../../../contract/errors.ts';
import type { HealthStatus, ServiceState } from '../../../contract/services.ts';
import type { JsonStore } from '../../config/json-store.ts';
import type { LaunchSpec } from '../driver.ts';
import type { FailedServices } from '../failure-records.ts';
import type { ProbeResult } from '../health.ts';
import { createSupervisor, type ResolveContext, type SupervisedPlan } from '../supervisor.ts';
import { createFakeDriver, createFakeMachine, type FakeMachine } from './fake-driver.ts';
import { createHandClock } from './hand-clock.ts';

const specOf = (id: string, fingerprint = 'v1'): LaunchSpec => ({
  id,
  command: `/bin/${id}`,
  args: [],
  env: {},
  cwd: '/',
  logFile: `/logs/${id}.log`,
  user: null,
  fingerprint,
});

/** As on disk: share one between two supervisors to play the end of a daemon. */
function createMemory(): JsonStore<FailedServices> {
  let value: FailedServices = {};
  return { get: () => value, update: (change) => Promise.resolve((value = change(value))) };
}

export function setUpSupervisor(machine: FakeMachine = createFakeMachine(), failures = createMemory()) {
  const clock = createHandClock();
  const driver = createFakeDriver(machine, clock.now);
  const published: ServiceState[] = [];
  const health: string[] = [];
  const answers = new Map<string, ProbeResult>();
  const probed: string[] = [];
  const plans = new Map<string, Partial<SupervisedPlan>>();
  const resolving = new Map<string, (context: ResolveContext) => Promise<void>>();
  const fingerprints = new Map<string, string>();
  const warnings: string[] = [];
  /** Ports of other programs. */
  const taken = new Set<number>();
  const ok: ProbeResult = { ok: true, text: 'answered', latencyMs: 1 };
  const supervisor = createSupervisor({
    clock,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (text) => void warnings.push(text),
      error: (text) => void warnings.push(text),
    },
    drivers: new Map([['fake', driver]]),
    probes: {
      probe(spec) {
        const id = spec.type === 'http' ? spec.url : '?';
        probed.push(id);
        return Promise.resolve(answers.get(id) ?? ok);
      },
    },
    random: () => 0.5,
    failures,
    async resolve(id, context) {
      await resolving.get(id)?.(context);
      const plan: SupervisedPlan = {
        version: '1',
        ports: [],
        connect: null,
        probe: { type: 'http', url: id },
        restartPolicy: { maxRetries: 3, backoffMs: 100 },
        probeIntervalMs: 10_000,
        startDeadlineMs: 5_000,
        stopSignal: 'SIGTERM',
        stopGraceMs: 1_000,
        ...plans.get(id),
      };
      return { plan, spec: specOf(id, fingerprints.get(id)) };
    },
    portLost: (_, ports) =>
      Promise.resolve(
        ports.some(({ port }) => taken.has(port))
          ? new KojiboxError('PORT_CONFLICT', 'Requested port is already in use', { source: 'config' })
          : null,
      ),
    lastLogLines: (id) => Promise.resolve(`last words of ${id}`),
    onState: (state) => void published.push(state),
    onHealth: (id, status: HealthStatus) => void health.push(`${id} ${status}`),
  });
  const define = (id: string, ...dependsOn: string[]): void =>
    supervisor.define({
      id,
      name: id,
      runtime: null,
      version: null,
      dependsOn,
      ports: [],
      connect: null,
      driver: 'fake',
    });
  const silent = (id: string): void => void answers.set(id, { ok: false, text: 'refused', latencyMs: 1 });
  const answering = (id: string): void => void answers.set(id, ok);
  const statesOf = (id: string): string[] =>
    published
      .filter((state) => state.id === id)
      .map(({ state }) => state)
      .filter((state, at, all) => state !== all[at - 1]);
  return {
    clock,
    driver,
    supervisor,
    define,
    published,
    health,
    probed,
    plans,
    resolving,
    fingerprints,
    silent,
    answering,
    statesOf,
    warnings,
    taken,
    machine,
    failures,
  };
}
