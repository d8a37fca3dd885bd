/** Ends all processes of a service for good. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KojiboxError } from '../../../contract/errors.ts';

const DEADLINE_MS = 5_000;
const LONGEST_STEP_MS = 25;

/**
 * SIGKILL until no one is left. Looks again after each round, because a member may have forked in the meantime.
 *
 * @param members live members now
 * @throws PERMISSION_DENIED when a member belongs to another user, SERVICE_UNHEALTHY when one does not die (waiting for a device)
 */
export async function endAll(id: string, members: () => number[]): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let forbidden: number[] = [];
  for (let stepMs = 1; ; stepMs = Math.min(stepMs * 2, LONGEST_STEP_MS)) {
    const left = members();
    if (left.length === 0) return;
    forbidden = left.filter((pid) => send(pid, 'SIGKILL') === 'forbidden');
    if (forbidden.length === left.length && stepMs > 8) break;
    if (performance.now() > deadline) throw stuck(id, left);
    await sleep(stepMs);
  }
  throw new KojiboxError('PERMISSION_DENIED', `cannot end ${id}`, {
    detail: `process ${forbidden.join(', ')} belongs to another user`,
    source: 'services',
    remedy: `Run: sudo kill -9 ${forbidden.join(' ')}`,
  });
}

const REAPED_WITHIN_MS = 1_500;

/**
 * Waits a moment until the system has put away what ended. Programs look with kill(2) whether their predecessor still runs, Vite among
 * them, and take one that is not put away for alive.
 *
 * @param remains whether something of it is still in the process table
 */
export async function waitUntilReaped(remains: () => boolean): Promise<void> {
  const deadline = performance.now() + REAPED_WITHIN_MS;
  while (remains() && performance.now() < deadline) await sleep(LONGEST_STEP_MS);
}

/** A process that is gone in the meantime is what was wanted. */
export function send(pid: number, name: NodeJS.Signals): 'sent' | 'gone' | 'forbidden' {
  try {
    process.kill(pid, name);
    return 'sent';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'forbidden';
    throw error;
  }
}

const stuck = (id: string, pids: readonly number[]): KojiboxError =>
  new KojiboxError('SERVICE_UNHEALTHY', `cannot end ${id}`, {
    detail: `process ${pids.join(', ')} does not end; it may be waiting for a disk or a network drive`,
    source: 'services',
    remedy: 'Wait until the device answers again, or restart the machine.',
  });
