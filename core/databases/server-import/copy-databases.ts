/** The copy itself. All databases of one import become the user's together, when every one has been compared. */
import type { ServerImportRecord } from '../../../contract/server-import.ts';
import type { ChangeContext } from '../../changes/changes.ts';
import { timestamp } from '../../system/clock.ts';
import { withLoader } from '../loader.ts';
import type { ServerAddress } from './foreign-server.ts';
import { onTarget, type ImportTools } from './import-tools.ts';
import type { FoundServer, Passage, ServerImporter, TargetServer } from './importer.ts';
import type { PlannedName } from './plan-names.ts';
import { intendPublication, publishAll } from './publish.ts';
import { forgetUnfinished } from './server-import-store.ts';
import { listOf } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

const CANNOT = (name: string): string => sayServerImport('cannotTakeOne', { name });

export interface CopyOrder {
  readonly importId: string;
  readonly importer: ServerImporter;
  readonly source: ServerAddress;
  readonly found: FoundServer;
  readonly target: TargetServer;
  readonly planned: readonly PlannedName[];
}

/** Rejects with nothing left of the import; what cannot be dropped just now keeps its mark, and goes later. */
export async function copyDatabases(
  tools: ImportTools,
  { importId, importer, source, found, target, planned }: CopyOrder,
  { task, signal }: ChangeContext,
): Promise<void> {
  const { system, kojibox, foreign, store, engines } = tools;
  const preparing = task('prepare', sayServerImport('preparing'));
  const tasks = planned.map(({ database, target: name }) => ({
    label: database.name === name ? name : `${database.name} → ${name}`,
    database,
    final: name,
  }));
  const reporters = tasks.map(({ label, database }, index) =>
    task(`database-${index}`, label, 1 + Math.ceil(database.sizeBytes / 1e6)),
  );
  preparing.step('resolve');
  const access = await engines.access(target.id, signal);
  preparing.done();
  /** Not cancelled with the change: what is begun on our own server is brought to an end, and undone. */
  const { signal: steady } = new AbortController();
  await store.update((now) => ({
    ...now,
    unfinished: [...now.unfinished, { id: importId, engine: target.id, publication: null }],
  }));
  const begun: Passage[] = [];
  const results: ServerImportRecord['databases'] = [];
  try {
    for (const [index, { database, final }] of tasks.entries()) {
      signal.throwIfAborted();
      const about = { database, importId, index, final };
      const passage: Passage = { ...about, working: importer.workingName(about) };
      const reporter = reporters[index];
      if (reporter === undefined) continue;
      reporter.step('create');
      const remarks = await onTarget(tools, target, steady, async (session) => {
        const made = await importer.create(session, passage);
        begun.push(passage);
        return made;
      });
      const work = { system, foreign, source, target, access, signal };
      const copied = await withLoader(
        { engine: engines.engineOf(target.id), access, name: passage.working, run: engines.run, what: CANNOT(final) },
        [],
        (loader) => importer.transfer({ ...work, loader }, passage, reporter),
      );
      const all = [...database.remarks, ...remarks, ...copied.remarks];
      results.push({ from: database.name, name: final, tables: copied.tables, rows: copied.rows, remarks: all });
      reporter.done(listOf([sayServerImport('same', { tables: copied.tables, rows: copied.rows }), ...all]));
    }
    signal.throwIfAborted();
    const from = `${found.product} ${found.version} at ${source.socket ?? `${source.host}:${source.port}`}`;
    const record = {
      id: `import-${importId}`,
      at: timestamp(system.clock),
      engine: target.id,
      from,
      databases: results,
    };
    const publication = { record, databases: begun.map(({ working, final: name }) => ({ working, final: name })) };
    await intendPublication(store, importId, publication);
    await onTarget(tools, target, steady, (session) =>
      publishAll(store, importer, session, importId, publication, (index) => {
        const passage = begun[index];
        if (passage !== undefined) begun[index] = { ...passage, working: passage.final };
      }),
    );
    // They are the user's from here on; what fails now is done again when the server starts, or when one is used.
    for (const { final } of begun)
      await kojibox.logins
        .give(target.id, final)
        .catch((error: unknown) =>
          system.log.warn('cannot give a database to its login', { final, error: String(error) }),
        );
  } catch (error) {
    try {
      await intendPublication(store, importId, null);
      await dropAll(tools, target, importer, begun);
      await forgetUnfinished(store, [importId]);
    } catch (cause) {
      // The mark is on them: they go as soon as that server runs again.
      system.log.error('cannot drop what an import began', { importId, error: String(cause) });
    }
    throw error;
  }
}

async function dropAll(
  tools: ImportTools,
  target: TargetServer,
  importer: ServerImporter,
  begun: readonly Passage[],
): Promise<void> {
  const { signal } = new AbortController();
  if (begun.length === 0) return;
  await onTarget(tools, target, signal, async (session) => {
    for (const { working } of begun) await importer.drop(session, working);
  });
}
