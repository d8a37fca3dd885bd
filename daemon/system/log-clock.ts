/**
 * Notes when the bytes of live logs arrive. Services write straight into their files, so only their size and the time of their last write
 * can be seen: both are asked for at once, and make one exact mark.
 */
import { closeSync, type Stats } from 'node:fs';
import { CLOSE_MS, type Mark } from '../../core/logs/arrivals.ts';
import type { Logger } from '../../core/system/logger.ts';
import { readStart, removeStart } from './log-archives.ts';
import { keepLog, openLive } from './log-live.ts';
import { addMark, marksFileOf, readMarks, writeMarks } from './log-marks.ts';

export interface Look {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** Since the look before. */
  readonly grownBytes: number;
  readonly markBytes: number;
}

export interface LogClock {
  /** Marks what has arrived until now. Null when there is no such log. */
  look(file: string): Look | null;
  /** Logs that were looked at and not forgotten. */
  known(): Iterable<string>;
  /** What had the name last. */
  lastSeen(file: string): { readonly dev: number; readonly ino: number } | undefined;
  /** The log was closed; a file of that name is another one. */
  forget(file: string): void;
}

/** A log that grows is looked at more often than this. */
const STEADY_MS = 400;

interface State {
  readonly dev: number;
  readonly ino: number;
  offset: number;
  at: number;
  /** Of the last look, ms since 1970. */
  lookedAt: number;
  /** It had not grown then. */
  pauses: boolean;
  /** False until the first look of this daemon is done. */
  watched: boolean;
  markBytes: number;
}

/** @param now ms since 1970 */
export function createLogClock(log: Pick<Logger, 'warn'>, now: () => number = Date.now): LogClock {
  const states = new Map<string, State>();
  const startedAt = now();
  let hasWarned = false;

  const begin = (file: string, stat: Stats, before: State | undefined): State => {
    const same = before?.ino === stat.ino && before.dev === stat.dev;
    const known = before === undefined ? readMarks(file) : null;
    const last = known?.marks.at(-1);
    const inode = { dev: stat.dev, ino: stat.ino };
    if (known?.inode === stat.ino && last !== undefined && last.offset <= stat.size) {
      // Without what was half written when the machine stopped.
      writeMarks(file, known);
      return { ...inode, offset: last.offset, at: last.at, lookedAt: 0, pauses: true, watched: false, markBytes: 0 };
    }
    // It was cut to nothing below us: what was archived of it says nothing about what is in it now.
    if (same) removeStart(file);
    const base = readStart(file);
    const began = same ? before.at : Math.min(stat.birthtimeMs || stat.mtimeMs, stat.mtimeMs, now());
    const anchor = { offset: base, at: Math.round(began), came: 'steady' as const };
    writeMarks(file, { inode: stat.ino, base, marks: [anchor] });
    const watched = before !== undefined || stat.birthtimeMs >= startedAt;
    return { ...inode, offset: base, at: anchor.at, lookedAt: 0, pauses: true, watched, markBytes: 0 };
  };

  const howCame = (state: State, at: number): Mark['came'] => {
    if (!state.watched && at - state.at > CLOSE_MS) return 'unwatched';
    // A log that paused is looked at as soon as it grows again.
    return state.pauses || now() - state.lookedAt > STEADY_MS ? 'sudden' : 'steady';
  };

  const note = (file: string, stat: Stats): Look => {
    let state = states.get(file);
    if (state === undefined || state.ino !== stat.ino || state.dev !== stat.dev || stat.size < state.offset) {
      state = begin(file, stat, state);
      keepLog(file, stat);
    }
    const grownBytes = stat.size - state.offset;
    if (grownBytes > 0) {
      const at = Math.max(state.at, Math.round(Math.min(stat.mtimeMs, now())));
      state.markBytes = addMark(file, { offset: stat.size, at, came: howCame(state, at) });
      Object.assign(state, { offset: stat.size, at });
    }
    state.watched = true;
    state.pauses = grownBytes === 0;
    state.lookedAt = now();
    states.set(file, state);
    return { dev: stat.dev, ino: stat.ino, size: stat.size, grownBytes, markBytes: state.markBytes };
  };

  return {
    look(file) {
      const open = openLive(file);
      if (open === null) return null;
      try {
        return note(file, open.stat);
      } catch (error) {
        // A full disk, most likely. The lines are there all the same, only their times are less exact.
        if (!hasWarned) log.warn('cannot note when lines arrive', { file: marksFileOf(file), error: String(error) });
        hasWarned = true;
        return { dev: open.stat.dev, ino: open.stat.ino, size: open.stat.size, grownBytes: 0, markBytes: 0 };
      } finally {
        closeSync(open.descriptor);
      }
    },
    known: () => states.keys(),
    lastSeen: (file) => states.get(file),
    forget: (file) => void states.delete(file),
  };
}
