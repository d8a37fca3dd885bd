/** What two files are compared by. Names of files are bytes, and need not be UTF-8 (path_resolution(7)). */
import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openPlainHandle } from '../system/foreign-files.ts';

export const CHUNK_BYTES = 1024 * 1024;
/** Times are set with the precision of a float: not to the nanosecond. */
export const TIME_SLACK_MS = 1;
/** The kernel takes times of files from a clock that is up to one tick behind. */
const CLOCK_SLACK_MS = 20;

/**
 * A path with one character for each of its bytes, so that a name which is no UTF-8 stays what it is: as text it would become another
 * one, and its file would be passed over as one that is gone.
 */
export type BytePath = string & { readonly bytes: unique symbol };
export const bytePath = (path: string): BytePath => Buffer.from(path, 'utf8').toString('latin1') as BytePath;
/** A path below it. @param name with one character for each byte, as `readdir` gives it with the encoding latin1 */
export const below = (folder: BytePath, name: string): BytePath => `${folder}/${name}` as BytePath;
export const onDisk = (path: BytePath): Buffer => Buffer.from(path, 'latin1');
/** For people. */
export const shown = (path: BytePath): string => onDisk(path).toString('utf8');

export const changedSince = (stats: Stats, sinceMs: number): boolean => stats.ctimeMs >= sinceMs - CLOCK_SLACK_MS;
export const kindOf = (stats: Stats): 'file' | 'folder' | 'link' | 'other' =>
  stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other';

export type Buffers = readonly [Buffer, Buffer];
export const pairOfBuffers = (): Buffers => [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];

/** A link or a pipe that was put in the place of a file after it was looked at is neither followed nor waited for. Rejects as `openPlainHandle`. */
export const openPlain = (path: Buffer): Promise<FileHandle> => openPlainHandle(path, constants.O_RDONLY);

export async function haveSameBytes(
  a: BytePath,
  b: BytePath,
  [one, other]: Buffers,
  signal: AbortSignal,
): Promise<boolean> {
  const [first, second] = [await openPlain(onDisk(a)), await openPlain(onDisk(b))];
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
