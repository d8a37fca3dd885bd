/** Whether a copy is like what it was made of. */
import { lstat, readdir, readlink } from 'node:fs/promises';
import {
  below,
  bytePath,
  changedSince,
  haveSameBytes,
  kindOf,
  onDisk,
  pairOfBuffers,
  shown,
  TIME_SLACK_MS,
  type BytePath,
} from './file-facts.ts';
import type { MirrorOptions } from './mirror-tree.ts';

export interface CompareOptions extends Pick<MirrorOptions, 'signal' | 'ownerId' | 'onBytes'> {
  /** Copies that are read; all others were compared before, and are judged by what the system says of them. */
  readonly read: ReadonlySet<BytePath>;
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
  const visit = async (a: BytePath, b: BytePath): Promise<string | null> => {
    options.signal.throwIfAborted();
    const one = await lstat(onDisk(a)).catch(() => null);
    const isUnsettled = one === null || changedSince(one, options.unsettledSinceMs);
    if (one === null || (isUnsettled && !one.isDirectory())) return null;
    const other = await lstat(onDisk(b)).catch(() => null);
    const kind = kindOf(one);
    if (kind === 'other' || (isUnsettled && other === null)) return null;
    if (other === null) return `${shown(b)} is missing`;
    if (kindOf(other) !== kind) return `${shown(b)} is another kind of file than ${shown(a)}`;
    if (options.ownerId === null && (one.uid !== other.uid || one.gid !== other.gid))
      return `${shown(b)} belongs to another user`;
    if (kind === 'link')
      return (await readlink(onDisk(a), 'latin1')) === (await readlink(onDisk(b), 'latin1'))
        ? null
        : `${shown(b)} leads elsewhere than ${shown(a)}`;
    if ((one.mode & 0o7777) !== (other.mode & 0o7777)) return `${shown(b)} has other permissions than ${shown(a)}`;
    if (kind === 'file') {
      if (one.size !== other.size) return `${shown(b)} has ${other.size} bytes instead of ${one.size}`;
      done += one.size;
      options.onBytes?.(done);
      const isAlike = options.read.has(b)
        ? await haveSameBytes(a, b, buffers, options.signal)
        : Math.abs(one.mtimeMs - other.mtimeMs) <= TIME_SLACK_MS;
      return isAlike ? null : `${shown(b)} has other content than ${shown(a)}`;
    }
    const names = await readdir(onDisk(a), { encoding: 'latin1' });
    const extra = isUnsettled
      ? undefined
      : (await readdir(onDisk(b), { encoding: 'latin1' })).find((name) => !names.includes(name));
    if (extra !== undefined) return `${shown(below(b, extra))} is not in ${shown(a)}`;
    for (const name of names) {
      const difference = await visit(below(a, name), below(b, name));
      if (difference !== null) return difference;
    }
    return null;
  };
  return visit(bytePath(from), bytePath(to));
}

/**
 * Something below a folder that changed after a moment (change time, which no program can set back), but for one file.
 * @returns its path for people, or null. Folders count too: a name that was taken out of one is a change of it
 */
export async function findChangedSince(folder: string, sinceMs: number, except: string): Promise<string | null> {
  const visit = async (path: BytePath): Promise<string | null> => {
    for (const name of await readdir(onDisk(path), { encoding: 'latin1' })) {
      const entry = below(path, name);
      const found = await lstat(onDisk(entry)).catch(() => null);
      // It went away while we looked: whoever did that changed its folder.
      if (found === null) return shown(path);
      // A file says more than the folder that it changed.
      const late = found.isDirectory() ? await visit(entry) : null;
      if (late !== null) return late;
      if (found.ctimeMs > sinceMs && shown(entry) !== except) return shown(entry);
    }
    return null;
  };
  return visit(bytePath(folder));
}
