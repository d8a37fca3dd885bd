/** Reading service logs: the last lines from the end backwards, and new lines while somebody looks. */
import { closeSync, fstatSync, openSync, readSync, statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

const BLOCK = 64 * 1024;
/** Per follower and 100 ms; a flood is skipped, not queued, so that memory and the wire stay free. */
const MAX_PER_TURN = 64 * 1024;
const TURN_MS = 100;
const MAX_LINE = 64 * 1024;

/** The last `count` lines, oldest first; none when there is no file. Reads only as far back as needed. */
export function lastLines(file: string, count: number): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    const chunks: Buffer[] = [];
    let newlines = 0;
    let at = fstatSync(descriptor).size;
    while (at > 0 && newlines <= count) {
      const length = Math.min(BLOCK, at);
      at -= length;
      const chunk = Buffer.alloc(length);
      readSync(descriptor, chunk, 0, length, at);
      // A hole left by the rotation reads as zeros: what was before it is in an archive.
      const hole = chunk.lastIndexOf(0);
      const useful = hole === -1 ? chunk : chunk.subarray(hole + 1);
      for (const byte of useful) if (byte === 10) newlines += 1;
      chunks.unshift(useful);
      if (hole !== -1) break;
    }
    const lines = Buffer.concat(chunks).toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    closeSync(descriptor);
  }
}

export interface Follower {
  close(): void;
}

/** Calls back with new lines. When it falls behind, it goes on near the end and says how many bytes it left out. */
export function followLog(file: string, onLines: (lines: string[], skippedBytes: number) => void): Follower {
  let position = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const read = (): void => {
    timer = undefined;
    let descriptor: number;
    try {
      descriptor = openSync(file, 'r');
    } catch {
      return; // Between two files; the next event of the folder comes here again.
    }
    try {
      const size = fstatSync(descriptor).size;
      if (size < position) position = 0; // A new file after a restart of the service.
      let skipped = 0;
      if (size - position > 4 * MAX_PER_TURN) {
        skipped = size - position - MAX_PER_TURN;
        position += skipped;
        rest = '';
      }
      const chunk = Buffer.alloc(Math.min(MAX_PER_TURN, size - position));
      position += readSync(descriptor, chunk, 0, chunk.length, position);
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = (lines.pop() ?? '').slice(0, MAX_LINE);
      if (skipped > 0) lines.shift();
      if (lines.length > 0) onLines(lines, skipped);
      if (position < size) schedule();
    } finally {
      closeSync(descriptor);
    }
  };
  const schedule = (): void => {
    if (!closed) timer ??= setTimeout(read, TURN_MS);
  };

  // The folder, not the file: the file may not be there yet, and is another one after a rotation.
  const name = basename(file);
  const watcher: FSWatcher = watch(dirname(file), (_event, changed) => {
    if (changed === null || changed === name) schedule();
  });
  watcher.on('error', () => watcher.close()); // The folder was removed: nothing more will come.
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      watcher.close();
    },
  };
}
