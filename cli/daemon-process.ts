/** Finds the daemon of this home, or starts one. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DAEMON_ENVIRONMENT, daemonCommand } from '../client/daemon-launch.ts';
import { explainStart } from '../client/daemon-output.ts';
import { createClient, type Client } from '../client/index.ts';
import { DaemonFileSchema, type DaemonFile } from '../contract/daemon.ts';
import { KojiboxError } from '../contract/errors.ts';
import { daemonFileIn, resolveHome } from '../contract/home.ts';
import { createSocketLink } from './socket-link.ts';
import { assertHomeIsThere, finishMove } from './unfinished-move.ts';

const START_DEADLINE_MS = 20_000;
const LOOK_EVERY_MS = 100;

/** The built parts lie side by side: dist/cli/main.mjs, dist/daemon/main.mjs, … */
export const distFolder = dirname(dirname(fileURLToPath(import.meta.url)));

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

/** The daemon's own record, or null when there is none (or it is not readable as one). */
export function readDaemonFile(): DaemonFile | null {
  try {
    return DaemonFileSchema.parse(JSON.parse(readFileSync(daemonFileIn(homeFolder()), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new KojiboxError('PERMISSION_DENIED', 'cannot read how to reach the daemon', {
        detail: `${daemonFileIn(homeFolder())} belongs to another user`,
        source: 'cli',
        remedy: 'Run koji as the user who started Kojibox, or set KOJIBOX_HOME to a folder of your own.',
      });
    }
    return null; // No daemon, or a file that a dying daemon left behind: the socket decides.
  }
}

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
  return createClient(createSocketLink(() => readDaemonFile()?.socket ?? file.socket));
}

/** @returns a client of the running daemon; starts one in the background when none runs */
export async function ensureDaemon(): Promise<Client> {
  const running = await findDaemon();
  if (running !== null) return running;
  // Between two versions no daemon runs for a moment; and what a kill left half switched is brought to its end first.
  await finishMove(homeFolder(), join(distFolder, 'mover', 'main.mjs'));
  assertHomeIsThere(homeFolder());
  await finishUpdate();
  if ((await findDaemon()) === null) await startDaemon();
  // One that was started by somebody else at the same moment may need a while.
  let started = await findDaemon();
  for (const deadline = performance.now() + START_DEADLINE_MS; started === null && performance.now() < deadline;) {
    await wait(LOOK_EVERY_MS);
    started = await findDaemon();
  }
  if (started === null) {
    throw new KojiboxError('DAEMON_UNREACHABLE', 'cannot reach the daemon that was just started', {
      detail: `see ${daemonLog()}`,
      source: 'cli',
    });
  }
  return started;
}

export const daemonProgram = (): string => join(distFolder, 'daemon', 'main.mjs');
const daemonLog = (): string => join(homeFolder(), 'app', 'logs', 'daemon.out.log');

/** Waits for an update of this installation, and goes on with one that was left behind. */
async function finishUpdate(): Promise<void> {
  const journal = join(distFolder, '..', '..', '..', 'update.json');
  if (!existsSync(journal)) return;
  mkdirSync(dirname(daemonLog()), { recursive: true });
  const output = openSync(join(homeFolder(), 'app', 'logs', 'update.log'), 'a', 0o600);
  const runner = spawn(process.execPath, ['--no-warnings', join(distFolder, 'updater', 'main.mjs')], {
    stdio: ['ignore', output, output],
    env: { ...process.env, KOJIBOX_HOME: homeFolder() },
  });
  closeSync(output);
  await new Promise((ended) => runner.on('error', ended).on('exit', ended));
}

export interface StartOptions {
  readonly deadlineMs?: number;
  /** True: a daemon that does not answer in time is ended, instead of being left to try again. */
  readonly endsOnFailure?: boolean;
}

/** Resolves when the daemon answers; rejects with what it printed when it ends before that. */
export async function startDaemon({
  deadlineMs = START_DEADLINE_MS,
  endsOnFailure = false,
}: StartOptions = {}): Promise<void> {
  mkdirSync(dirname(daemonLog()), { recursive: true });
  const output = openSync(daemonLog(), 'w', 0o600);
  const { file, args } = daemonCommand(process.platform, process.execPath, daemonProgram());
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
    env: { ...process.env, ...DAEMON_ENVIRONMENT, KOJIBOX_HOME: homeFolder(), KOJIBOX_READY_FD: '3' },
    cwd: '/',
  });
  closeSync(output);
  const ready = child.stdio[3] as unknown as NodeJS.ReadableStream & { destroy(): void };
  try {
    await new Promise<void>((started, failed) => {
      const fail = (why: string): void => failed(explainStart(readFileSync(daemonLog(), 'utf8'), why, daemonLog()));
      const timer = setTimeout(() => {
        if (endsOnFailure && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        fail(`it did not answer within ${deadlineMs / 1000} s`);
      }, deadlineMs);
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
        // 75: somebody else's daemon won the race; it will do.
        if (code === 75) started();
        else fail(`it ended with code ${code ?? 'unknown'}`);
      });
    });
  } finally {
    // Else one that neither answers nor ends keeps this process, after it has told its error.
    ready.destroy();
    child.removeAllListeners();
    child.unref();
  }
}
