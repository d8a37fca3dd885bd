/** A program that outlives the daemon which starts it, and the lock by which one of them at a time works on a journal. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { acquireLock, type DaemonLock } from '../daemon-lock.ts';

const LOOK_EVERY_MS = 200;

export interface OutlivingProgram {
  readonly node: string;
  readonly program: string;
  readonly args?: readonly string[];
  readonly logFile: string;
  readonly home: string;
  onError(error: Error): void;
}

/** In a session of its own, so that it is not ended with the daemon. */
export function startOutliving({ node, program, args = [], logFile, home, onError }: OutlivingProgram): void {
  mkdirSync(dirname(logFile), { recursive: true });
  const output = openSync(logFile, 'a', 0o600);
  const child = spawn(node, ['--no-warnings', program, ...args], {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
    env: { ...process.env, KOJIBOX_HOME: home, KOJIBOX_READY_FD: undefined },
  });
  child.on('error', onError);
  child.unref();
  closeSync(output);
}

/** Waits for the lock. @returns null when there is nothing to do any more: whoever held it has come to the end */
export async function takeLock(file: string, isOpen: () => boolean): Promise<DaemonLock | null> {
  for (;;) {
    if (!isOpen()) return null;
    const lock = acquireLock(file);
    if (lock !== null) return lock;
    await wait(LOOK_EVERY_MS);
  }
}

/** Whether no one who is alive holds it. */
export function isAbandoned(file: string): boolean {
  const lock = acquireLock(file);
  lock?.release();
  return lock !== null;
}
