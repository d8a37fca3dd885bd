/**
 * One JSON document on disk: written atomically, with the last good copies beside it. A corrupt or half-written file is set aside,
 * the newest good copy put back, and the user told. A record of a wrong shape is set aside by itself; all others stay in use.
 */
import type { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import { noticeText } from '../../contract/notices.ts';
import type { FileSystem, WriteOptions } from '../system/files.ts';
import { diskFull, withPath } from '../../contract/disk-error.ts';
import { salvage, type Salvaged } from './salvage.ts';

const KEPT_COPIES = 3;

export interface JsonStore<T> {
  get(): T;
  /** One change after another; rejects with what `change` throws, or CONFIG_CORRUPT when the disk refuses; then nothing changed. */
  update(change: (current: T) => T): Promise<T>;
}

export interface JsonStoreOptions<T> {
  readonly files: FileSystem;
  readonly path: string;
  readonly schema: z.ZodType<T>;
  readonly schemaVersion: number;
  readonly fallback: T;
  /** Brings the value of an older version up by one; idempotent. */
  readonly migrations?: Readonly<Record<number, (value: unknown) => unknown>>;
  readonly write?: WriteOptions;
  /** Called with a sentence for the user when something had to be repaired. */
  notice(text: string): void;
  /** Wall clock, ms; names the file that was set aside. */
  now(): number;
}

/** Reads the document; never rejects for bad content. */
export async function openJsonStore<T>(options: JsonStoreOptions<T>): Promise<JsonStore<T>> {
  const { files, path, fallback } = options;
  const copyPath = (index: number): string => `${path}.backup-${index}`;
  let current = (await load(options, copyPath)) as T | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const save = async (next: T): Promise<void> => {
    const text = documentOf(next, options);
    try {
      if ((await files.readText(path)) !== null) {
        for (let index = KEPT_COPIES - 1; index >= 1; index--) {
          if ((await files.stat(copyPath(index))) !== null) await files.rename(copyPath(index), copyPath(index + 1));
        }
        await files.copyFile(path, copyPath(1));
      }
      await files.writeAtomic(path, text, options.write ?? { mode: 0o600 });
    } catch (error) {
      const full = diskFull(withPath(error, path), `cannot write ${path}`);
      if (full !== null) throw full;
      throw new KojiboxError('CONFIG_CORRUPT', `cannot write ${path}`, {
        detail: error instanceof Error ? error.message : String(error),
        source: 'config',
        remedy: 'Nothing was changed. Free space on the disk, or make the folder writable, and try again.',
        cause: error,
      });
    }
  };

  return {
    get: () => current ?? fallback,
    update(change) {
      const mine = queue.then(async () => {
        const next = change(current ?? fallback);
        await save(next);
        current = next;
        return next;
      });
      queue = mine.catch(() => undefined); // The caller of `mine` gets the error; later changes must still run.
      return mine;
    },
  };
}

async function load<T>(options: JsonStoreOptions<T>, copyPath: (index: number) => string): Promise<T | undefined> {
  const { files, path, notice } = options;
  const text = await readOr(options, path);
  if (text === null) return undefined;
  const found = text === UNREADABLE ? null : parse(text, options);
  if (found !== null) {
    if (found.setAside.length > 0) await keepAside(found, options);
    return found.value;
  }

  const aside = `${path}.corrupt-${options.now()}`;
  try {
    await files.rename(path, aside);
    for (let index = 1; index <= KEPT_COPIES; index++) {
      const copy = await readOr(options, copyPath(index));
      const restored = copy === null || copy === UNREADABLE ? null : parse(copy, options);
      if (typeof copy !== 'string' || restored === null || restored.setAside.length > 0) continue;
      await files.writeAtomic(path, copy, options.write ?? { mode: 0o600 });
      notice(noticeText('configRestored', { file: path, aside }));
      return restored.value;
    }
    notice(noticeText('configLost', { file: path, aside }));
  } catch (error) {
    // A disk that takes nothing: the file stays where it is, and the next start tries again.
    notice(noticeText('configUnusable', { file: path, reason: reasonOf(error) }));
  }
  return undefined;
}

const UNREADABLE = Symbol('unreadable');
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Null when it is not there. */
async function readOr<T>(
  { files, write }: JsonStoreOptions<T>,
  path: string,
): Promise<string | null | typeof UNREADABLE> {
  try {
    return await files.readText(path);
  } catch (error) {
    // A folder of that name, a broken disk: treated as damaged. A copy may have left a mode that shuts its owner out: the content is whole.
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return UNREADABLE;
    return files
      .changeMode(path, write?.mode ?? 0o600)
      .then(() => files.readText(path))
      .catch(() => UNREADABLE);
  }
}

/** The bad records go into a file of their own, so that the user can mend them; the others are stored without them. */
async function keepAside<T>({ value, setAside }: Salvaged<T>, options: JsonStoreOptions<T>): Promise<void> {
  const { files, path, notice } = options;
  const aside = `${path}.set-aside-${options.now()}`;
  const write = options.write ?? { mode: 0o600 };
  const records = { count: setAside.length, file: path };
  const reason = setAside[0]?.reason ?? '';
  try {
    await files.writeAtomic(aside, `${JSON.stringify({ setAside }, null, 2)}\n`, write);
    await files.writeAtomic(path, documentOf(value, options), write);
    notice(noticeText('recordsSetAside', { ...records, reason, aside }));
  } catch (error) {
    notice(noticeText('recordsLeftOut', { ...records, reason, problem: reasonOf(error) }));
  }
}

const documentOf = <T>(value: T, { schemaVersion }: JsonStoreOptions<T>): string =>
  `${JSON.stringify({ schemaVersion, value }, null, 2)}\n`;

/** Null when it is not a document of ours in a version we know. */
function parse<T>(text: string, options: JsonStoreOptions<T>): Salvaged<T> | null {
  let document: { schemaVersion?: unknown; value?: unknown };
  try {
    document = JSON.parse(text) as typeof document;
  } catch {
    return null; // Half-written or damaged: load() sets it aside.
  }
  if (typeof document !== 'object' || document === null || typeof document.schemaVersion !== 'number') return null;
  let value = document.value;
  for (let version = document.schemaVersion; version < options.schemaVersion; version++)
    value = options.migrations?.[version]?.(value) ?? value;
  return salvage(options.schema, value, options.fallback);
}
