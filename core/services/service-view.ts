/** What clients see of a service, computed from the machine and what was observed. Pure. */
import type { KojiboxError } from '../../contract/errors.ts';
import type { Evidence, HealthStatus, ServiceState, ServiceStatus } from '../../contract/services.ts';
import { UNHEALTHY_AFTER } from './machine.ts';
import type { MachineState, Next } from './machine-types.ts';
import type { ServiceEntry, SupervisedPlan } from './supervision.ts';
import { asIs, listOf } from '../../contract/sentences/sentence.ts';
import { sayWork } from '../../contract/sentences/work.ts';

export interface Observed {
  readonly entry: ServiceEntry;
  readonly plan: SupervisedPlan | null;
  readonly pid: number | null;
  readonly evidence: Evidence | null;
  /** As the server itself told it. */
  readonly version: string | null;
  readonly startedAt: string | null;
  readonly readyMs: number | null;
  /** Of the last failure, with the last lines of the log; kept over restarts, forgotten at the next start that someone asks for. */
  readonly lastError: KojiboxError | null;
  /** ISO 8601 of the failure that it has given up after; null before the first. */
  readonly failedAt: string | null;
  readonly waitingFor: readonly string[];
  readonly maxRetries: number;
  /** Monotonic ms. */
  readonly now: number;
  /** ISO 8601 of the last change. */
  readonly updatedAt: string;
}

export function viewOf(machine: MachineState, observed: Observed): ServiceState {
  const { entry, plan, lastError, updatedAt } = observed;
  const state = statusOf(machine);
  return {
    id: entry.id,
    state,
    pid: observed.pid,
    lastError:
      lastError === null ? null : [lastError.message, lastError.detail].filter((part) => part !== '').join(': '),
    lastUpdated: updatedAt,
    name: entry.name,
    runtime: entry.runtime,
    version: observed.version ?? plan?.version ?? entry.version,
    desired: machine.desired,
    health: healthOf(machine),
    evidence: machine.phase.name === 'running' ? observed.evidence : null,
    reason: reasonOf(machine, observed),
    error: state === 'error' && lastError !== null ? lastError.toBody(observed.failedAt ?? updatedAt) : null,
    ports: [...(plan?.ports ?? entry.ports)],
    connect: plan?.connect ?? entry.connect,
    dependsOn: [...entry.dependsOn],
    restarts: machine.restarts,
    startedAt: observed.startedAt,
    readyMs: observed.readyMs,
  };
}

const comesBack = (machine: MachineState, next: Next): boolean =>
  machine.desired === 'up' && (next.then === 'rest' || machine.proven);

function statusOf(machine: MachineState): ServiceStatus {
  const { phase, desired } = machine;
  switch (phase.name) {
    case 'stopped':
      return 'stopped';
    case 'preparing':
    case 'launching':
      return desired === 'up' ? 'starting' : 'stopping';
    case 'waiting':
    case 'starting':
    case 'backoff':
      return 'starting';
    case 'running':
      return 'running';
    case 'stopping':
    case 'killing':
      return comesBack(machine, phase.next) ? 'starting' : 'stopping';
    case 'failed':
      return 'error';
  }
}

export function healthOf(machine: MachineState): HealthStatus {
  const { phase } = machine;
  if (phase.name === 'running') return phase.failedProbes >= UNHEALTHY_AFTER ? 'unhealthy' : 'healthy';
  if (phase.name === 'failed') return 'unhealthy';
  return statusOf(machine) === 'starting' ? 'starting' : 'unknown';
}

function reasonOf(machine: MachineState, { waitingFor, maxRetries, now, lastError }: Observed): string | null {
  const { phase } = machine;
  switch (phase.name) {
    case 'preparing':
      return phase.aborted ? sayWork('waitingForPreparation') : sayWork('preparing');
    case 'waiting':
      return waitingFor.length > 0
        ? sayWork('waitingFor', { services: waitingFor.join(', ') })
        : sayWork('aboutToStart');
    case 'launching':
      return sayWork('aboutToStart');
    case 'starting':
      return sayWork('firstAnswer');
    case 'stopping':
      return phase.next.then === 'retry'
        ? phase.next.failure.detail
        : machine.desired === 'up'
          ? sayWork('stoppingToStart')
          : sayWork('askedToStop');
    case 'killing':
      return phase.next.then === 'retry' ? phase.next.failure.detail : sayWork('ending');
    case 'backoff':
      return listOf([
        sayWork('restarting', { time: inSeconds(phase.until - now), tries: machine.tries, most: maxRetries }),
        asIs(phase.failure.detail.split('\n')[0] ?? ''),
      ]);
    case 'failed':
      if (phase.alive) return sayWork('notEnded');
      return machine.restarts > 0
        ? machine.restarts === 1
          ? sayWork('gaveUpOnce')
          : sayWork('gaveUp', { count: machine.restarts })
        : (lastError?.message ?? null);
    case 'running':
      return phase.failedProbes >= UNHEALTHY_AFTER ? sayWork('probesFailed', { count: phase.failedProbes }) : null;
    case 'stopped':
      return null;
  }
}

const inSeconds = (ms: number): string =>
  ms >= 950 ? `${Math.round(ms / 1000)} s` : `${Math.max(0, Math.round(ms))} ms`;
