/**
 * Makes one folder like another: owners, modes, times, links, hard links and holes. What is alike already is left alone, so that it can be
 * done again for what changed meanwhile. Sockets and pipes are left out: the programs that use them make them anew.
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
} from 'node:fs/promises';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { flushTree } from '../archives/flush.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Small files go in one call. */
const WHOLE_BYTES = 8 * CHUNK_BYTES;
/** Times are set with the precision of a float: not to the nanosecond. */
const TIME_SLACK_MS = 1;
/** The kernel takes times of files from a clock that is up to one tick behind. */
const CLOCK_SLACK_MS = 20;

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
  readonly copied: Set<string>;
}

/** A moment by the clock of the file system that holds the folder, ms. */
export async function momentAt(folder: string): Promise<number> {
  const file = join(folder, `.moment-${process.pid}`);
  await (await open(file, 'w', 0o600)).close();
  const { ctimeMs } = await lstat(file);
  await rm(file, { force: true });
  return ctimeMs;
}

const changedSince = (stats: Stats, sinceMs: number): boolean => stats.ctimeMs >= sinceMs - CLOCK_SLACK_MS;
const kindOf = (stats: Stats): 'file' | 'folder' | 'link' | 'other' =>
  stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other';

/** Rejects when the signal aborts, and with what the system says, e.g. ENOSPC; then a part of `to` is there. All of it is on the disk when it resolves. */
export async function mirrorTree(from: string, to: string, options: MirrorOptions): Promise<Mirrored> {
  const done: Mirrored = { files: 0, sizeBytes: 0, copied: new Set() };
  await mirrorFolder(from, to, { ...options, done, linked: new Map(), buffers: pairOfBuffers() });
  await flushTree(to);
  return done;
}

interface Run extends MirrorOptions {
  readonly done: Mirrored;
  /** Where the first of several names of a file was copied to, by device and inode. */
  readonly linked: Map<string, string>;
  readonly buffers: Buffers;
}

async function mirrorFolder(from: string, to: string, run: Run): Promise<void> {
  const before = await lstat(from);
  const there = await lstat(to).catch(() => null);
  if (there !== null && !there.isDirectory()) await removeTree(to);
  if (there?.isDirectory() === true) await chmod(to, 0o700);
  else await mkdir(to, { mode: 0o700 });
  const entries = await readdir(from, { withFileTypes: true });
  const wanted = new Set(entries.map(({ name }) => name));
  for (const name of await readdir(to)) if (!wanted.has(name)) await removeTree(join(to, name));
  for (const { name } of entries) {
    run.signal.throwIfAborted();
    await mirrorEntry(join(from, name), join(to, name), run).catch(async (error: unknown) => {
      // Removed while we copied: the next pass sees the folder without it. Every other failure is one.
      const isGone = (await lstat(join(from, name)).catch(() => null)) === null;
      if (!isGone || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
  await takeOver(before, to, run);
}

async function mirrorEntry(from: string, to: string, run: Run): Promise<void> {
  const before = await lstat(from);
  assertOwn(from, before, run);
  const kind = kindOf(before);
  if (kind === 'folder') return mirrorFolder(from, to, run);
  const there = await lstat(to).catch(() => null);
  if (kind === 'other') {
    if (there !== null) await removeTree(to);
    return;
  }
  run.done.files += 1;
  if (kind === 'link') {
    const target = await readlink(from);
    if (there?.isSymbolicLink() === true && (await readlink(to)) === target) return;
    if (there !== null) await removeTree(to);
    await symlink(target, to);
    return takeOver(before, to, run);
  }
  const isLike =
    there !== null &&
    looksAlike(before, there, run) &&
    !changedSince(before, run.changedSinceMs) &&
    (!run.comparesBytes || (await haveSameBytes(from, to, run.buffers, run.signal)));
  if (!isLike) {
    if (there !== null) await removeTree(to);
    await copyOne(from, to, before, run);
    run.done.copied.add(to);
  } else if (before.nlink > 1) run.linked.set(`${before.dev}:${before.ino}`, to);
  run.done.sizeBytes += before.size;
  run.onBytes?.(run.done.sizeBytes);
}

function assertOwn(path: string, { uid }: Stats, { ownerId }: MirrorOptions): void {
  if (ownerId === null || uid === ownerId) return;
  throw new KojiboxError('PERMISSION_DENIED', 'cannot copy the data', {
    detail: `${path} belongs to another user (${uid}), and only root could keep that`,
    source: 'home',
    remedy: `Give it to yourself, or remove it: sudo chown -R ${ownerId} ${path}`,
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

async function copyOne(from: string, to: string, before: Stats, run: Run): Promise<void> {
  if (before.nlink > 1) {
    const key = `${before.dev}:${before.ino}`;
    const first = run.linked.get(key);
    if (first !== undefined) return link(first, to);
    run.linked.set(key, to);
  }
  const hasHoles = before.blocks * 512 < before.size;
  if (before.size <= WHOLE_BYTES && !hasHoles)
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else await copyPieces(from, to, before.size, hasHoles, run);
  await takeOver(before, to, run);
}

/** In pieces, so that a large file can be given up in its middle, and so that what is a hole stays one. */
async function copyPieces(from: string, to: string, size: number, hasHoles: boolean, run: Run): Promise<void> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', 0o600);
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
  } finally {
    await source.close();
  }
  if (hasHoles) await truncate(to, size);
}

async function takeOver(before: Stats, to: string, { ownerId }: MirrorOptions): Promise<void> {
  if (ownerId === null) await lchown(to, before.uid, before.gid);
  if (before.isSymbolicLink()) return lutimes(to, before.atime, before.mtime);
  await chmod(to, before.mode & 0o7777);
  await utimes(to, before.atimeMs / 1000, before.mtimeMs / 1000);
}

export interface CompareOptions extends Pick<MirrorOptions, 'signal' | 'ownerId' | 'onBytes'> {
  /** Copies that are read; all others were compared before, and are judged by what the system says of them. */
  readonly read: ReadonlySet<string>;
  /** What changed since then (ms) is not judged: it is still being written. */
  readonly unsettledSinceMs: number;
}

/**
 * Compares a folder with its copy.
 * @returns the first thing that differs, as half a sentence; null when nothing does
 */
export async function findDifference(from: string, to: string, options: CompareOptions): Promise<string | null> {
  let done = 0;
  const buffers = pairOfBuffers();
  const visit = async (a: string, b: string): Promise<string | null> => {
    options.signal.throwIfAborted();
    const one = await lstat(a).catch(() => null);
    const isUnsettled = one === null || changedSince(one, options.unsettledSinceMs);
    if (one === null || (isUnsettled && !one.isDirectory())) return null;
    const other = await lstat(b).catch(() => null);
    const kind = kindOf(one);
    if (kind === 'other' || (isUnsettled && other === null)) return null;
    if (other === null) return `${b} is missing`;
    if (kindOf(other) !== kind) return `${b} is another kind of file than ${a}`;
    if (options.ownerId === null && (one.uid !== other.uid || one.gid !== other.gid))
      return `${b} belongs to somebody else`;
    if (kind === 'link') return (await readlink(a)) === (await readlink(b)) ? null : `${b} leads elsewhere than ${a}`;
    if ((one.mode & 0o7777) !== (other.mode & 0o7777)) return `${b} has other permissions than ${a}`;
    if (kind === 'file') {
      if (one.size !== other.size) return `${b} has ${other.size} bytes instead of ${one.size}`;
      done += one.size;
      options.onBytes?.(done);
      const isAlike = options.read.has(b)
        ? await haveSameBytes(a, b, buffers, options.signal)
        : Math.abs(one.mtimeMs - other.mtimeMs) <= TIME_SLACK_MS;
      return isAlike ? null : `${b} has other content than ${a}`;
    }
    const names = await readdir(a);
    const extra = isUnsettled ? undefined : (await readdir(b)).find((name) => !names.includes(name));
    if (extra !== undefined) return `${join(b, extra)} is not in ${a}`;
    for (const name of names) {
      const difference = await visit(join(a, name), join(b, name));
      if (difference !== null) return difference;
    }
    return null;
  };
  return visit(from, to);
}

type Buffers = readonly [Buffer, Buffer];
const pairOfBuffers = (): Buffers => [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];

async function haveSameBytes(a: string, b: string, [one, other]: Buffers, signal: AbortSignal): Promise<boolean> {
  const [first, second] = [await open(a, 'r'), await open(b, 'r')];
  try {
    for (let at = 0; ;) {
      signal.throwIfAborted();
      const [{ bytesRead: left }, { bytesRead: right }] = await Promise.all([
        first.read(one, 0, one.length, at),
        second.read(other, 0, other.length, at),
      ]);
      if (left !== right || !one.subarray(0, left).equals(other.subarray(0, right))) return false;
      if (left === 0) return true;
      at += left;
    }
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}

/** Also what this user's own folders do not let be removed: read-only trees of package managers. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await openFolders(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
}
