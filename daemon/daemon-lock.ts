/** One daemon per home: a lock file with the identity of its holder, so that a dead one never blocks. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identifyNow, isSameNow } from './system/process-facts.linux.ts';
import type { ProcessIdentity } from '../core/system/processes.ts';

export interface DaemonLock {
  release(): void;
}

const TRIES = 3;

/** @returns null when another process that is alive holds it */
export function acquireLock(file: string): DaemonLock | null {
  const mine = JSON.stringify(identifyNow(process.pid));
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (place(file, mine)) return { release: () => rmSync(file, { force: true }) };
    const text = read(file);
    if (text === null) continue; // Let go of meanwhile.
    const holder = parse(text);
    if (holder !== null && isSameNow(holder)) return null;
    takeAway(file, text);
  }
  return null;
}

/** link(2) makes the lock and its content appear at once: nobody ever reads an empty one and takes its holder for dead. */
function place(file: string, text: string): boolean {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes the lock of a dead holder, and not the one that somebody else put there a moment ago. */
function takeAway(file: string, text: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (read(aside) !== text) linkSync(aside, file);
  } catch (error) {
    // ENOENT: another one was quicker. EEXIST: and has the lock by now.
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parse(text: string): ProcessIdentity | null {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return null; // Of an older version, which a kill could leave half written.
  }
}
