/** The machine's file system. */
import { constants } from 'node:fs';
import {
  access,
  chmod,
  chown,
  copyFile,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withPath } from '../../contract/disk-error.ts';
import type { FileOwner, FileStat, FileSystem } from '../../core/system/files.ts';
import { buildAnchored, giveAnchored, makeAnchored, removeAnchored, writeAnchored } from './anchored.ts';
import { replaceIn } from './replace-file.ts';
import { copyTree, measureTree } from './copy-tree.ts';
import { readForeign } from './foreign-files.ts';

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** A circle of links, a name that is too long, a zero byte: nothing can be at such a path. */
const isNowhere = (error: unknown): boolean =>
  isMissing(error) ||
  ['ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The value, or null when the file is not there; every other error is passed on. */
async function orNull<T>(value: Promise<T>, isNone = isMissing): Promise<T | null> {
  try {
    return await value;
  } catch (error) {
    if (isNone(error)) return null;
    throw error;
  }
}

async function permitted(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false; // The answer to the question, whatever the reason.
  }
}

/** Only root has to fear what another user put in the way; the files of any other user are its own. */
const isRoot = process.getuid?.() === 0;

async function changeOwner(path: string, owner: FileOwner, recursive = false): Promise<void> {
  if (isRoot) return giveAnchored(path, owner, recursive);
  if (recursive && (await lstat(path)).isDirectory())
    for (const name of await readdir(path)) await changeOwner(join(path, name), owner, true);
  await lchown(path, owner.uid, owner.gid);
}

/** A rename is durable only when its folder was synced (fsync(2)). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export const systemFiles: FileSystem = {
  readForeign: async (path, limits) => (await readForeign(path, limits))?.toString('utf8') ?? null,
  readText: (path) => orNull(readFile(path, 'utf8')),
  readBytes: (path) => orNull(readFile(path)),

  async writeAtomic(path, content, options = {}) {
    try {
      if (isRoot) return await writeAnchored(path, content, options);
      await mkdir(dirname(path), { recursive: true });
      await replaceIn((name) => join(dirname(path), name), basename(path), content, options);
      await syncFolder(dirname(path));
    } catch (error) {
      throw withPath(error, path);
    }
  },

  overwrite: (path, content) => writeFile(path, content),

  async makeDirectory(path, options = {}) {
    if (isRoot) return makeAnchored(path, options);
    await mkdir(path, { recursive: true });
    if (options.mode !== undefined) await chmod(path, options.mode);
    if (options.owner !== undefined) await chown(path, options.owner.uid, options.owner.gid);
  },

  async buildFolder(path, { owner }, work) {
    if (isRoot) return buildAnchored(path, owner, work);
    const building = join(dirname(path), `.${basename(path)}.new`);
    await rm(building, { recursive: true, force: true }); // Left by a try that was killed.
    await mkdir(building, { recursive: true, mode: 0o755 });
    try {
      await work(building);
      // Takes the place of an empty folder (rename(2)).
      await rename(building, path);
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  },

  remove: (path) => (isRoot ? removeAnchored(path) : rm(path, { recursive: true, force: true })),
  rename,
  copyFile: (from, to) => copyFile(from, to),
  copyTree,
  measureTree,

  async list(path) {
    return ((await orNull(readdir(path), isNowhere)) ?? []).sort();
  },

  async stat(path): Promise<FileStat | null> {
    const found = await orNull(lstat(path), isNowhere);
    if (found === null) return null;
    const type = found.isFile()
      ? 'file'
      : found.isDirectory()
        ? 'directory'
        : found.isSymbolicLink()
          ? 'link'
          : 'other';
    return {
      type,
      size: found.size,
      mode: found.mode & 0o7777,
      uid: found.uid,
      gid: found.gid,
      mtimeMs: found.mtimeMs,
    };
  },

  realPath: (path) => orNull(realpath(path), isNowhere),
  symbolicLink: (target, path) => symlink(target, path),
  changeOwner,
  changeMode: (path, mode) => chmod(path, mode),
  canRead: (path) => permitted(path, constants.R_OK),
  canWrite: (path) => permitted(path, constants.W_OK),

  async freeBytes(path) {
    for (let folder = path; ; folder = dirname(folder)) {
      const space = await orNull(statfs(folder));
      if (space !== null) return space.bavail * space.bsize;
      if (folder === dirname(folder)) return 0;
    }
  },
};
