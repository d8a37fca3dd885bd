/** Waiting for a process that is not our child. */
import { KojiboxError } from '../contract/errors.ts';

/** Resolves when no process has this pid any more; rejects with UNAVAILABLE after `timeoutMs`. Looks every 20 ms. */
export async function waitForExit(pid: number, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      throw new KojiboxError('UNAVAILABLE', 'cannot see the daemon end', {
        detail: `process ${pid} still runs after ${timeoutMs / 1000} s`,
        source: 'cli',
        remedy: `Look at app/logs/daemon.log, or end it with: kill ${pid}`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
