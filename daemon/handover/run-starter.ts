/** Runs the command line that starts a daemon. */
import { spawn } from 'node:child_process';

export interface Starter {
  readonly command: string;
  /** Before `update start-daemon`. */
  readonly args: readonly string[];
  readonly shell: boolean;
  readonly home: string;
  /** As long as this file is there no one starts a daemon again that has crashed: the way back is the caller's work. */
  readonly trial: string;
  readonly deadlineMs: number;
}

/** @returns what the starter said when it failed; '' when it did its work */
export function runStarter({ command, args, shell, home, trial, deadlineMs }: Starter): Promise<string> {
  const child = spawn(command, [...args, 'update', 'start-daemon', '--deadline-ms', String(deadlineMs)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: '/',
    shell,
    env: { ...process.env, KOJIBOX_HOME: home, KOJIBOX_TRIAL: trial },
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? '' : text.trim().split('\n').slice(0, 4).join(' | ')));
  });
}
