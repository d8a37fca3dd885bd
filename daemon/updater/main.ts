/**
 * The program that switches versions. It outlives the daemon that started it, ends that daemon without its services, points the installation at
 * the other version, starts that one's daemon, and goes back when it does not report healthy. Without arguments: it works on the journal of the
 * installation it lies in, whoever left it there, and ends with 0 when nothing is left to do.
 */
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { resumeAs } from '../../core/updater/journal.ts';
import { acquireLock, type DaemonLock } from '../daemon-lock.ts';
import { detectInstallation } from './installation.ts';
import { readJournal, removeJournal } from './journal-files.ts';
import { clearStaging } from './prune.ts';
import { runSwitch } from './switch-run.ts';
import type { InstallLayout } from '../../core/updater/install-layout.ts';

const LOOK_EVERY_MS = 200;

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { install } = detectInstallation(root, false);

/** Null when the journal is gone: whoever held the lock has come to the end. */
async function takeLock(of: InstallLayout): Promise<DaemonLock | null> {
  for (;;) {
    if (readJournal(of) === null) return null;
    const lock = acquireLock(of.lock);
    if (lock !== null) return lock;
    await wait(LOOK_EVERY_MS);
  }
}

async function main(): Promise<void> {
  if (install === null) return; // Nothing here is switched.
  const lock = await takeLock(install);
  if (lock === null) return;
  try {
    const journal = readJournal(install);
    if (journal === null) return;
    if (resumeAs(journal.step) === 'discard') {
      clearStaging(install);
      removeJournal(install);
      return;
    }
    process.exitCode = (await runSwitch(install, journal)) === 'updated' ? 0 : 1;
  } finally {
    lock.release();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(70);
});
