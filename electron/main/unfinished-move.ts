/** A move of the data that was cut off is brought to its end before a daemon starts; a data folder that is not there is told. */
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { KojiboxError } from '../../contract/errors.ts';
import { movePathsOf } from '../../contract/home.ts';

/** Each is a kill that was survived. */
const MAX_TRIES = 10;

/**
 * Rejects with HOME_MOVE_RUNNING when a move does not come to an end, and with HOME_MISSING when the home leads to a folder that is not there.
 * @param binary the app's own, run as Node; @param mover dist/mover/main.mjs
 */
export async function finishMove(home: string, binary: string, mover: string): Promise<void> {
  for (let tries = 0; existsSync(movePathsOf(home).journal); tries++) {
    if (tries === MAX_TRIES)
      throw new KojiboxError('HOME_MOVE_RUNNING', 'cannot start Kojibox while its data is between two places', {
        detail: `the move does not come to an end; see ${movePathsOf(home).journal}`,
        source: 'electron',
      });
    const runner = spawn(binary, [mover], {
      stdio: 'ignore',
      cwd: '/',
      env: { ...process.env, KOJIBOX_HOME: home, ELECTRON_RUN_AS_NODE: '1' },
    });
    await new Promise((ended) => runner.on('error', ended).on('exit', ended));
  }
  if (lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink() !== true || existsSync(home)) return;
  throw new KojiboxError('HOME_MISSING', 'cannot open the data folder', {
    detail: `${home} leads to ${readlinkSync(home)}, which is not there`,
    source: 'electron',
  });
}
