/** From the machine's state to what clients see. Pure. */
import type { Evidence, HealthStatus, ServiceState, ServiceStatus } from '../../contract/services.ts';
import type { MachineState, Phase } from './machine.ts';

const STATUS: Readonly<Record<Phase, ServiceStatus>> = {
  stopped: 'stopped', waiting: 'starting', preparing: 'starting', launching: 'starting', starting: 'starting', running: 'running', stopping: 'stopping',
  killing: 'stopping', backoff: 'starting', failed: 'error',
};

/** What the supervisor knows besides the machine. */
export interface Observations {
  readonly id: string;
  readonly name: string;
  readonly runtime: string | null;
  readonly version: string | null;
  readonly ports: ServiceState['ports'];
  readonly connect: string | null;
  readonly dependsOn: readonly string[];
  readonly unreadyDependencies: readonly string[];
  readonly evidence: Evidence | null;
  readonly unhealthy: boolean;
  readonly restarts: number;
  readonly maxRetries: number;
  readonly startedAt: string | null;
  readonly readyMs: number | null;
  /** Why the last process was lost; kept while it is restarted. */
  readonly lastLoss: string | null;
  readonly now: string;
}

export function publicState(machine: MachineState, seen: Observations): ServiceState {
  const restarting = (machine.phase === 'killing' || machine.phase === 'stopping') && machine.after.type === 'restart' && machine.desired === 'up';
  const error = machine.phase === 'failed' ? machine.error : null;
  return {
    id: seen.id, state: restarting ? 'starting' : STATUS[machine.phase], pid: 'handle' in machine ? machine.handle.pid : null,
    lastError: error === null ? seen.lastLoss : `${error.message}${error.detail === '' ? '' : `: ${error.detail}`}`, lastUpdated: seen.now,
    name: seen.name, runtime: seen.runtime, version: seen.version, desired: machine.desired, health: healthOf(machine, seen.unhealthy),
    evidence: machine.phase === 'running' ? seen.evidence : null, reason: reasonOf(machine, seen, restarting), error: error === null ? null : error.toBody(seen.now),
    ports: [...seen.ports], connect: seen.connect, dependsOn: [...seen.dependsOn], restarts: seen.restarts, startedAt: seen.startedAt, readyMs: seen.readyMs,
  };
}

function healthOf(machine: MachineState, unhealthy: boolean): HealthStatus {
  if (machine.phase === 'running') return unhealthy ? 'unhealthy' : 'healthy';
  if (machine.phase === 'failed') return 'unhealthy';
  return STATUS[machine.phase] === 'starting' ? 'starting' : 'unknown';
}

function reasonOf(machine: MachineState, seen: Observations, restarting: boolean): string | null {
  switch (machine.phase) {
    case 'waiting':
      return `waiting for ${seen.unreadyDependencies.join(', ') || 'its turn'}`;
    case 'preparing':
      return 'preparing';
    case 'launching':
    case 'starting':
      return 'waiting until it answers';
    case 'stopping':
      return restarting ? 'restarting' : 'asked to stop';
    case 'killing':
      return restarting ? 'restarting' : 'ending what is left of it';
    case 'backoff':
      return `restarting in ${(machine.delayMs / 1000).toFixed(1)} s (try ${machine.tries} of ${seen.maxRetries})`;
    case 'running':
      return seen.unhealthy ? 'it does not answer' : null;
    default:
      return null;
  }
}
