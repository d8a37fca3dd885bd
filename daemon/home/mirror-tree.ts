/**
 * Makes one folder like another: owners, modes, times, links, hard links and holes. What is alike already is left alone, so that it can be
 * done again for what changed in the meantime. Sockets and pipes are left out: the programs that use them make them again.
 */
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  copyFile,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readlink,
  rm,
  symlink,
  truncate,
  utimes,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { flushTree } from '../archives/flush.ts';
import { pathOfOpen, withFolder } from '../system/anchored.ts';
import {
  below,
  bytePath,
  changedSince,
  CHUNK_BYTES,
  haveSameBytes,
  kindOf,
  onDisk,
  openPlain,
  pairOfBuffers,
  shown,
  TIME_SLACK_MS,
  type Buffers,
  type BytePath,
} from './file-facts.ts';
import { removeAt } from './remove-tree.ts';

/** Small files go in one call. */
const WHOLE_BYTES = 8 * CHUNK_BYTES;
export interface MirrorOptions {
  readonly signal: AbortSignal;
  /** Null: owners are kept, which only root can. Else everything has to belong to this user, so that nothing changes its owner. */
  readonly ownerId: number | null;
  /** Files that changed since then (change time, which no program can set back; ms) count as different, however alike they look. */
  readonly changedSinceMs: number;
  /**
   * Files that look alike are read and compared as well: memory that is mapped to a file may be written without a trace in its times, as
   * tmpfs does (mmap(2)), and databases do that.
   */
  readonly comparesBytes: boolean;
  /** Bytes looked at so far; called often. */
  onBytes?(done: number): void;
}

export interface Mirrored {
  files: number;
  sizeBytes: number;
  /** Copies that were made; everything else was like it already. */
  readonly copied: Set<BytePath>;
}

/** A moment by the clock of the file system that holds the folder, ms. */
export async function momentAt(folder: string): Promise<number> {
  const file = join(folder, `.moment-${process.pid}`);
  await (await open(file, 'w', 0o600)).close();
  const { ctimeMs } = await lstat(file);
  await rm(file, { force: true });
  return ctimeMs;
}

/** Rejects when the signal aborts, and with what the system says, e.g. ENOSPC; then a part of `to` is there. All of it is on the disk when it resolves. */
export async function mirrorTree(from: string, to: string, options: MirrorOptions): Promise<Mirrored> {
  const done: Mirrored = { files: 0, sizeBytes: 0, copied: new Set() };
  const source: Source = { path: bytePath(from), at: bytePath(from) };
  await mirrorFolder(source, bytePath(to), { ...options, done, linked: new Map(), buffers: pairOfBuffers() });
  await flushTree(to);
  return done;
}

/**
 * What is copied. Its folders are held open and reached through their descriptors: where the daemon is root, another user may put a link to a
 * file of root in the place of one of its own. The copy is closed to other users until it is whole.
 */
interface Source {
  /** Where it lies. */
  readonly path: BytePath;
  /** How it is reached. */
  readonly at: BytePath;
}

interface Run extends MirrorOptions {
  readonly done: Mirrored;
  /** Where the first of several names of a file was copied to, by device and inode. */
  readonly linked: Map<string, BytePath>;
  readonly buffers: Buffers;
}

const mirrorFolder = (from: Source, to: BytePath, run: Run): Promise<void> =>
  withFolder(onDisk(from.at), async ({ folder, at }) => {
    await mirrorOpened({ path: from.path, at: bytePath(at()) }, await folder.stat(), to, run);
  });

async function mirrorOpened(from: Source, before: Stats, to: BytePath, run: Run): Promise<void> {
  const there = await lstat(onDisk(to)).catch(() => null);
  if (there !== null && !there.isDirectory()) await removeAt(to);
  if (there?.isDirectory() === true) await chmod(onDisk(to), 0o700);
  else await mkdir(onDisk(to), { mode: 0o700 });
  const wanted = new Set(await readdir(onDisk(from.at), { encoding: 'latin1' }));
  for (const name of await readdir(onDisk(to), { encoding: 'latin1' }))
    if (!wanted.has(name)) await removeAt(below(to, name));
  for (const name of wanted) {
    run.signal.throwIfAborted();
    const entry: Source = { path: below(from.path, name), at: below(from.at, name) };
    await mirrorEntry(entry, below(to, name), run).catch(async (error: unknown) => {
      // Removed while we copied: the next pass sees the folder without it. Every other failure is one.
      const isGone = (await lstat(onDisk(entry.at)).catch(() => null)) === null;
      if (!isGone || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
  await takeOver(before, to, run);
}

async function mirrorEntry(from: Source, to: BytePath, run: Run): Promise<void> {
  const before = await lstat(onDisk(from.at));
  assertOwn(from.path, before, run);
  const kind = kindOf(before);
  if (kind === 'folder') return mirrorFolder(from, to, run);
  const there = await lstat(onDisk(to)).catch(() => null);
  if (kind === 'other') {
    if (there !== null) await removeAt(to);
    return;
  }
  run.done.files += 1;
  if (kind === 'link') {
    const target = await readlink(onDisk(from.at), 'latin1');
    if (there?.isSymbolicLink() === true && (await readlink(onDisk(to), 'latin1')) === target) return;
    if (there !== null) await removeAt(to);
    await symlink(Buffer.from(target, 'latin1'), onDisk(to));
    return takeOver(before, to, run);
  }
  const isLike =
    there !== null &&
    looksAlike(before, there, run) &&
    !changedSince(before, run.changedSinceMs) &&
    (!run.comparesBytes || (await haveSameBytes(from.at, to, run.buffers, run.signal)));
  if (!isLike) {
    if (there !== null) await removeAt(to);
    await copyOne(from.at, to, before, run);
    run.done.copied.add(to);
  } else if (before.nlink > 1) run.linked.set(`${before.dev}:${before.ino}`, to);
  run.done.sizeBytes += before.size;
  run.onBytes?.(run.done.sizeBytes);
}

function assertOwn(path: BytePath, { uid }: Stats, { ownerId }: MirrorOptions): void {
  if (ownerId === null || uid === ownerId) return;
  throw new KojiboxError('PERMISSION_DENIED', 'cannot copy the data', {
    detail: `${shown(path)} belongs to another user (${uid}), and only root could keep that`,
    source: 'home',
    remedy: `Give it to yourself, or remove it: sudo chown -R ${ownerId} ${shown(path)}`,
  });
}

function looksAlike(a: Stats, b: Stats, { ownerId }: MirrorOptions): boolean {
  return (
    kindOf(a) === kindOf(b) &&
    a.size === b.size &&
    Math.abs(a.mtimeMs - b.mtimeMs) <= TIME_SLACK_MS &&
    (a.mode & 0o7777) === (b.mode & 0o7777) &&
    (ownerId !== null || (a.uid === b.uid && a.gid === b.gid))
  );
}

async function copyOne(from: BytePath, to: BytePath, before: Stats, run: Run): Promise<void> {
  if (before.nlink > 1) {
    const key = `${before.dev}:${before.ino}`;
    const first = run.linked.get(key);
    if (first !== undefined) return link(onDisk(first), onDisk(to));
    run.linked.set(key, to);
  }
  const source = await openPlain(onDisk(from));
  try {
    const { blocks, size } = await source.stat();
    const hasHoles = blocks * 512 < size;
    if (size <= WHOLE_BYTES && !hasHoles)
      await copyFile(pathOfOpen(source, shown(from)), onDisk(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else await copyPieces(source, to, size, hasHoles, run);
  } finally {
    await source.close();
  }
  await takeOver(before, to, run);
}

/** In pieces, so that a large file can be given up in its middle, and so that what is a hole stays one. */
async function copyPieces(source: FileHandle, to: BytePath, size: number, hasHoles: boolean, run: Run): Promise<void> {
  const target = await open(onDisk(to), 'wx', 0o600);
  try {
    const piece = Buffer.allocUnsafe(CHUNK_BYTES);
    const zeros = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; at < size;) {
      run.signal.throwIfAborted();
      const { bytesRead } = await source.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      const read = piece.subarray(0, bytesRead);
      if (!hasHoles || !read.equals(zeros.subarray(0, bytesRead))) await target.write(read, 0, bytesRead, at);
      at += bytesRead;
      run.onBytes?.(run.done.sizeBytes + at);
    }
  } finally {
    await target.close();
  }
  if (hasHoles) await truncate(onDisk(to), size);
}

async function takeOver(before: Stats, to: BytePath, { ownerId }: MirrorOptions): Promise<void> {
  if (ownerId === null) await lchown(onDisk(to), before.uid, before.gid);
  if (before.isSymbolicLink()) return lutimes(onDisk(to), before.atime, before.mtime);
  await chmod(onDisk(to), before.mode & 0o7777);
  await utimes(onDisk(to), before.atimeMs / 1000, before.mtimeMs / 1000);
}
