/** Starts the daemon as a process of its own, which outlives who started it. */
import { spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAEMON_ENVIRONMENT, daemonCommand } from '../daemon-launch.ts';
import { explainStart } from '../daemon-output.ts';
import { openOutput } from './open-output.ts';

export const START_DEADLINE_MS = 20_000;
/** Exit code of a daemon that found another one in its place. */
const ALREADY_RUNNING = 75;

/** What the daemon prints: only what goes wrong before its own log is open. */
export const daemonOutputIn = (home: string): string => join(home, 'app', 'logs', 'daemon.out.log');

export interface DaemonStart {
  readonly home: string;
  /** Node, or the desktop app's own executable, which ELECTRON_RUN_AS_NODE makes one. */
  readonly binary: string;
  /** dist/daemon/main.mjs, in a place that stays when the app is closed. */
  readonly program: string;
  /** Without the daemon's own variables, which are added. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly deadlineMs?: number;
  /** True: a daemon that does not answer in time is ended, instead of being left to try again. */
  readonly endsOnFailure?: boolean;
}

/**
 * Resolves when the daemon says that it is ready, or that another one is there; rejects with what it printed when it ends before that.
 * A shell that costs nothing starts it again should it crash.
 */
export async function startDaemon(start: DaemonStart): Promise<void> {
  const { home, binary, program, environment, deadlineMs = START_DEADLINE_MS, endsOnFailure = false } = start;
  const log = daemonOutputIn(home);
  const output = openOutput(log, home);
  const { file, args } = daemonCommand(process.platform, binary, program);
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
    cwd: '/',
    env: { ...environment, ...DAEMON_ENVIRONMENT, KOJIBOX_HOME: home, KOJIBOX_READY_FD: '3' },
  });
  closeSync(output);
  const ready = child.stdio[3] as unknown as NodeJS.ReadableStream & { destroy(): void };
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((started, failed) => {
      const fail = (why: string): void => failed(explainStart(readFileSync(log, 'utf8'), why, log));
      timer = setTimeout(() => {
        if (endsOnFailure && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        fail(`it did not answer within ${deadlineMs / 1000} s`);
      }, deadlineMs);
      ready.on('data', () => started());
      child.on('error', (error) => fail(error.message));
      child.on('exit', (code) => {
        // Someone else's daemon won the race; it will do.
        if (code === ALREADY_RUNNING) started();
        else fail(`it ended with code ${code ?? 'unknown'}`);
      });
    });
  } finally {
    clearTimeout(timer);
    // Else one that neither answers nor ends keeps this process, after it has told its error.
    ready.destroy();
    child.removeAllListeners();
    child.unref();
  }
}
