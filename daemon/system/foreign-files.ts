/**
 * Files that another user, another program or a stranger's repository may have made: only regular files are opened, and size and time are
 * bounded. What was checked is what is read, because it is asked of the open descriptor.
 */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { open, readlink, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { KojiboxError } from '../../contract/errors.ts';
import type { ForeignLimits } from '../../core/system/files.ts';

/** Settings of a project are small: the largest package.json of the npm registry has less. */
const MAX_BYTES = 1024 * 1024;
const DEADLINE_MS = 5000;
/** A FIFO, a terminal or a tape does not make the open wait, and no terminal becomes ours (open(2)). */
const QUIETLY = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface OpenOptions extends ForeignLimits {
  /** False: a link in the last place is refused. Default true. */
  readonly followsLink?: boolean;
  /** True: a file that has a second name is refused, as it may be one of another user. */
  readonly hasOneName?: boolean;
}

const refused = (path: string, detail: string): KojiboxError =>
  new KojiboxError('FILE_REFUSED', `cannot read ${path}`, { detail, source: 'system' });

/**
 * Opens a regular file of a bounded size. The caller closes it.
 *
 * @returns null when there is nothing. Rejects with FILE_REFUSED for anything but a regular file, for one that is too large, for one that
 *   the owner of its folder may not read (when this program is root), and when the disk does not answer in time
 */
export async function openForeign(path: string, options: OpenOptions = {}): Promise<FileHandle | null> {
  return inTime(path, options, () => openChecked(path, options));
}

/** What keeps an open from following a link in the last place, and from waiting for a FIFO. */
const PLAINLY = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface PlainFile {
  readonly descriptor: number;
  readonly stat: Stats;
}

/**
 * Opens a regular file of any size for work at once, in a folder where another user may have put something else. The caller closes it.
 *
 * @param flags more of open(2), such as O_RDWR
 * @returns null for anything but a regular file, a link among it. Throws the error of the system, such as ENOENT
 */
export function openPlainFile(path: string, flags: number, mode?: number): PlainFile | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, flags | PLAINLY, mode);
  } catch (error) {
    // A link, a socket or a FIFO that nothing reads, a folder: open(2).
    if (['ELOOP', 'ENXIO', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  const stat = fstatSync(descriptor);
  if (stat.isFile()) return { descriptor, stat };
  closeSync(descriptor);
  return null;
}

/** As {@link openPlainFile}, as a handle. Rejects with FILE_REFUSED for anything but a regular file. */
export async function openPlainHandle(path: string | Buffer, flags: number): Promise<FileHandle> {
  const file = await open(path, flags | PLAINLY);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw refused(path.toString(), 'it is not a regular file');
}

/** Content of a file as {@link openForeign} takes it. */
export async function readForeign(path: string, options: OpenOptions = {}): Promise<Buffer | null> {
  return inTime(path, options, async () => {
    const file = await openChecked(path, options);
    if (file === null) return null;
    try {
      return await readAll(file, path, options.maxBytes ?? MAX_BYTES);
    } finally {
      await file.close();
    }
  });
}

async function openChecked(path: string, options: OpenOptions): Promise<FileHandle | null> {
  const { maxBytes = MAX_BYTES, followsLink = true } = options;
  try {
    // Asked before the open, because the open of a device may already do something; and of the descriptor, because this answer may be old.
    if (followsLink) assertRegular(path, await stat(path), maxBytes);
    const file = await open(path, QUIETLY | (followsLink ? 0 : constants.O_NOFOLLOW));
    try {
      const found = await file.stat();
      assertRegular(path, found, maxBytes);
      if (options.hasOneName === true && found.nlink > 1) throw refused(path, 'it has a second name');
      if (followsLink && process.getuid?.() === 0) await assertFolderOwnerMayRead(path, file);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code === 'ELOOP') throw refused(path, followsLink ? 'it is a circle of links' : 'it is a link');
    // What open(2) says of a socket, and of a device without a driver.
    if (code === 'ENXIO' || code === 'ENODEV') throw refused(path, 'it is not a regular file');
    throw error;
  }
}

function assertRegular(path: string, found: Stats, maxBytes: number): void {
  if (!found.isFile()) throw refused(path, 'it is not a regular file');
  if (found.size > maxBytes) throw refused(path, `it has ${found.size} bytes; ${maxBytes} are allowed`);
}

/** Root may read everything, so a link of another user must not lead it where that user could not go. */
async function assertFolderOwnerMayRead(path: string, file: FileHandle): Promise<void> {
  const { uid } = await stat(dirname(path));
  if (uid === 0) return;
  const allows = (found: Stats, bit: number): boolean =>
    ((found.uid === uid ? found.mode >> 6 : found.mode) & bit) !== 0;
  if (!allows(await file.stat(), 4)) throw refused(path, `user ${uid}, who owns the folder, may not read it`);
  for (let folder = dirname(await readlink(`/proc/self/fd/${file.fd}`)); folder !== '/'; folder = dirname(folder))
    if (!allows(await stat(folder), 1))
      throw refused(path, `user ${uid}, who owns its folder, may not enter ${folder}`);
}

/** To its end, wherever that is by now: it may grow while it is read, and what /proc shows has no size. */
async function readAll(file: FileHandle, path: string, maxBytes: number): Promise<Buffer> {
  const { size } = await file.stat();
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    // One byte more, so that the end is seen without another piece.
    const piece = Buffer.alloc(Math.min(Math.max(size - length, 4095), maxBytes - length) + 1);
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return Buffer.concat(pieces, length);
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
    if (length > maxBytes) throw refused(path, `it has more than ${maxBytes} bytes`);
  }
}

/** Rejects with FILE_REFUSED when the work takes too long: a disk of another machine may never answer. */
export async function inTime<T>(
  path: string,
  { deadlineMs = DEADLINE_MS }: ForeignLimits,
  work: () => Promise<T>,
): Promise<T> {
  const timer = new AbortController();
  const late = wait(deadlineMs, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw refused(path, `it could not be read within ${deadlineMs / 1000} s`);
  });
  late.catch(() => undefined); // Not waited for when the work is quicker.
  try {
    return await Promise.race([work(), late]);
  } finally {
    timer.abort();
  }
}
