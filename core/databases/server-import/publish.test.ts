import { expect, it } from 'vitest';
import type { ServerImportRecord } from '../../../contract/server-import.ts';
import type { JsonStore } from '../../config/json-store.ts';
import type { ServerSession } from './foreign-server.ts';
import { intendPublication, publishAll } from './publish.ts';
import { ServerImportStoreSchema, type Publication, type ServerImportStore } from './server-import-store.ts';

const record: ServerImportRecord = {
  id: 'import-abc123',
  at: '2030-01-01T00:00:00.000Z',
  engine: 'postgres',
  from: 'PostgreSQL 16 at 127.0.0.1:5433',
  databases: ['shop', 'blog'].map((name) => ({ from: name, name, tables: 1, rows: 1, remarks: [] })),
};
const publication: Publication = {
  record,
  databases: [
    { working: 'work_0', final: 'shop' },
    { working: 'work_1', final: 'blog' },
  ],
};
const session: ServerSession = { encrypted: false, query: () => Promise.resolve([]), close: () => Promise.resolve() };

function setUp() {
  let value: ServerImportStore = {
    records: [],
    unfinished: [{ id: 'abc123', engine: 'postgres', publication: null }],
  };
  const store: JsonStore<ServerImportStore> = {
    get: () => value,
    // What is read again is what was written.
    update: (change) =>
      Promise.resolve((value = ServerImportStoreSchema.parse(JSON.parse(JSON.stringify(change(value)))))),
  };
  const names = new Set(['work_0', 'work_1', 'other']);
  let cutAt: string | null = 'work_1';
  const importer = {
    marked: () =>
      Promise.resolve(
        [...names].filter((name) => name.startsWith('work')).map((name) => ({ name, importId: 'abc123' })),
      ),
    publish: (_: ServerSession, { working, final }: { working: string; final: string }) => {
      if (working === cutAt) return Promise.reject(new Error('killed'));
      if (!names.delete(working)) return Promise.reject(new Error(`there is no ${working}`));
      names.add(final);
      return Promise.resolve();
    },
  };
  return { store, names, importer, heal: () => void (cutAt = null) };
}

it('a publication that is cut off after the first database is gone on with, and all of them are there', async () => {
  const { store, names, importer, heal } = setUp();
  await intendPublication(store, 'abc123', publication);
  await expect(publishAll(store, importer, session, 'abc123', publication)).rejects.toThrow('killed');
  expect(store.get().records).toEqual([]);
  expect(names).toEqual(new Set(['shop', 'work_1', 'other']));
  heal();
  const [left] = store.get().unfinished;
  expect(left?.publication).toEqual(publication);
  if (left?.publication) await publishAll(store, importer, session, left.id, left.publication);
  expect(names).toEqual(new Set(['shop', 'blog', 'other']));
  expect(store.get()).toEqual({ records: [record], unfinished: [] });
});

it('an import of a version that knew no publications is dropped as before', () => {
  expect(ServerImportStoreSchema.parse({ records: [], unfinished: [{ id: 'a', engine: 'b' }] }).unfinished).toEqual([
    { id: 'a', engine: 'b', publication: null },
  ]);
});
