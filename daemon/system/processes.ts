/** Short-lived programs, portable; facts about running ones come from the system's own file. */
import { spawn } from 'node:child_process';
import type { Processes, RunOptions, RunResult } from '../../core/system/processes.ts';
import { describe, identify, isSame } from './process-facts.linux.ts';
import { hostUsage, usages } from './process-usage.linux.ts';

export const systemProcesses: Processes = { run, identify, isSame, usages, hostUsage, describe };

function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env === undefined ? undefined : { ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.user === undefined ? {} : { uid: options.user.uid, gid: options.user.gid }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        options.onOutput?.(text);
      });
    }
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...output }));
    child.stdin?.on('error', () => undefined); // A program that does not read its input; its exit code tells more.
    child.stdin?.end(options.input);
  });
}
