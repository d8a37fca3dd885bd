/** Ending one daemon without its services, and starting the one of another version. Done by the program that switches. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { trialFile, type InstallLayout } from '../../core/updater/install-layout.ts';
import type { Journal } from '../../core/updater/journal.ts';
import { awaitHealthy, endDaemon as endAny, stopDaemon as stopAny } from '../handover/daemon-end.ts';
import { runStarter } from '../handover/run-starter.ts';
import { LAUNCHER } from '../system/folder-links.ts';

/** How often a daemon of the wrong version may come in between: someone ran koji at the wrong moment. */
const TRIES = 3;

const failed = (version: string, detail: string): KojiboxError =>
  new KojiboxError('UPDATE_FAILED', `cannot switch to ${version}`, { detail, source: 'updater' });

/** Tells the daemon to end without its services and waits until it has; a daemon of `except` may stay. Rejects when it does not end. */
export const stopDaemon = (home: string, except: string): Promise<void> =>
  stopAny(home, { except, failed: (detail) => failed(except, detail) });

/** As {@link stopDaemon}, but one that does not end by itself is killed together with the shell that would start it again. Its services go on. */
export const endDaemon = (home: string, except: string): Promise<void> =>
  endAny(home, { except, failed: (detail) => failed(except, detail) });

/** Starts the daemon of the version that `current` leads to, with that version's own program. Rejects unless it reports healthy, and stays so. */
export async function startDaemonOf(
  install: InstallLayout,
  { id, home }: Pick<Journal, 'id' | 'home'>,
  version: string,
  deadlineMs: number,
): Promise<void> {
  const trial = trialFile(install, id);
  closeSync(openSync(trial, 'w', 0o600));
  const deadline = performance.now() + deadlineMs;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const output = await runStarter({
      command: join(install.current, LAUNCHER.file),
      args: [],
      shell: LAUNCHER.shell,
      home,
      trial,
      deadlineMs,
    });
    const healthy = await awaitHealthy(home, version, deadline);
    if (healthy === 'steady') return;
    if (healthy !== 'other') throw failed(version, `${healthy}${output === '' ? '' : `: ${output}`}`);
    await stopDaemon(home, version);
  }
  throw failed(version, 'daemons of another version were started again and again in between');
}
