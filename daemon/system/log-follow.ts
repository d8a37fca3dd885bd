/** New lines of a log while somebody looks. A flood is skipped, not queued, so that memory and the wire stay free. */
import { closeSync, fstatSync, openSync, readSync, statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Per log and turn. */
const MAX_PER_TURN = 64 * 1024;
const TURN_MS = 100;
const MAX_LINE = 64 * 1024;
const NEWLINE = 10;

export interface Follower {
  close(): void;
}

/**
 * Calls back with new lines, at most 64 KiB of them in 100 ms. When it falls behind, it goes on near the end and says how many bytes it
 * left out. The folder must exist; the file need not.
 */
export function followLog(file: string, onLines: (lines: string[], skippedBytes: number) => void): Follower {
  const before = statSync(file, { throwIfNoEntry: false });
  let inode = before?.ino ?? 0;
  let position = before?.size ?? 0;
  /** The beginning of a line whose end is not written yet. */
  let rest: Buffer = Buffer.alloc(0);
  /** True: the rest of a line that was left out in part has to be passed over. */
  let inSkippedLine = false;
  let skipped = 0;
  let timer: NodeJS.Timeout | undefined;
  let lastTurn = 0;
  let closed = false;

  const read = (): void => {
    timer = undefined;
    lastTurn = performance.now();
    let descriptor: number;
    try {
      descriptor = openSync(file, 'r');
    } catch {
      return; // Between two files; the folder's next event comes here again.
    }
    try {
      const stat = fstatSync(descriptor);
      if (stat.ino !== inode || stat.size < position) {
        ({ ino: inode } = stat);
        position = 0;
        rest = Buffer.alloc(0);
        inSkippedLine = false;
      }
      if (stat.size - position > MAX_PER_TURN) {
        skipped += stat.size - position - MAX_PER_TURN + rest.length;
        position = stat.size - MAX_PER_TURN;
        rest = Buffer.alloc(0);
        inSkippedLine = true;
      }
      const chunk = Buffer.alloc(Math.min(MAX_PER_TURN, stat.size - position));
      const length = readSync(descriptor, chunk, 0, chunk.length, position);
      position += length;
      const lines = take(chunk.subarray(0, length));
      if (lines.length > 0) {
        onLines(lines, skipped);
        skipped = 0;
      }
      if (position < fstatSync(descriptor).size) schedule();
    } finally {
      closeSync(descriptor);
    }
  };

  /** Whole lines; cut as bytes, because a chunk may end in the middle of a character. */
  const take = (chunk: Buffer): string[] => {
    let bytes = Buffer.concat([rest, chunk]);
    if (inSkippedLine) {
      const end = bytes.indexOf(NEWLINE);
      skipped += end === -1 ? bytes.length : end + 1;
      if (end === -1) return [];
      bytes = bytes.subarray(end + 1);
      inSkippedLine = false;
    }
    const end = bytes.lastIndexOf(NEWLINE);
    rest = Buffer.from(bytes.subarray(end + 1));
    const lines = end === -1 ? [] : bytes.toString('utf8', 0, end).split('\n');
    if (rest.length > MAX_LINE) {
      lines.push(`${rest.toString('utf8')} …`);
      rest = Buffer.alloc(0);
      inSkippedLine = true;
    }
    return lines;
  };

  const schedule = (): void => {
    if (!closed) timer ??= setTimeout(read, Math.max(0, lastTurn + TURN_MS - performance.now()));
  };

  // The folder, not the file: the file may not be there yet, and is another one after a start.
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
