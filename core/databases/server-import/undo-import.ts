/** An import taken back: its databases are dropped, each dumped first. */
import type { Change } from '../../../contract/changes.ts';
import { KojiboxError } from '../../../contract/errors.ts';
import type { ImportTools } from './import-tools.ts';
import { sayImport } from '../../../contract/sentences/imports.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

/** Throws NOT_FOUND; the change fails with UNAVAILABLE when the server does not run. What is gone already is passed over. */
export function undoImport({ kojibox, store }: Pick<ImportTools, 'kojibox' | 'store'>, id: string): Change {
  const { changes, databases } = kojibox;
  const record = store.get().records.find((one) => one.id === id);
  if (record === undefined)
    throw new KojiboxError('NOT_FOUND', sayServerImport('noSuchImport', { id }), {
      source: 'databases',
      remedy: sayServerImport('seeImports'),
    });
  const names = record.databases.map(({ name }) => name);
  return changes.run('serverImport.undo', `Dropping ${names.join(', ')}`, async ({ task, signal }) => {
    const work = names.map((name) => ({ name, reporter: task(name, name) }));
    const there = (await databases.list()).find((one) => one.id === record.engine);
    if (there?.running !== true)
      throw new KojiboxError('UNAVAILABLE', sayServerImport('cannotReachOwn', { id: record.engine }), {
        detail: sayServerImport('serviceOffItself'),
        source: 'databases',
        remedy: sayServerImport('startWith', { id: record.engine }),
      });
    for (const { name, reporter } of work) {
      signal.throwIfAborted();
      if (!there.databases.some((one) => one.name === name)) {
        reporter.skip(sayImport('goneMeanwhile'));
        continue;
      }
      reporter.step('drop');
      const ended = await changes.ended((await databases.drop(record.engine, name)).id);
      reporter.done(ended.tasks[0]?.detail ?? '');
    }
    await store.update((now) => ({ ...now, records: now.records.filter((one) => one.id !== id) }));
  }).change;
}
