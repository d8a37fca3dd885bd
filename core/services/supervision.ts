/** What the supervisor needs and what it offers; the parts of it share these types. */
import type { PortDef } from '../../contract/common.ts';
import type { KojiboxError } from '../../contract/errors.ts';
import type { HealthStatus, ServiceState } from '../../contract/services.ts';
import type { ServicePlan } from '../recipes/recipe.ts';
import type { JsonStore } from '../config/json-store.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { LaunchSpec, ServiceDriver } from './driver.ts';
import type { FailedServices } from './failure-records.ts';
import type { ProbeRunner } from './health.ts';

export interface ServiceEntry {
  readonly id: string;
  readonly name: string;
  readonly runtime: string | null;
  readonly version: string | null;
  readonly dependsOn: readonly string[];
  readonly ports: readonly PortDef[];
  readonly connect: string | null;
  /** Name of a driver given to the supervisor. */
  readonly driver: string;
}

/** What a recipe's plan says beyond it is taken from here when it is there. */
export type SupervisedPlan = Pick<
  ServicePlan,
  | 'version'
  | 'ports'
  | 'connect'
  | 'probe'
  | 'restartPolicy'
  | 'probeIntervalMs'
  | 'probeTimeoutMs'
  | 'startDeadlineMs'
  | 'stopSignal'
  | 'stopGraceMs'
> & {
  /** False for services that may be silent for long without being broken, e.g. a program in a debugger. Default true. */
  readonly restartWhenUnhealthy?: boolean;
};

export interface ResolvedService {
  readonly plan: SupervisedPlan;
  readonly spec: LaunchSpec;
}

export interface ResolveContext {
  /** `start`: install and prepare. `adopt`: it runs already; only say how it is probed and stopped, and change nothing. */
  readonly purpose: 'start' | 'adopt';
  /** Aborted when it was told to stop in the meantime. */
  readonly signal: AbortSignal;
}

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly drivers: ReadonlyMap<string, ServiceDriver>;
  readonly probes: ProbeRunner;
  /** Failures that outlive the daemon. */
  readonly failures: JsonStore<FailedServices>;
  /** 0 to 1. */
  random(): number;
  /** Runs before each launch, and once for each adopted service. Rejects with a KojiboxError. */
  resolve(id: string, context: ResolveContext): Promise<ResolvedService>;
  /** PORT_CONFLICT when one of the service's ports cannot be bound now, which names its holder; null: all can. */
  portLost(id: string, ports: readonly PortDef[]): Promise<KojiboxError | null>;
  /** Last lines of the service's log since its launch, for the detail of errors; '' when there are none. */
  lastLogLines(id: string): Promise<string>;
  onState(state: ServiceState): void;
  onHealth(id: string, status: HealthStatus): void;
}

export interface StartOptions {
  /** `ready` (default): resolve when it answers its probe. `starting`: resolve as soon as the start is under way. */
  readonly until?: 'ready' | 'starting';
}

export interface Supervisor {
  /** Adds or replaces a definition; a running service is not touched. */
  define(entry: ServiceEntry): void;
  /** Stops the service (and its dependents) and forgets it; an unknown id is fine. */
  undefine(id: string): Promise<void>;
  states(): ServiceState[];
  /** Throws NOT_FOUND. */
  state(id: string): ServiceState;
  /** True: an earlier daemon started it, otherwise than this one would; the next start restarts it. */
  isOutdated(id: string): boolean;
  /** Digest of what it was launched with; null while it does not run. */
  fingerprintOf(id: string): string | null;
  /** The service and those that depend on it and are up, as a restart would take them. */
  withDependents(id: string): string[];
  /** Starts what it depends on, side by side, then the service itself. Rejects with the KojiboxError of the failure, with the last lines of the log. */
  start(id: string, options?: StartOptions): Promise<ServiceState>;
  /** Stops those that depend on it first. Rejects with CANCELLED when one of them was started again in the meantime. */
  stop(id: string): Promise<ServiceState>;
  /** Stops and starts it, with its dependents that were up. */
  restart(id: string): Promise<ServiceState>;
  /** Starts several; rejects with the first failure after all have come to an end. */
  startAll(ids: readonly string[]): Promise<ServiceState[]>;
  /** Stops everything, dependents first. A person ends Kojibox, not a failure: the next daemon still says what has failed. */
  stopAll(): Promise<void>;
  /** Takes over what an earlier daemon left running, ends what is not defined any more, and says again what has failed. Call once, after `define`. Returns the adopted ids. */
  recover(): Promise<string[]>;
  /** Ends supervision; the services go on. */
  detach(): void;
  /** Probes all running services now; resolves when all have answered or timed out. */
  probeNow(): Promise<void>;
}
