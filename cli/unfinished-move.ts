/** What a command has to look at before it starts a daemon: a move of the data that was cut off, and a data folder that is not there. */
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { KojiboxError } from '../contract/errors.ts';
import { movePathsOf } from '../contract/home.ts';

/** Each is a kill that was survived. */
const MAX_TRIES = 10;

export const isBeingMoved = (home: string): boolean => existsSync(movePathsOf(home).journal);

/**
 * Waits for a move of the data, and goes on with one that was left behind. Rejects with HOME_MOVE_RUNNING when it does not come to an end.
 * @param mover dist/mover/main.mjs
 */
export async function finishMove(home: string, mover: string): Promise<void> {
  for (let tries = 0; isBeingMoved(home); tries++) {
    if (tries === MAX_TRIES)
      throw new KojiboxError('HOME_MOVE_RUNNING', 'cannot start Kojibox while its data is between two places', {
        detail: `the move does not come to an end; see ${movePathsOf(home).journal}`,
        source: 'cli',
      });
    const runner = spawn(process.execPath, ['--no-warnings', mover], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, KOJIBOX_HOME: home },
    });
    await new Promise((ended) => runner.on('error', ended).on('exit', ended));
  }
}

/** Throws HOME_MISSING when the address leads to a folder that is not there: a disk that is not connected. */
export function assertHomeIsThere(home: string): void {
  if (lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink() !== true || existsSync(home)) return;
  throw new KojiboxError('HOME_MISSING', 'cannot open the data folder', {
    detail: `${home} leads to ${readlinkSync(home)}, which is not there`,
    source: 'cli',
  });
}
