/**
 * The program that switches versions. It outlives the daemon that started it, ends that daemon without its services, points the installation at
 * the other version, starts that one's daemon, and goes back when it does not report healthy. Without arguments: it works on the journal of the
 * installation it lies in, whoever left it there, and ends with 0 when nothing is left to do.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resumeAs } from '../../core/updater/journal.ts';
import { takeLock } from '../handover/outliving.ts';
import { detectInstallation } from './installation.ts';
import { readJournal, removeJournal } from './journal-files.ts';
import { clearStaging } from './prune.ts';
import { runSwitch } from './switch-run.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { install } = detectInstallation(root, false);

async function main(): Promise<void> {
  if (install === null) return; // Nothing here is switched.
  const lock = await takeLock(install.lock, () => readJournal(install) !== null);
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
