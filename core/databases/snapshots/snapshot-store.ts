/**
 * Snapshots on disk: one folder each, with `snapshot.json` and either `data/` or a dump. A folder gets its name when it is whole; until then
 * it is `<id>.partial`, which is never listed and is swept away at the next start.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { KojiboxError } from '../../../contract/errors.ts';
import { SnapshotSchema } from '../../../contract/snapshots.ts';
import { timestamp } from '../../system/clock.ts';
import type { System } from '../../system/system.ts';
import { compareText } from '../../compare-text.ts';

/** What is written down; the rest of the contract's snapshot is found out when it is asked for. */
const RecordSchema = SnapshotSchema.omit({ complete: true, engine: true, id: true });
export type SnapshotRecord = z.infer<typeof RecordSchema>;
export type StoredSnapshot = SnapshotRecord & { readonly id: string; readonly complete: boolean };

const PARTIAL = '.partial';
const JOURNAL = /^work-(.+)\.json$/;
const DUMP = 'dump.sql.gz';
const RECORD = 'snapshot.json';

/** Work that a killed daemon left undone; see `recovery.ts`. */
const JournalSchema = z.object({
  service: z.string(),
  /** Whether it has to run again. */
  wasUp: z.boolean(),
  /** Of a restore: where the state before it goes. */
  restore: z.object({ safety: z.string(), dataFolder: z.string() }).nullable(),
});
export type Journal = z.infer<typeof JournalSchema>;

export interface SnapshotStore {
  readonly folder: string;
  newId(service: string): string;
  /** Makes `<id>.partial` and returns its path. */
  begin(id: string): Promise<string>;
  /** Gives a whole one its name. */
  finish(id: string, record: SnapshotRecord): Promise<void>;
  discard(id: string): Promise<void>;
  list(): Promise<StoredSnapshot[]>;
  /** Rejects with NOT_FOUND. */
  get(id: string): Promise<StoredSnapshot>;
  remove(id: string): Promise<void>;
  dataFolder(id: string): string;
  dumpFile(id: string): string;
  partialFolder(id: string): string;
  writeJournal(journal: Journal): Promise<void>;
  removeJournal(service: string): Promise<void>;
  journals(): Promise<Journal[]>;
  /** Removes what was left half made. */
  sweep(): Promise<void>;
}

export function createSnapshotStore(system: System, folder: string): SnapshotStore {
  const { files, clock } = system;
  const at = (id: string): string => join(folder, id);
  const partial = (id: string): string => `${at(id)}${PARTIAL}`;
  const journalFile = (service: string): string => join(folder, `work-${service}.json`);

  const read = async (id: string): Promise<StoredSnapshot | null> => {
    if ((await files.stat(at(id)))?.type !== 'directory') return null;
    const record = RecordSchema.safeParse(parseJson(await files.readText(join(at(id), RECORD))));
    if (!record.success) {
      const mtimeMs = (await files.stat(at(id)))?.mtimeMs ?? 0;
      return { ...UNKNOWN, id, createdAt: new Date(mtimeMs).toISOString(), complete: false };
    }
    return { ...record.data, id, complete: await isThere(id, record.data) };
  };

  /** The cheap half of the check; the files are counted before a restore. */
  const isThere = async (id: string, record: SnapshotRecord): Promise<boolean> => {
    if (record.how === 'copy') return (await files.stat(join(at(id), 'data')))?.type === 'directory';
    const dump = (await files.stat(join(at(id), DUMP))) ?? (await files.stat(join(at(id), 'data')));
    return dump !== null && (dump.type === 'directory' || dump.size === record.sizeBytes);
  };

  const names = async (): Promise<string[]> =>
    (await files.list(folder)).filter((name) => !name.endsWith(PARTIAL) && !JOURNAL.test(name));

  return {
    folder,
    newId: (service) =>
      `${service}-${timestamp(clock).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`,
    async begin(id) {
      await files.makeDirectory(folder, { mode: 0o700 });
      await files.makeDirectory(partial(id), { mode: 0o700 });
      return partial(id);
    },
    async finish(id, record) {
      await files.writeAtomic(join(partial(id), RECORD), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
      await files.rename(partial(id), at(id));
    },
    discard: (id) => files.remove(partial(id)),
    async list() {
      const found = await Promise.all((await names()).map(read));
      return found.filter((one) => one !== null).sort((a, b) => compareText(b.createdAt, a.createdAt));
    },
    async get(id) {
      const found = (await names()).includes(id) ? await read(id) : null;
      if (found !== null) return found;
      throw new KojiboxError('NOT_FOUND', `there is no snapshot "${id}"`, {
        source: 'databases',
        remedy: 'See: koji db snapshots',
      });
    },
    async remove(id) {
      // Out of the list first: a removal that is cut short leaves nothing that looks whole.
      await files.rename(at(id), partial(id));
      await files.remove(partial(id));
    },
    dataFolder: (id) => join(at(id), 'data'),
    dumpFile: (id) => join(at(id), DUMP),
    partialFolder: partial,
    async writeJournal(journal) {
      await files.makeDirectory(folder, { mode: 0o700 });
      await files.writeAtomic(journalFile(journal.service), JSON.stringify(journal), { mode: 0o600 });
    },
    removeJournal: (service) => files.remove(journalFile(service)),
    async journals() {
      const found = await Promise.all(
        (await files.list(folder))
          .filter((name) => JOURNAL.test(name))
          .map(async (name) => JournalSchema.safeParse(parseJson(await files.readText(join(folder, name))))),
      );
      return found.flatMap(({ data }) => (data === undefined ? [] : [data]));
    },
    async sweep() {
      for (const name of await files.list(folder))
        if (name.endsWith(PARTIAL) || JOURNAL.test(name)) await files.remove(join(folder, name));
    },
  };
}

const UNKNOWN: SnapshotRecord = {
  name: '?',
  note: '',
  runtime: '',
  series: '',
  version: '',
  how: 'copy',
  kind: 'manual',
  createdAt: '',
  sizeBytes: 0,
  files: 0,
};

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null; // Damaged: the caller takes it for an incomplete one.
  }
}
