/** What a daemon has to look at before it opens its home. */
import { spawn } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { KojiboxError } from '../../contract/errors.ts';
import { resumeMoveAs } from '../../core/home/journal.ts';
import { layoutOf } from '../../core/layout.ts';
import { readMove, trialOf } from './move-files.ts';
import { isLink } from './places.ts';

/** Each is a kill that was survived. */
const MAX_TRIES = 10;

/**
 * Brings a move to its end that was cut off between two places; what was only prepared is undone once the daemon runs. Rejects with
 * HOME_MOVE_RUNNING when it does not come to an end, and with HOME_MISSING when the address leads to a folder that is not there.
 * @param trial KOJIBOX_TRIAL: the daemon that is tried out by a move does not wait for that move
 */
export async function finishMove(home: string, mover: string, trial: string | undefined): Promise<void> {
  for (let tries = 0; isBetweenPlaces(home, trial); tries++) {
    // Started now, a daemon would make a new home, or get in the way.
    if (tries === MAX_TRIES)
      throw new KojiboxError('HOME_MOVE_RUNNING', 'cannot open the data folder while it is between two places', {
        detail: `its move does not come to an end; see ${layoutOf(home).homeMoveLog}`,
        source: 'home',
      });
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

function isBetweenPlaces(home: string, trial: string | undefined): boolean {
  const journal = readMove(home);
  return journal !== null && trial !== trialOf(journal) && resumeMoveAs(journal.step) === 'go-on';
}
