/**
 * Imports from servers of someone else. All databases of one import become visible together, when every one has been compared; until then
 * they carry a mark, so that a cancel, a failure or the next daemon drops exactly those.
 */
import { randomBytes } from 'node:crypto';
import type { Change } from '../../../contract/changes.ts';
import { KojiboxError } from '../../../contract/errors.ts';
import type { InputOf, OutputOf } from '../../../contract/index.ts';
import type { ServerImportRecord, ServerLogin } from '../../../contract/server-import.ts';
import type { ServiceState } from '../../../contract/services.ts';
import { createEngineAccess } from '../engine-access.ts';
import { clearAwayWhenRunning } from './broken-off.ts';
import { copyDatabases } from './copy-databases.ts';
import type { ImportTools } from './import-tools.ts';
import { lookAtServer, reportOf } from './look-at-server.ts';
import { planImport } from './plan-import.ts';
import { undoImport } from './undo-import.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

export interface ServerImports {
  inspect(input: InputOf<'serverImport.inspect'>): Promise<OutputOf<'serverImport.inspect'>>;
  /** Rejects before it begins for what cannot work; nothing is created then. */
  start(input: InputOf<'serverImport.start'>): Promise<Change>;
  list(): readonly ServerImportRecord[];
  undo(id: string): Change;
  /** To be told of each service, so that what a kill broke off is dropped as soon as its server runs. */
  serviceChanged(state: Pick<ServiceState, 'id' | 'state'>): void;
  /** The same for servers that run already. */
  recover(): void;
}

export function createServerImports(
  options: Pick<ImportTools, 'system' | 'kojibox' | 'foreign' | 'store'>,
): ServerImports {
  const { system, kojibox, store } = options;
  const { changes, supervisor } = kojibox;
  const alive = new Set<string>();
  let isStarting = false;
  const tools: ImportTools = { ...options, engines: createEngineAccess({ system, ...kojibox }), alive };

  const begin = async (
    login: ServerLogin,
    engine: string | undefined,
    wishes: Pick<InputOf<'serverImport.start'>, 'databases' | 'onConflict'>,
  ): Promise<Change> => {
    const looked = await lookAtServer(tools, login, engine, new AbortController().signal);
    const { target, planned } = await planImport(tools, looked, wishes);
    const importId = randomBytes(3).toString('hex');
    alive.add(importId);
    const count = planned.length === 1 ? '1 database' : `${planned.length} databases`;
    const { change, ended } = changes.run('serverImport.start', `Taking over ${count}`, (context) =>
      copyDatabases(tools, { ...looked, target, planned, importId }, context),
    );
    void ended.catch(() => undefined).finally(() => alive.delete(importId));
    return change;
  };

  return {
    async inspect({ engine, ...login }) {
      return reportOf(tools, await lookAtServer(tools, login, engine, new AbortController().signal));
    },

    async start({ engine, databases, onConflict, ...login }) {
      if (isStarting || changes.running('serverImport.start') !== undefined)
        throw new KojiboxError('UNAVAILABLE', sayServerImport('cannotTakeNow'), {
          detail: sayServerImport('underWay'),
          source: 'databases',
          remedy: sayServerImport('waitForIt'),
        });
      // Before the first wait: two that come at once would both have seen that none runs.
      isStarting = true;
      try {
        return await begin(login, engine, { databases, onConflict });
      } finally {
        isStarting = false;
      }
    },

    list: () => store.get().records,
    undo: (id) => undoImport(tools, id),
    serviceChanged: (state) => clearAwayWhenRunning(tools, state),
    recover() {
      for (const state of supervisor.states()) clearAwayWhenRunning(tools, state);
    },
  };
}
