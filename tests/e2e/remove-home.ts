/** Ends what runs in a home and deletes it, the way a user does. */
import { spawnSync } from 'node:child_process';

/** Throws with what `koji uninstall` printed when it leaves something. */
export function removeHome(environment: NodeJS.ProcessEnv = process.env): void {
  const { status, signal, stdout, stderr } = spawnSync('./koji', ['uninstall', '--purge', '--yes'], {
    env: environment,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0)
    throw new Error(`koji uninstall ended with ${status ?? signal ?? 'nothing'}:\n${stdout}\n${stderr}`);
}
