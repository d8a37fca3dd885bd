/**
 * The moment in which all databases of one import become the user's. It is written down first: a daemon that is killed in the middle of it
 * has a successor that continues, so that never only some of them are there.
 */
import type { ServerImportRecord } from '../../../contract/server-import.ts';
import type { JsonStore } from '../../config/json-store.ts';
import type { ServerSession } from './foreign-server.ts';
import type { ServerImporter } from './importer.ts';
import type { Publication, ServerImportStore } from './server-import-store.ts';

type Store = JsonStore<ServerImportStore>;

/** After this point an interrupted import is resumed; before it, the import is dropped. */
export async function intendPublication(
  store: Store,
  importId: string,
  publication: Publication | null,
): Promise<void> {
  await store.update((now) => ({
    ...now,
    unfinished: now.unfinished.map((one) => (one.id === importId ? { ...one, publication } : one)),
  }));
}

/**
 * Can be done again after a kill at any line. Rejects with what the server says, e.g. that a name was taken in the meantime.
 * @param published told of each, by its place
 */
export async function publishAll(
  store: Store,
  importer: Pick<ServerImporter, 'marked' | 'publish'>,
  session: ServerSession,
  importId: string,
  { record, databases }: Publication,
  published: (index: number) => void = () => undefined,
): Promise<void> {
  const marks = (await importer.marked(session)).filter((one) => one.importId === importId);
  const open = new Set(marks.map(({ name }) => name));
  for (const [index, passage] of databases.entries()) {
    if (open.has(passage.working)) await importer.publish(session, passage);
    published(index);
  }
  await keepRecord(store, importId, record);
}

const keepRecord = (store: Store, importId: string, record: ServerImportRecord): Promise<unknown> =>
  store.update(({ records, unfinished }) => ({
    records: [...records.filter(({ id }) => id !== record.id), record],
    unfinished: unfinished.filter(({ id }) => id !== importId),
  }));
