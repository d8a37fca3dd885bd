/** Finds the daemon of this home, or starts one. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient, type Client } from '../client/index.ts';
import * as launch from '../client/launch/home-folder.ts';
import {
  daemonOutputIn,
  START_DEADLINE_MS,
  startDaemon as launchDaemon,
  type DaemonStart,
} from '../client/launch/start-daemon.ts';
import { finishMove } from '../client/launch/unfinished-move.ts';
import type { DaemonFile } from '../contract/daemon.ts';
import { KojiboxError } from '../contract/errors.ts';
import { createSocketLink } from '../client/launch/socket-link.ts';

const LOOK_EVERY_MS = 100;
const SOURCE = 'cli';

/** The built parts lie side by side: dist/cli/main.mjs, dist/daemon/main.mjs, … */
export const distFolder = dirname(dirname(fileURLToPath(import.meta.url)));

export const homeFolder = launch.homeFolder;
/** See `readDaemonFile` of client/launch. */
export const readDaemonFile = (): DaemonFile | null => launch.readDaemonFile(homeFolder(), SOURCE);

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(socketPath);
    socket.on('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.on('error', () => answer(false));
  });
}

/** @returns a client of the running daemon, or null when none runs */
export async function findDaemon(): Promise<Client | null> {
  const file = readDaemonFile();
  if (file === null || !(await accepts(file.socket))) return null;
  return createClient(createSocketLink(() => launch.ownSocket(homeFolder(), readDaemonFile() ?? file, SOURCE)));
}

/** @returns a client of the running daemon; starts one in the background when none runs */
export async function ensureDaemon(): Promise<Client> {
  const running = await findDaemon();
  if (running !== null) return running;
  // Between two versions no daemon runs for a moment; and what a kill left half switched is brought to its end first.
  await finishMove({
    home: homeFolder(),
    binary: process.execPath,
    mover: join(distFolder, 'mover', 'main.mjs'),
    environment: process.env,
    tells: true,
    source: SOURCE,
  });
  launch.assertHomeIsThere(homeFolder(), SOURCE);
  await finishUpdate();
  if ((await findDaemon()) === null) await startDaemon();
  // One that was started by someone else at the same moment may need a while.
  let started = await findDaemon();
  for (const deadline = performance.now() + START_DEADLINE_MS; started === null && performance.now() < deadline;) {
    await wait(LOOK_EVERY_MS);
    started = await findDaemon();
  }
  if (started === null) {
    throw new KojiboxError('DAEMON_UNREACHABLE', 'cannot reach the daemon that was just started', {
      detail: `see ${daemonOutputIn(homeFolder())}`,
      source: SOURCE,
    });
  }
  return started;
}

export const daemonProgram = (): string => join(distFolder, 'daemon', 'main.mjs');

/** Waits for an update of this installation, and continues with one that was left behind. */
async function finishUpdate(): Promise<void> {
  const journal = join(distFolder, '..', '..', '..', 'update.json');
  if (!existsSync(journal)) return;
  const log = join(homeFolder(), 'app', 'logs', 'update.log');
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'a', 0o600);
  const runner = spawn(process.execPath, ['--no-warnings', join(distFolder, 'updater', 'main.mjs')], {
    stdio: ['ignore', output, output],
    env: { ...process.env, KOJIBOX_HOME: homeFolder() },
  });
  closeSync(output);
  await new Promise((ended) => runner.on('error', ended).on('exit', ended));
}

/** See `startDaemon` of client/launch. */
export const startDaemon = (options: Pick<DaemonStart, 'deadlineMs' | 'endsOnFailure'> = {}): Promise<void> =>
  launchDaemon({
    home: homeFolder(),
    binary: process.execPath,
    program: daemonProgram(),
    environment: process.env,
    ...options,
  });
