/** A move of the data that was cut off is brought to its end before a daemon starts. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { KojiboxError } from '../../contract/errors.ts';
import { movePathsOf } from '../../contract/home.ts';

/** Each is a kill that was survived. */
const MAX_TRIES = 10;

export const isBeingMoved = (home: string): boolean => existsSync(movePathsOf(home).journal);

/**
 * Waits for a move of the data, and continues with one that was left behind. Rejects with HOME_MOVE_RUNNING when it does not come to an end.
 * @param options.mover dist/mover/main.mjs
 * @param options.environment of the mover; KOJIBOX_HOME is added
 * @param options.tells true: what the mover says goes to standard error
 */
export async function finishMove(options: {
  readonly home: string;
  readonly binary: string;
  readonly mover: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly tells: boolean;
  readonly source: string;
}): Promise<void> {
  const { home, binary, mover, environment, tells, source } = options;
  for (let tries = 0; isBeingMoved(home); tries++) {
    if (tries === MAX_TRIES)
      throw new KojiboxError('HOME_MOVE_RUNNING', 'cannot start Kojibox while its data is between two places', {
        detail: `the move does not come to an end; see ${movePathsOf(home).journal}`,
        source,
      });
    const runner = spawn(binary, ['--no-warnings', mover], {
      stdio: ['ignore', 'ignore', tells ? 'inherit' : 'ignore'],
      cwd: '/',
      env: { ...environment, KOJIBOX_HOME: home },
    });
    await new Promise((ended) => runner.on('error', ended).on('exit', ended));
  }
}
