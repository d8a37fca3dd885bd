/** Which process still writes into a log that has lost its name. proc(5): `/proc/PID/fd/N` leads to the file itself, whatever its name. */
import { readdirSync, statSync } from 'node:fs';
import type { Inode } from './log-readers.ts';

/** Services have their log as stdout and stderr. @returns a path that opens the file, or null when no process holds it */
export function findHolder({ dev, ino }: Inode): string | null {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of [1, 2]) {
      const path = `/proc/${pid}/fd/${descriptor}`;
      const stat = statOf(path);
      if (stat?.dev === dev && stat.ino === ino) return path;
    }
  }
  return null;
}

function statOf(path: string): Inode | null {
  try {
    return statSync(path);
  } catch {
    return null; // It ended, it is of another user, or the descriptor is closed.
  }
}
