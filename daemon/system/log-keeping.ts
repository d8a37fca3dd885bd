/** Looks after the logs of services: notes when their lines arrive, rotates them, bounds them, and brings back what was removed. */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Logger } from '../../core/system/logger.ts';
import { liveLogs, newArchive, removeStart, setAsideName } from './log-archives.ts';
import { createLogClock, type Look } from './log-clock.ts';
import { bringBack, isReplaced, logOfKeep } from './log-live.ts';
import { readMarks, removeMarks } from './log-marks.ts';
import { startLogRotation, type LogRotation, type LogRotationOptions } from './log-rotation.ts';
import { watchLogs } from './log-watch.ts';

export interface LogKeeping extends Pick<LogRotation, 'rotateDue' | 'prepare'> {
  stop(): void;
  /** Marks what has arrived in this log until now, so that what is read next has times that stay. */
  look(file: string): void;
}

/** How often what makes no events is looked at. */
const LOOK_AT_ALL_MS = 5000;

export function startLogKeeping(folder: string, log: Logger, options: LogRotationOptions = {}): LogKeeping {
  const clock = createLogClock(log);
  const rotation = startLogRotation(folder, log, { ...options, look: (file) => void clock.look(file) });
  /** Logs without a name, of which was said so. */
  const said = new Set<string>();

  const list = (): string[] => {
    mkdirSync(folder, { recursive: true });
    const kept = readdirSync(folder).flatMap((name) => logOfKeep(name) ?? []);
    return [...new Set([...liveLogs(folder), ...kept.map((name) => join(folder, name)), ...clock.known()])];
  };

  const look = (file: string): Look | null => {
    const before = clock.lastSeen(file);
    putAsideStranger(file);
    let seen = clock.look(file);
    if (seen === null || (said.has(file) && !existsSync(file))) {
      if (!restore(file, before)) return null;
      seen = clock.look(file);
    }
    if (seen !== null) rotation.noteSize(file, seen.size, seen.markBytes);
    return seen;
  };

  /** A file of the log's name into which its service does not write: what is in it becomes part of the log. */
  const putAsideStranger = (file: string): void => {
    if (isReplaced(file)) renameSync(file, setAsideName(newArchive(file, Date.now()), 0));
  };

  /** @returns false when there is no log of that name any more */
  const restore = (file: string, known: ReturnType<typeof clock.lastSeen>): boolean => {
    mkdirSync(folder, { recursive: true });
    // What was written before the removal.
    const until = readMarks(file)?.marks.at(-1)?.offset ?? 0;
    const outcome = bringBack(file, known);
    if (outcome === 'gone') {
      clock.forget(file);
      said.delete(file);
      removeMarks(file);
      removeStart(file);
      return false;
    }
    if (outcome === 'returned') {
      said.delete(file);
      log.warn('a log was removed while its service wrote into it; it is there again', { file });
      void rotation.dropRemoved(file, until).catch((error: unknown) => {
        log.warn('cannot clear what was removed of a log', { file, error: String(error) });
      });
    } else if (!said.has(file)) {
      said.add(file);
      const remedy = `koji restart ${basename(file, '.log')}`;
      log.warn('a log was removed and cannot get its name again; it is read through its service', { file, remedy });
    }
    return true;
  };

  const watching = watchLogs({
    folder,
    log,
    list,
    look,
    nameOf: (name) => (name.startsWith('.') ? logOfKeep(name) : name.endsWith('.log') ? name : null),
  });
  const timer = setInterval(() => watching.lookAtAll(), options.lookEveryMs ?? LOOK_AT_ALL_MS);
  timer.unref();

  return {
    rotateDue: () => rotation.rotateDue(),
    look: (file) => void look(file),
    async prepare(file) {
      look(file);
      await rotation.prepare(file);
      if (!existsSync(file)) clock.forget(file);
    },
    stop() {
      clearInterval(timer);
      watching.stop();
      rotation.stop();
    },
  };
}
