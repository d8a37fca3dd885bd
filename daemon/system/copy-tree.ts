/** Copies a whole folder as it is: owners, modes and times. Shares blocks where the file system can (ioctl_ficlone(2)). */
import { constants, type Stats } from 'node:fs';
import { chmod, copyFile, lchown, lstat, mkdir, open, readdir, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { CopyProgress, CopyResult, TreeSize } from '../../core/system/files.ts';
import { flushTree } from '../archives/flush.ts';
import { pathOfOpen, withFolder } from './anchored.ts';
import { openForeign } from './foreign-files.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;
/** What a file system says that cannot share blocks, or not between these two places. */
const NOT_SHARED: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY']);

interface Progress extends TreeSize {
  sizeBytes: number;
  files: number;
  /** Null before the first file was tried. */
  shared: boolean | null;
}

/**
 * `to` must not be there. All of it is on the disk when it resolves. Rejects when the signal aborts, with EINVAL
 * for a link, whose target would not be part of the copy, and with what the system says, e.g. ENOSPC; then a part of `to` is there.
 */
export async function copyTree(from: string, to: string, options: CopyProgress): Promise<CopyResult> {
  const progress: Progress = { files: 0, sizeBytes: 0, shared: null };
  await copyFolder(from, to, progress, options);
  await flushTree(to);
  return { files: progress.files, sizeBytes: progress.sizeBytes, shared: progress.shared === true };
}

async function copyFolder(from: string, to: string, progress: Progress, options: CopyProgress): Promise<void> {
  // Reached through the open folder: its owner may put a link to a file of root in the place of one that was just looked at.
  await withFolder(from, async (source) => {
    const before = await source.folder.stat();
    await mkdir(to, { mode: 0o700 });
    for (const entry of await readdir(source.at(), { withFileTypes: true })) {
      options.signal.throwIfAborted();
      const [path, target] = [source.at(entry.name), join(to, entry.name)];
      if (entry.isDirectory()) await copyFolder(path, target, progress, options);
      else if (entry.isFile()) await copyOne(path, target, progress, options);
      else if (entry.isSymbolicLink())
        throw Object.assign(new Error(`${join(from, entry.name)} is a link to another place`), { code: 'EINVAL' });
      // A socket or a pipe belongs to a program that runs; the next one makes its own.
    }
    await takeOver(to, before);
  });
}

async function copyOne(from: string, to: string, progress: Progress, options: CopyProgress): Promise<void> {
  const source = await openForeign(from, { followsLink: false, maxBytes: Infinity });
  if (source === null) throw Object.assign(new Error(`${from} is gone`), { code: 'ENOENT' });
  try {
    const before = await source.stat();
    const opened = pathOfOpen(source, from);
    if (progress.shared !== false) progress.shared = await shareBlocks(opened, to);
    if (!progress.shared) await copyBytes(source, to, progress, options);
    await takeOver(to, before);
    progress.files += 1;
    if (progress.shared) progress.sizeBytes += before.size;
    options.onBytes?.(progress.sizeBytes);
  } finally {
    await source.close();
  }
}

async function takeOver(to: string, before: Stats): Promise<void> {
  await chmod(to, before.mode & 0o7777);
  await utimes(to, before.atime, before.mtime);
  // Last: from here on the copy may belong to another user.
  await lchown(to, before.uid, before.gid);
}

/** @returns false where the file system cannot; then there is no `to` */
async function shareBlocks(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (NOT_SHARED.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** In pieces, so that a file of many gigabytes can be given up in its middle. */
async function copyBytes(source: FileHandle, to: string, progress: Progress, options: CopyProgress): Promise<void> {
  const target = await open(to, 'wx', 0o600);
  try {
    const { size } = await source.stat();
    const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, size)));
    for (;;) {
      options.signal.throwIfAborted();
      const { bytesRead } = await source.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      await target.writeFile(chunk.subarray(0, bytesRead));
      progress.sizeBytes += bytesRead;
      options.onBytes?.(progress.sizeBytes);
    }
  } finally {
    await target.close();
  }
}

/** Files below a folder and their bytes; nothing where there is no folder. What goes away in the meantime is not counted. */
export async function measureTree(folder: string): Promise<TreeSize> {
  const total = { files: 0, sizeBytes: 0 };
  for (const entry of await ifThere(readdir(folder, { withFileTypes: true }), [])) {
    const path = join(folder, entry.name);
    const found = entry.isDirectory()
      ? await measureTree(path)
      : entry.isFile()
        ? { files: 1, sizeBytes: (await ifThere(lstat(path), null))?.size ?? 0 }
        : { files: 0, sizeBytes: 0 };
    total.files += found.files;
    total.sizeBytes += found.sizeBytes;
  }
  return total;
}

async function ifThere<T, F>(value: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}
