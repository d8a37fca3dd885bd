/** What looking, copying and clearing away share: Kojibox's own server, and errors in the house's form. */
import { KojiboxError } from '../../../contract/errors.ts';
import type { ServerLogin } from '../../../contract/server-import.ts';
import type { JsonStore } from '../../config/json-store.ts';
import type { Kojibox } from '../../kojibox-types.ts';
import type { System } from '../../system/system.ts';
import type { EngineAccessor } from '../engine-access.ts';
import type { ForeignServers, ServerSession } from './foreign-server.ts';
import { withSession, type ServerImporter, type TargetServer } from './importer.ts';
import { mysqlImport } from './mysql-import.ts';
import { postgresImport } from './postgres-import.ts';
import type { ServerImportStore } from './server-import-store.ts';
import type { Sentence } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

export const IMPORTERS: Readonly<Record<ServerLogin['kind'], ServerImporter>> = {
  postgres: postgresImport,
  mysql: mysqlImport,
};

export interface ImportTools {
  readonly system: System;
  readonly kojibox: Pick<
    Kojibox,
    'runtimes' | 'supervisor' | 'secrets' | 'changes' | 'databases' | 'logins' | 'layout' | 'notice'
  >;
  readonly foreign: ForeignServers;
  readonly store: JsonStore<ServerImportStore>;
  readonly engines: EngineAccessor;
  /** Imports of this process that are under way. */
  readonly alive: Set<string>;
}

export const refuseImport = (detail: Sentence, remedy: Sentence): KojiboxError =>
  new KojiboxError('VALIDATION_FAILED', sayServerImport('cannotTake'), { detail, source: 'databases', remedy });

/** The service that takes databases of this kind; null when there is none. Throws VALIDATION_FAILED when the wished one takes others. */
export function serviceFor(
  { kojibox, engines }: ImportTools,
  importer: ServerImporter,
  engine: string | undefined,
): string | null {
  if (engine !== undefined) {
    if (engines.engineOf(engine).runtime === importer.runtime) return engine;
    throw refuseImport(sayServerImport('takesOthers', { engine }), sayServerImport('otherEngine'));
  }
  return kojibox.supervisor.states().find(({ runtime }) => runtime === importer.runtime)?.id ?? null;
}

/** Null: it does not run. */
export async function targetOf(
  { kojibox, engines }: ImportTools,
  id: string,
  kind: ServerLogin['kind'],
): Promise<TargetServer | null> {
  const { name, state, version } = kojibox.supervisor.state(id);
  if (state !== 'running') return null;
  const password = await engines.passwordOf(id);
  const { user } = engines.engineOf(id);
  const address = { kind, host: '127.0.0.1', port: engines.portOf(id), socket: null, user, password };
  return { id, name, version: version ?? '', address };
}

/** Runs `work` with a session of Kojibox's own server. */
export const onTarget = <T>(
  { foreign }: Pick<ImportTools, 'foreign'>,
  target: TargetServer,
  signal: AbortSignal,
  work: (session: ServerSession) => Promise<T>,
): Promise<T> =>
  withSession(foreign, target.address, target.address.kind === 'postgres' ? 'postgres' : '', signal, work);
