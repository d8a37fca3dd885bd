/** New lines of a log while someone looks. A flood is skipped, not queued, so that memory and the wire stay free. */
import { closeSync, fstatSync, readSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { openLive, type OpenLog } from './log-live.ts';
import { droppedUntil, generationOf, holdFollowed, type Inode } from './log-readers.ts';

/** Per log and turn. */
const MAX_PER_TURN = 64 * 1024;
const TURN_MS = 100;
const MAX_LINE = 64 * 1024;
const NEWLINE = 10;

export interface Followed {
  /** Whole lines. Of a monstrous one, its beginning. */
  readonly lines: string[];
  /** As they were written, with their newlines, and where that lies in the file. */
  readonly bytes: Buffer;
  readonly offset: number;
  readonly inode: number;
  /** Left out before these lines. */
  readonly skippedBytes: number;
}

interface Held {
  readonly descriptor: number;
  readonly inode: Inode;
  /** See log-readers.ts. */
  generation: number;
  size(): number;
  isSame(other: OpenLog): boolean;
  close(): void;
}

export interface Follower {
  close(): void;
}

/**
 * Calls back with new lines, at most 64 KiB of them in 100 ms. When it falls behind, it continues near the end and says how many bytes it
 * left out. The folder must exist; the file need not.
 */
export function followLog(file: string, onLines: (followed: Followed) => void): Follower {
  /** The file that is read, also when another one has its name by now: first it is read to its end. */
  let held: Held | null = holdLog(openLive(file));
  let position = held?.size() ?? 0;
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
    const isMore = held !== null && readHeld(held);
    if (isMore) {
      schedule();
      return;
    }
    const now = openLive(file);
    // Between two files; the folder's next event comes here again.
    if (now === null) return;
    if (held?.isSame(now) === true) {
      closeSync(now.descriptor);
      return;
    }
    held?.close();
    held = holdLog(now);
    startAt(0);
    schedule();
  };

  /** @returns whether there is more */
  const readHeld = (log: Held): boolean => {
    const size = log.size();
    if (size < position || generationOf(log.inode) !== log.generation) {
      log.generation = generationOf(log.inode);
      startAt(0);
    }
    // What was given up is not there any more.
    const start = Math.min(size, droppedUntil(log.inode));
    if (start > position) {
      skipped += start - position + rest.length;
      startAt(start);
    }
    if (size - position > MAX_PER_TURN) {
      skipped += size - position - MAX_PER_TURN + rest.length;
      startAt(size - MAX_PER_TURN);
      inSkippedLine = true;
    }
    const chunk = Buffer.alloc(Math.min(MAX_PER_TURN, size - position));
    const length = readSync(log.descriptor, chunk, 0, chunk.length, position);
    position += length;
    const taken = take(chunk.subarray(0, length));
    if (taken.lines.length > 0) {
      onLines({ ...taken, inode: log.inode.ino, skippedBytes: skipped });
      skipped = 0;
    }
    return position < log.size();
  };

  const startAt = (offset: number): void => {
    position = offset;
    rest = Buffer.alloc(0);
    inSkippedLine = false;
  };

  /** Whole lines; cut as bytes, because a chunk may end in the middle of a character. */
  const take = (chunk: Buffer): Pick<Followed, 'lines' | 'bytes' | 'offset'> => {
    let bytes = Buffer.concat([rest, chunk]);
    if (inSkippedLine) {
      const end = bytes.indexOf(NEWLINE);
      skipped += end === -1 ? bytes.length : end + 1;
      if (end === -1) return { lines: [], bytes: Buffer.alloc(0), offset: position };
      bytes = bytes.subarray(end + 1);
      inSkippedLine = false;
    }
    const offset = position - bytes.length;
    const end = bytes.lastIndexOf(NEWLINE);
    rest = Buffer.from(bytes.subarray(end + 1));
    const lines = end === -1 ? [] : bytes.toString('utf8', 0, end).split('\n');
    if (rest.length > MAX_LINE) {
      lines.push(`${rest.toString('utf8')} …`);
      rest = Buffer.alloc(0);
      inSkippedLine = true;
      return { lines, bytes, offset };
    }
    return { lines, bytes: bytes.subarray(0, end + 1), offset };
  };

  function holdLog(open: OpenLog | null): Held | null {
    if (open === null) return null;
    const { descriptor, stat } = open;
    const release = holdFollowed(stat, () => position);
    return {
      descriptor,
      inode: stat,
      generation: generationOf(stat),
      size: () => fstatSync(descriptor).size,
      isSame: (other) => other.stat.ino === stat.ino && other.stat.dev === stat.dev,
      close() {
        release();
        closeSync(descriptor);
      },
    };
  }

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
      held?.close();
      held = null;
    },
  };
}
