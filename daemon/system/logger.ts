/** The daemon's own log: JSON lines, mode 0600, one older file kept. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../core/system/logger.ts';

const MAX_BYTES = 5 * 1024 * 1024;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** @param file null: nothing is written. @param atLeast lower levels are dropped */
export function createLogger(file: string | null, atLeast: (typeof LEVELS)[number] = 'info'): Logger {
  if (file !== null) mkdirSync(dirname(file), { recursive: true });
  let size = file === null ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);

  const write = (
    level: (typeof LEVELS)[number],
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void => {
    if (file === null || LEVELS.indexOf(level) < LEVELS.indexOf(atLeast)) return;
    const line = `${JSON.stringify({ ts: new Date().toISOString(), level, message, ...fields })}\n`;
    try {
      if (size > MAX_BYTES) {
        renameSync(file, `${file}.1`);
        size = 0;
      }
      appendFileSync(file, line, { mode: 0o600 });
      size += line.length;
    } catch {
      // A full or vanished disk must not end the daemon, and there is no one left to tell.
    }
  };

  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}
