/**
 * Looks at the live logs of a folder when they grow: at once after a pause, then a few times a second as long as they grow, and more often
 * the faster they do. While a log is flooded, nothing is watched but asked for, because each of its writes would be an event.
 */
import { statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../core/system/logger.ts';

/** Between two looks at a log that grows. */
const USUAL_MS = 250;
/** Of a log that got MANY_BYTES since the look before. */
const FLOODED_MS = 40;
const MANY_BYTES = 2 * 1024 * 1024;
/** Of a log whose marks are many: one that writes a little all the time. */
const TRICKLE_MS = 1000;
const MANY_MARK_BYTES = 512 * 1024;

export interface Looked {
  readonly grownBytes: number;
  readonly markBytes: number;
}

export interface LogWatchOptions {
  readonly folder: string;
  readonly log: Pick<Logger, 'warn'>;
  /** All live logs there are, as paths. */
  list(): string[];
  /** Null when there is no such log. */
  look(file: string): Looked | null;
  /** Whether this name in the folder is one of a live log; gives the log's own name. */
  nameOf(name: string): string | null;
}

export interface LogWatch {
  stop(): void;
  /** Looks at all logs, and begins to watch the folder again if it was removed in between. */
  lookAtAll(): void;
}

export function watchLogs({ folder, log, list, look, nameOf }: LogWatchOptions): LogWatch {
  let stopped = false;
  let watcher: FSWatcher | null = null;
  /** Of the folder that is watched: one of the same name is another one. */
  let watched = 0;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Infinity;
  /** By log: when to look next, in ms of the process's own clock. */
  const due = new Map<string, number>();
  /** The last look at each log. */
  const lookedAt = new Map<string, number>();
  let flooded = false;

  const schedule = (file: string, at: number): void => {
    due.set(file, Math.min(at, due.get(file) ?? Infinity));
    if (stopped || at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(turn, Math.max(0, at - performance.now()));
    timer.unref();
  };

  const turn = (): void => {
    timerAt = Infinity;
    const now = performance.now();
    let isFlood = false;
    const next: [string, number][] = [];
    for (const [file, at] of due) {
      if (at > now + 1) {
        next.push([file, at]);
        continue;
      }
      due.delete(file);
      const result = lookSafely(file);
      lookedAt.set(file, now);
      if (result === null || result.grownBytes <= 0) continue;
      isFlood ||= result.grownBytes >= MANY_BYTES;
      next.push([file, now + pauseAfter(result)]);
    }
    setFlooded(isFlood, now);
    for (const [file, at] of next) schedule(file, at);
  };

  const lookSafely = (file: string): Looked | null => {
    try {
      return look(file);
    } catch (error) {
      log.warn('cannot look at a log', { file, error: String(error) });
      return null;
    }
  };

  /** Without events, the other logs are looked at in turns as well. */
  const setFlooded = (isFlood: boolean, now: number): void => {
    if (isFlood) for (const file of list()) schedule(file, now + USUAL_MS);
    if (isFlood === flooded) return;
    flooded = isFlood;
    if (flooded) closeWatcher();
    else openWatcher();
  };

  const closeWatcher = (): void => {
    watcher?.close();
    watcher = null;
  };
  const openWatcher = (): void => {
    if (stopped || watcher !== null) return;
    try {
      watcher = watch(folder, { persistent: false }, (_event, changed) => {
        const name = changed === null ? null : nameOf(changed);
        if (name === null) return;
        const file = join(folder, name);
        schedule(file, Math.max(performance.now(), (lookedAt.get(file) ?? 0) + USUAL_MS));
      });
      watcher.on('error', closeWatcher);
      watched = statSync(folder).ino;
    } catch {
      return; // The folder is not there; `lookAtAll` comes again.
    }
    // What happened before the watch began.
    for (const file of list()) schedule(file, performance.now());
  };

  openWatcher();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      closeWatcher();
    },
    lookAtAll() {
      const files = list();
      if (statSync(folder, { throwIfNoEntry: false })?.ino !== watched) closeWatcher();
      if (!flooded) openWatcher();
      for (const file of files) schedule(file, performance.now());
    },
  };
}

function pauseAfter({ grownBytes, markBytes }: Looked): number {
  if (grownBytes >= MANY_BYTES) return FLOODED_MS;
  return markBytes >= MANY_MARK_BYTES ? TRICKLE_MS : USUAL_MS;
}
