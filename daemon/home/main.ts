/**
 * The program that moves the data. It outlives the daemon that started it. It works on the journal beside KOJIBOX_HOME, whoever left it
 * there, and ends with 0 when nothing is left to do.
 */
import { movePathsOf } from '../../contract/home.ts';
import { resumeMoveAs, servicesAreDown } from '../../core/home/journal.ts';
import { takeLock } from '../handover/outliving.ts';
import { concludeMove, readMove, writeMove } from './move-files.ts';
import { discardMove, runMove } from './move-run.ts';

async function main(): Promise<void> {
  const home = process.env['KOJIBOX_HOME'] ?? '';
  if (home === '') throw new Error('KOJIBOX_HOME is not set');
  const lock = await takeLock(movePathsOf(home).lock, () => readMove(home) !== null);
  if (lock === null) return;
  try {
    let journal = readMove(home);
    if (journal === null) return;
    if (resumeMoveAs(journal.step) === 'discard') {
      await discardMove(journal);
      if (!servicesAreDown(journal.step)) {
        concludeMove(journal);
        return;
      }
      // Nothing was switched, but what ran has to run again.
      journal = { ...journal, step: 'start-old' };
      writeMove(journal);
    }
    process.exitCode = (await runMove(journal)) === 'moved' ? 0 : 1;
  } finally {
    lock.release();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(70);
});
