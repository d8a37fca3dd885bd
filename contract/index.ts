/** The contract: all operations and events by name, and the types derived from them. */
import type { z } from 'zod';
import { activityEvents, activityOperations } from './activity.ts';
import { certificateOperations } from './certificates.ts';
import { changeEvents, changeOperations } from './changes.ts';
import { configEvents, configOperations } from './config.ts';
import { daemonEvents, daemonOperations } from './daemon.ts';
import { databaseOperations } from './databases.ts';
import { diagnosticsOperations } from './diagnostics.ts';
import { doctorOperations } from './doctor.ts';
import { domainOperations } from './domains.ts';
import { firstRunEvents, firstRunOperations } from './first-run.ts';
import { homeOperations } from './home-move.ts';
import { importEvents, importOperations } from './importers.ts';
import { logEvents, logOperations } from './logs.ts';
import { mailEvents, mailOperations } from './mail.ts';
import { ownServiceOperations } from './own-services.ts';
import { metricsOperations } from './metrics.ts';
import { mirrorOperations } from './mirror.ts';
import { packOperations } from './packs.ts';
import { privilegedOperations } from './privileged.ts';
import { phpOperations } from './php.ts';
import { programOperations } from './programs.ts';
import { problemEvents } from './problems.ts';
import { projectOperations } from './projects.ts';
import { proxyOperations } from './proxy.ts';
import { resolverOperations } from './resolver.ts';
import { runtimeEvents, runtimeOperations } from './runtimes.ts';
import { secretKeyOperations } from './secret-key.ts';
import { secretOperations } from './secrets.ts';
import { serverImportOperations } from './server-import.ts';
import { serviceEvents, serviceOperations } from './services.ts';
import { shellOperations } from './shell.ts';
import { sharingOperations } from './sharing.ts';
import { stackOperations } from './stack.ts';
import { systemChangeOperations } from './system-changes.ts';
import { updaterEvents, updaterOperations } from './updater.ts';

export const operations = [
  ...stackOperations,
  ...serviceOperations,
  ...ownServiceOperations,
  ...logOperations,
  ...runtimeOperations,
  ...configOperations,
  ...projectOperations,
  ...sharingOperations,
  ...domainOperations,
  ...resolverOperations,
  ...proxyOperations,
  ...certificateOperations,
  ...changeOperations,
  ...systemChangeOperations,
  ...doctorOperations,
  ...metricsOperations,
  ...diagnosticsOperations,
  ...daemonOperations,
  ...privilegedOperations,
  ...programOperations,
  ...secretOperations,
  ...secretKeyOperations,
  ...updaterOperations,
  ...activityOperations,
  ...databaseOperations,
  ...serverImportOperations,
  ...phpOperations,
  ...mailOperations,
  ...packOperations,
  ...mirrorOperations,
  ...shellOperations,
  ...importOperations,
  ...firstRunOperations,
  ...homeOperations,
] as const;

export const events = [
  ...serviceEvents,
  ...logEvents,
  ...changeEvents,
  ...configEvents,
  ...runtimeEvents,
  ...updaterEvents,
  ...activityEvents,
  ...mailEvents,
  ...problemEvents,
  ...importEvents,
  ...firstRunEvents,
  ...daemonEvents,
] as const;

type AnyOperation = (typeof operations)[number];
type AnyEvent = (typeof events)[number];

export type OperationName = AnyOperation['name'];
export type OperationNamed<N extends OperationName> = Extract<AnyOperation, { name: N }>;
/** What a caller may leave out is optional here. */
export type InputOf<N extends OperationName> = z.input<OperationNamed<N>['input']>;
/** What a handler gets: defaults are filled in. */
export type ParsedInputOf<N extends OperationName> = z.output<OperationNamed<N>['input']>;
export type OutputOf<N extends OperationName> = z.output<OperationNamed<N>['output']>;

export type EventName = AnyEvent['name'];
export type EventData<N extends EventName> = z.output<Extract<AnyEvent, { name: N }>['data']>;
/** An event as it crosses the wire. A gap in `seq` means: subscribe again. */
export type WireEvent = { [N in EventName]: { event: N; data: EventData<N>; seq: number } }[EventName];

/** One function per operation. */
export type Handlers = { [N in OperationName]: (input: ParsedInputOf<N>) => Promise<OutputOf<N>> };

export const operationByName: ReadonlyMap<string, AnyOperation> = new Map(
  operations.map((operation) => [operation.name, operation]),
);
