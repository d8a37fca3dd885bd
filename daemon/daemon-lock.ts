/** One daemon per home: a lock file with the identity of its holder, so that a dead one never blocks. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { identifyNow, isSameNow } from './system/process-facts.linux.ts';
import type { ProcessIdentity } from '../core/system/processes.ts';

export interface DaemonLock {
  release(): void;
}

/** @returns null when another daemon that is alive holds it */
export function acquireLock(file: string): DaemonLock | null {
  const mine = identifyNow(process.pid);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const descriptor = openSync(file, 'wx', 0o600);
      writeSync(descriptor, JSON.stringify(mine));
      closeSync(descriptor);
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder !== null && isSameNow(holder)) return null;
    rmSync(file, { force: true });
  }
  return null;
}

function readHolder(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return null; // Gone meanwhile, or written half by a daemon that was killed.
  }
}
