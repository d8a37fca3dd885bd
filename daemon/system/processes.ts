/** Short-lived programs, portable; facts about running ones come from the system's own file. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Processes, RunOptions, RunResult } from '../../core/system/processes.ts';
import { describe, identify, isSame } from './process-facts.linux.ts';
import { hostUsage, usages } from './process-usage.linux.ts';

export const systemProcesses: Processes = { run, identify, isSame, usages, hostUsage, describe };

/** After SIGTERM. */
const GRACE_MS = 5000;

function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { signal, asGroup = false } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env === undefined ? undefined : { ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.user === undefined ? {} : { uid: options.user.uid, gid: options.user.gid }),
      detached: asGroup,
      ...(signal === undefined || asGroup ? {} : { signal }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        options.onOutput?.(text);
      });
    }
    const release = asGroup && signal !== undefined ? endWithSignal(child, signal) : () => undefined;
    child.on('error', reject);
    child.on('close', (exitCode, endedBy) => {
      release();
      resolve({ exitCode, signal: endedBy, ...output });
    });
    child.stdin?.on('error', () => undefined); // A program that does not read its input; its exit code tells more.
    child.stdin?.end(options.input);
  });
}

/** @returns undoes the listening */
function endWithSignal(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    endGroup(child.pid, 'SIGTERM');
    timer = setTimeout(() => endGroup(child.pid, 'SIGKILL'), GRACE_MS);
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  };
}

function endGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // ESRCH: it has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
