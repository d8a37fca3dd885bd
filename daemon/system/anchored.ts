/**
 * Work of root in folders that another user can write. A path is not a file: between two calls that user may put a link where a folder was.
 * So each folder is opened once, without following a link, and everything in it is reached through the descriptor: `/proc/self/fd/N/name`
 * has the effect of openat(2) and its relatives, which Node does not have.
 */
import { constants, type Stats } from 'node:fs';
import {
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rmdir,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { FileOwner, WriteOptions } from '../../core/system/files.ts';
import { replaceIn } from './replace-file.ts';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const MAX_LINKS = 40;

const isCode = (error: unknown, ...codes: string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? '');

/** A folder that is held open; what is in it is reached through `at`. */
export interface Anchor {
  readonly folder: FileHandle;
  /** Path of an entry, or of the folder itself. */
  at(name?: string): string;
}

/**
 * What is open, as a path. Other systems have none; there the daemon runs no services, and never as root for another user.
 *
 * @param path where it was opened
 */
export const pathOfOpen = ({ fd }: FileHandle, path: string): string =>
  process.platform === 'linux' ? `/proc/self/fd/${fd}` : path;

/** An error of the system names the descriptor; people need the folder. @returns the same error */
function withRealPath(error: unknown, folder: FileHandle, path: string): unknown {
  const open = pathOfOpen(folder, path);
  if (!(error instanceof Error) || open === path) return error;
  const real = (text: string): string => text.replaceAll(new RegExp(`${open}(?!\\d)`, 'g'), () => path);
  const named = error as Error & { path?: unknown; dest?: unknown };
  named.message = real(named.message);
  for (const key of ['path', 'dest'] as const) {
    const value = named[key];
    if (typeof value === 'string') named[key] = real(value);
  }
  return error;
}

const anchorOf = (folder: FileHandle, path: string): Anchor => {
  const base = pathOfOpen(folder, path);
  return { folder, at: (name) => (name === undefined ? base : `${base}/${name}`) };
};

/** Opens a folder and closes it again after the work. A link in the last place is refused with ELOOP or ENOTDIR. */
export async function withFolder<T>(path: string | Buffer, work: (anchor: Anchor) => Promise<T>): Promise<T> {
  const folder = await open(path, FOLDER);
  try {
    return await work(anchorOf(folder, path.toString()));
  } catch (error) {
    throw withRealPath(error, folder, path.toString());
  } finally {
    await folder.close();
  }
}

/**
 * Opens the folder that holds `path`, one component after another. A link on the way is followed only when it belongs to root or to this
 * user: no other user can have put it there (protected_hardlinks in proc_sys_fs(5)).
 */
export async function withParent<T>(path: string, work: (anchor: Anchor, name: string) => Promise<T>): Promise<T> {
  const wanted = resolve(path);
  let folder = await open('/', FOLDER);
  let rest = dirname(wanted).split('/').filter(Boolean);
  let reached = '/';
  try {
    for (let links = 0; rest.length > 0;) {
      const [name = '', ...others] = rest;
      const entry = anchorOf(folder, reached).at(name);
      const found = await lstat(entry);
      if (found.isSymbolicLink()) {
        assertTrusted(join(reached, name), found);
        if (++links > MAX_LINKS) throw Object.assign(new Error(`too many links: ${path}`), { code: 'ELOOP' });
        const target = resolve(reached, await readlink(entry));
        rest = [...target.split('/').filter(Boolean), ...others];
        await folder.close();
        folder = await open('/', FOLDER);
        reached = '/';
        continue;
      }
      const next = await open(entry, FOLDER);
      await folder.close();
      folder = next;
      reached = join(reached, name);
      rest = others;
    }
    return await work(anchorOf(folder, reached), basename(wanted));
  } catch (error) {
    throw withRealPath(error, folder, reached);
  } finally {
    await folder.close();
  }
}

function assertTrusted(path: string, { uid }: Stats): void {
  if (uid === 0 || uid === process.getuid?.()) return;
  throw new KojiboxError('FILE_REFUSED', `cannot use ${path}`, {
    detail: `it is a link that user ${uid} made`,
    source: 'system',
  });
}

/** File, link or whole folder; a missing one is fine. */
export async function removeAnchored(path: string): Promise<void> {
  await withParent(path, (parent, name) => removeEntry(parent, bytesOf(name))).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT', 'ENOTDIR')) throw error;
  });
}

/** Names of files are bytes, and need not be UTF-8: here each byte is one character. */
const bytesOf = (name: string): string => Buffer.from(name, 'utf8').toString('latin1');
const namesIn = (folder: Anchor): Promise<string[]> => readdir(folder.at(), { encoding: 'latin1' });
const entryOf = (parent: Anchor, bytes: string): Buffer => Buffer.from(bytesOf(parent.at()) + `/${bytes}`, 'latin1');

/** @param name one character for each byte */
async function removeEntry(parent: Anchor, name: string): Promise<void> {
  const path = entryOf(parent, name);
  const found = await lstat(path).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (found === null) return;
  if (!found.isDirectory()) return unlink(path);
  await withFolder(path, async (folder) => {
    for (const entry of await namesIn(folder)) await removeEntry(folder, entry);
  });
  await rmdir(path);
}

/**
 * Gives a file or a whole folder to a user. What is in a folder is given away before the folder itself, and a link itself, never its target.
 */
export async function giveAnchored(path: string, owner: FileOwner, recursive: boolean): Promise<void> {
  await withParent(path, (parent, name) => giveEntry(parent, bytesOf(name), owner, recursive));
}

/** @param name one character for each byte */
async function giveEntry(parent: Anchor, name: string, owner: FileOwner, recursive: boolean): Promise<void> {
  const path = entryOf(parent, name);
  if (!(await lstat(path)).isDirectory()) return lchown(path, owner.uid, owner.gid);
  await withFolder(path, async (folder) => {
    if (recursive) for (const entry of await namesIn(folder)) await giveEntry(folder, entry, owner, true);
    await folder.folder.chown(owner.uid, owner.gid);
  });
}

/** With parents; an existing folder gets mode and owner too. Rejects with FILE_REFUSED for a link of another user on the way or in the last place. */
export async function makeAnchored(
  path: string,
  options: { readonly mode?: number; readonly owner?: FileOwner },
): Promise<void> {
  await makeParents(dirname(resolve(path)));
  await withParent(path, async (parent, name) => {
    if (name === '') return;
    const entry = parent.at(name);
    await mkdir(entry, { mode: options.mode ?? 0o777 }).catch((error: unknown) => {
      if (!isCode(error, 'EEXIST')) throw error;
    });
    const found = await lstat(entry);
    // A link that root made, as a home that was moved has one, is a folder like any other.
    if (found.isSymbolicLink()) {
      assertTrusted(path, found);
      await makeAnchored(resolve(dirname(resolve(path)), await readlink(entry)), options);
      return;
    }
    await withFolder(entry, async ({ folder }) => {
      if (options.mode !== undefined) await folder.chmod(options.mode);
      if (options.owner !== undefined) await folder.chown(options.owner.uid, options.owner.gid);
    });
  });
}

async function makeParents(path: string): Promise<void> {
  if (path === dirname(path)) return;
  const isThere = await withParent(path, (parent, name) => lstat(parent.at(name))).then(
    () => true,
    (error: unknown) => {
      if (isCode(error, 'ENOENT')) return false;
      throw error;
    },
  );
  if (!isThere) await makeAnchored(path, {});
}

/** See `writeAtomic` in core/system/files.ts. Rejects with FILE_REFUSED for a link of another user on the way; one in the last place is replaced. */
export async function writeAnchored(path: string, content: string | Uint8Array, options: WriteOptions): Promise<void> {
  await makeParents(dirname(resolve(path)));
  await withParent(path, async (parent, name) => {
    await replaceIn((entry) => parent.at(entry), name, content, options);
    await parent.folder.sync();
  });
}

/** See `buildFolder` in core/system/files.ts. Until it is whole only root gets in. */
export async function buildAnchored(
  path: string,
  owner: FileOwner | null,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const place = resolve(path);
  await makeParents(dirname(place));
  await withParent(place, async (parent, name) => {
    const building = `.${name}.new`;
    await removeEntry(parent, bytesOf(building)); // Left by a try that was killed.
    await mkdir(parent.at(building), { mode: 0o700 });
    try {
      await withFolder(parent.at(building), async (folder) => {
        await work(folder.at());
        if (owner !== null) for (const entry of await namesIn(folder)) await giveEntry(folder, entry, owner, true);
        await folder.folder.chmod(0o755);
        if (owner !== null) await folder.folder.chown(owner.uid, owner.gid);
      });
      await rename(parent.at(building), parent.at(name));
    } finally {
      await removeEntry(parent, bytesOf(building));
    }
  });
}
