/** Finds the daemon, or starts it from the app's own binary run as plain Node; it outlives the window. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, createHttpLink, type Client } from '../../client/index.ts';
import { daemonCommand } from '../../client/daemon-launch.ts';
import { explainStart } from '../../client/daemon-output.ts';
import { DaemonFileSchema, type DaemonFile } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { daemonFileIn, resolveHome } from '../../contract/home.ts';
import { daemonEnvironment } from './daemon-environment.ts';
import { finishMove } from './unfinished-move.ts';
import { isNewerVersion } from './versions.ts';

const DEADLINE_MS = 20_000;
const LOOK_EVERY_MS = 100;
/** Exit code of a daemon that found another one in its place. */
const ALREADY_RUNNING = 75;

export function homeFolder(): string {
  return resolve(
    resolveHome({
      environment: process.env,
      platform: process.platform,
      isRoot: process.getuid?.() === 0,
      userHome: homedir(),
    }),
  );
}

function readDaemonFile(home: string): DaemonFile | null {
  try {
    return DaemonFileSchema.parse(JSON.parse(readFileSync(daemonFileIn(home), 'utf8')));
  } catch {
    return null; // None was started, or it ended in order.
  }
}

/** The record of a daemon that answers; null when none does. */
export async function findDaemon(home: string): Promise<DaemonFile | null> {
  const file = readDaemonFile(home);
  if (file === null) return null;
  const answer = await fetch(`${file.url}/healthz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
  return answer?.ok === true ? file : null;
}

/** A client that follows the daemon: one that comes back may have another port and another token. */
export function connectTo(home: string, first: DaemonFile): Client {
  let last = first;
  const current = (): DaemonFile => (last = readDaemonFile(home) ?? last);
  return createClient(
    createHttpLink({
      get url() {
        return current().url;
      },
      get token() {
        return current().token;
      },
    }),
  );
}

export interface DaemonStart {
  readonly home: string;
  /** dist/daemon/main.mjs, in a place that stays when the app is closed. */
  readonly program: string;
  /** The app's own executable; with ELECTRON_RUN_AS_NODE it is a Node. */
  readonly binary: string;
  /** Of this app. A daemon of an older one is replaced; services go on meanwhile. Null: whichever runs will do. */
  readonly version: string | null;
}

/** Rejects with DAEMON_UNREACHABLE. */
export async function ensureDaemon(options: DaemonStart): Promise<DaemonFile> {
  const { home, version } = options;
  const running = await findDaemon(home);
  if (running !== null && (version === null || !isNewerVersion(version, running.version))) return running;
  if (running !== null) await endForSuccessor(running);
  await startDaemon(options);
  return await answering(home);
}

/** It answers at once when it was ours; one that was started by somebody else at the same moment may need a while. */
async function answering(home: string): Promise<DaemonFile> {
  for (const deadline = performance.now() + DEADLINE_MS; performance.now() < deadline; await wait(LOOK_EVERY_MS)) {
    const started = await findDaemon(home);
    if (started !== null) return started;
  }
  throw unreachable('it was started, but does not answer');
}

/** Ends a daemon and leaves its services running; resolves when it is gone. */
async function endForSuccessor(running: DaemonFile): Promise<void> {
  const client = createClient(createHttpLink(running));
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

/** Resolves when the daemon says that it is ready; a shell that costs nothing starts it again should it crash. */
async function startDaemon({ home, program, binary }: DaemonStart): Promise<void> {
  for (const file of [binary, program])
    if (!existsSync(file)) throw unreachable(`${file} is missing; install Kojibox again`);
  const log = join(home, 'app', 'logs', 'daemon.out.log');
  await finishMove(home, binary, join(dirname(dirname(program)), 'mover', 'main.mjs'));
  if ((await findDaemon(home)) !== null) return; // The move started it.
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'w', 0o600);
  const { file, args } = daemonCommand(process.platform, binary, program);
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
    cwd: '/',
    env: daemonEnvironment(process.env, home),
  });
  closeSync(output);
  const ready = child.stdio[3] as unknown as NodeJS.ReadableStream & { destroy(): void };
  try {
    await new Promise<void>((started, failed) => {
      const fail = (why: string): void => failed(explainStart(readFileSync(log, 'utf8'), why, log));
      const timer = setTimeout(() => fail(`it did not answer within ${DEADLINE_MS / 1000} s`), DEADLINE_MS);
      ready.on('data', () => {
        clearTimeout(timer);
        started();
      });
      child.on('error', (error) => {
        clearTimeout(timer);
        fail(error.message);
      });
      child.on('exit', (code) => {
        clearTimeout(timer);
        if (code === ALREADY_RUNNING) started();
        else fail(`it ended with code ${code ?? 'unknown'}`);
      });
    });
  } finally {
    ready.destroy();
    child.removeAllListeners();
    child.unref();
  }
}

const unreachable = (detail: string): KojiboxError =>
  new KojiboxError('DAEMON_UNREACHABLE', 'cannot start the Kojibox daemon', { detail, source: 'electron' });
