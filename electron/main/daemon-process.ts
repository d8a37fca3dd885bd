/** Finds the daemon, or starts it from the app's own binary run as plain Node; it outlives the window. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, type Client } from '../../client/index.ts';
import { assertHomeIsThere, ownSocket, readDaemonFile } from '../../client/launch/home-folder.ts';
import { createSocketLink } from '../../client/launch/socket-link.ts';
import { START_DEADLINE_MS, startDaemon, type DaemonStart } from '../../client/launch/start-daemon.ts';
import { finishMove } from '../../client/launch/unfinished-move.ts';
import type { AccessLevel } from '../../contract/define.ts';
import type { DaemonFile } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { daemonEnvironment } from './daemon-environment.ts';
import { isNewerVersion } from './versions.ts';

const LOOK_EVERY_MS = 100;
const SOURCE = 'electron';

/** The record of a daemon that answers; null when none does. */
export async function findDaemon(home: string): Promise<DaemonFile | null> {
  const file = readDaemonFile(home, SOURCE);
  if (file === null) return null;
  const answer = await fetch(`${file.url}/healthz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
  return answer?.ok === true ? file : null;
}

/**
 * A client that follows the daemon, over its socket: a program that takes the daemon's port while it is away gets nothing from the app.
 * @param allow the level of its events: what the window may see
 */
export function connectTo(home: string, first: DaemonFile, allow: AccessLevel): Client {
  let last = first;
  const current = (): DaemonFile => (last = readDaemonFile(home, SOURCE) ?? last);
  return createClient(createSocketLink(() => ownSocket(home, current(), SOURCE), allow));
}

export interface AppDaemon extends Pick<DaemonStart, 'home' | 'binary' | 'program'> {
  /** Of this app. A daemon of an older one is replaced; services go on in the meantime. Null: whichever runs will do. */
  readonly version: string | null;
}

/** Rejects with DAEMON_UNREACHABLE. */
export async function ensureDaemon(options: AppDaemon): Promise<DaemonFile> {
  const { home, version } = options;
  const running = await findDaemon(home);
  if (running !== null && (version === null || !isNewerVersion(version, running.version))) return running;
  if (running !== null) await endForSuccessor(home, running);
  await start(options);
  return await answering(home);
}

/** It answers at once when it was ours; one that was started by someone else at the same moment may need a while. */
async function answering(home: string): Promise<DaemonFile> {
  for (
    const deadline = performance.now() + START_DEADLINE_MS;
    performance.now() < deadline;
    await wait(LOOK_EVERY_MS)
  ) {
    const started = await findDaemon(home);
    if (started !== null) return started;
  }
  throw unreachable('it was started, but does not answer');
}

/** Ends a daemon and leaves its services running; resolves when it is gone. */
async function endForSuccessor(home: string, running: DaemonFile): Promise<void> {
  const client = createClient(createSocketLink(() => ownSocket(home, running, SOURCE)));
  const gone = new Promise<void>((resolve) => {
    client.events(
      () => undefined,
      (status) => {
        if (status === 'disconnected') resolve();
      },
    );
  });
  await client.call('daemon.quit', { keepServices: true });
  await gone;
  client.close();
}

async function start({ home, program, binary }: AppDaemon): Promise<void> {
  for (const file of [binary, program])
    if (!existsSync(file)) throw unreachable(`${file} is missing; install Kojibox again`);
  await finishMoveOf(home, binary, join(dirname(dirname(program)), 'mover', 'main.mjs'));
  if ((await findDaemon(home)) !== null) return; // The move started it.
  await startDaemon({ home, binary, program, environment: daemonEnvironment(process.env) });
}

/**
 * Rejects with HOME_MOVE_RUNNING when a move does not come to an end, and with HOME_MISSING when the home leads to a folder that is not there.
 * @param binary the app's own, run as Node
 * @param mover dist/mover/main.mjs
 */
export async function finishMoveOf(home: string, binary: string, mover: string): Promise<void> {
  const environment = daemonEnvironment(process.env);
  await finishMove({ home, binary, mover, environment, tells: false, source: SOURCE });
  assertHomeIsThere(home, SOURCE);
}

const unreachable = (detail: string): KojiboxError =>
  new KojiboxError('DAEMON_UNREACHABLE', 'cannot start the Kojibox daemon', { detail, source: SOURCE });
