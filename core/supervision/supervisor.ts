/**
 * Keeps services as they are wanted. Each service has one mailbox: events are taken one after another, the pure machine decides,
 * and the effects' results come back as events. No locks.
 */
import { KojiboxError } from '../../contract/errors.ts';
import type { HealthStatus, ServiceState } from '../../contract/services.ts';
import type { ServicePlan } from '../recipes/recipe.ts';
import { timestamp, type Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import { assertSound, dependentsOf, type Graph } from './dependency-graph.ts';
import type { LaunchSpec, ServiceDriver } from '../services/driver.ts';
import type { ProbeRunner } from '../services/health.ts';
import { createServiceActor, type ServiceActor } from './service-actor.ts';

export interface ServiceEntry {
  readonly id: string;
  readonly name: string;
  readonly runtime: string | null;
  readonly dependsOn: readonly string[];
}

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly driver: ServiceDriver;
  readonly probes: ProbeRunner;
  random(): number;
  /** Runs before each launch: prepares, and says what to launch. Rejects with a KojiboxError. */
  resolve(id: string): Promise<{ readonly plan: ServicePlan; readonly spec: LaunchSpec }>;
  /** Plan of a service that was found running; its probe and policy. */
  planOf(id: string): Promise<ServicePlan>;
  /** Last lines of a service's log, for error messages. */
  lastLogLines(id: string): Promise<string>;
  onState(state: ServiceState): void;
  onHealth(id: string, status: HealthStatus): void;
}

export interface Supervisor {
  /** Adds or replaces definitions; what runs is not touched. Throws DEPENDENCY_CYCLE or NOT_FOUND and then changes nothing. */
  define(entries: readonly ServiceEntry[]): void;
  states(): ServiceState[];
  state(id: string): ServiceState;
  /** Resolves when it is ready, with all that it depends on; rejects with the reason. */
  start(id: string): Promise<ServiceState>;
  /** Stops those that depend on it first. */
  stop(id: string): Promise<ServiceState>;
  restart(id: string): Promise<ServiceState>;
  /** Everything, dependents first. */
  stopAll(): Promise<void>;
  /** Takes over what an earlier daemon left running; ends what is not defined any more. Returns the ids taken over. */
  recover(): Promise<string[]>;
  /** Ends supervision without touching the services. */
  detach(): void;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { clock, log, driver } = options;
  const actors = new Map<string, ServiceActor>();

  const find = (id: string): ServiceActor => {
    const actor = actors.get(id);
    if (actor === undefined) {
      throw new KojiboxError('NOT_FOUND', `there is no service "${id}"`, { detail: `services: ${[...actors.keys()].join(', ') || 'none yet'}`, source: 'services' });
    }
    return actor;
  };
  const graph = (): Graph => new Map([...actors].map(([id, actor]) => [id, actor.entry.dependsOn]));

  /** Starts what is missing of a service's dependencies, side by side; rejects with DEPENDENCY_FAILED. */
  const awaitDependencies = async (entry: ServiceEntry): Promise<void> => {
    await Promise.all(
      entry.dependsOn.map(async (id) => {
        try {
          await start(id);
        } catch (cause) {
          const why = cause instanceof KojiboxError ? `${cause.message}${cause.detail === '' ? '' : `: ${cause.detail}`}` : String(cause);
          throw new KojiboxError('DEPENDENCY_FAILED', `cannot start ${entry.id}, because ${id} does not run`, { detail: why, source: 'services', cause });
        }
      }),
    );
  };

  const start = async (id: string): Promise<ServiceState> => {
    const actor = find(id);
    actor.post({ type: 'start-requested' });
    return actor.settled('up');
  };

  const stopping = new Map<string, Promise<ServiceState>>();
  const stop = (id: string): Promise<ServiceState> => {
    const running = stopping.get(id);
    if (running !== undefined) return running;
    const stopped = (async (): Promise<ServiceState> => {
      const actor = find(id);
      await Promise.all(dependentsOf(graph(), id).map((dependent) => stop(dependent)));
      actor.post({ type: 'stop-requested' });
      return actor.settled('down');
    })().finally(() => stopping.delete(id));
    stopping.set(id, stopped);
    return stopped;
  };

  return {
    define(entries) {
      const next = new Map([...graph(), ...entries.map((entry) => [entry.id, entry.dependsOn] as const)]);
      assertSound(next);
      for (const entry of entries) {
        const known = actors.get(entry.id);
        if (known === undefined) actors.set(entry.id, createServiceActor(entry, { ...options, awaitDependencies, stateOf: (id) => find(id).state() }));
        else known.redefine(entry);
      }
    },
    states: () => [...actors.values()].map((actor) => actor.state()),
    state: (id) => find(id).state(),
    start,
    stop,
    async restart(id) {
      const actor = find(id);
      actor.post({ type: 'restart-requested' });
      return actor.settled('up');
    },
    async stopAll() {
      const results = await Promise.allSettled([...actors.keys()].map((id) => stop(id)));
      for (const result of results) if (result.status === 'rejected') log.warn('a service did not stop as it should', { error: String(result.reason) });
    },
    async recover() {
      const adopted: string[] = [];
      for (const handle of await driver.recover()) {
        const actor = actors.get(handle.id);
        if (actor === undefined) {
          log.info('ending a service that is not defined any more', { id: handle.id, pid: handle.pid });
          await driver.kill(handle);
          await driver.release(handle);
          continue;
        }
        await actor.adopt(handle, timestamp({ ...clock, now: () => handle.launchedAt }));
        adopted.push(handle.id);
      }
      return adopted;
    },
    detach() {
      for (const actor of actors.values()) actor.detach();
    },
  };
}
