/** What a daemon has to look at before it opens its home. */
import { spawn } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { KojiboxError } from '../../contract/errors.ts';
import { resumeMoveAs } from '../../core/home/journal.ts';
import { readMove, trialOf } from './move-files.ts';
import { isLink } from './places.ts';

/**
 * Brings a move to its end that was cut off between two places; what was only prepared is undone once the daemon runs. Rejects with
 * HOME_MISSING when the address leads to a folder that is not there.
 * @param trial KOJIBOX_TRIAL: the daemon that is tried out by a move does not wait for that move
 */
export async function finishMove(home: string, mover: string, trial: string | undefined): Promise<void> {
  const journal = readMove(home);
  if (journal !== null && trial !== trialOf(journal) && resumeMoveAs(journal.step) === 'go-on') {
    const child = spawn(process.execPath, ['--no-warnings', mover], {
      stdio: ['ignore', 'ignore', 'inherit'],
      cwd: '/',
      env: { ...process.env, KOJIBOX_HOME: home, KOJIBOX_READY_FD: undefined },
    });
    await new Promise((ended) => child.on('error', ended).on('exit', ended));
  }
  if (!isLink(home) || existsSync(home)) return;
  throw new KojiboxError('HOME_MISSING', 'cannot open the data folder', {
    detail: `${home} leads to ${readlinkSync(home)}, which is not there`,
    source: 'home',
  });
}
