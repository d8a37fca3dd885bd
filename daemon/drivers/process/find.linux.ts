/** Finding processes of a service by what they are; see proc(5). */
import { readFileSync } from 'node:fs';
import { allPids, identifyNow, membersOfGroup, readProcessStat } from '../../system/process-facts.linux.ts';
import type { ProcessIdentity } from '../../../core/system/processes.ts';
import type { HandleRecord } from './records.ts';

/** Clock ticks since boot, now. */
export const ticksNow = (): number => Math.floor(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 100);

/** Value of KOJIBOX_SERVICE; '' when the process has overwritten its environment (setproctitle), null when it may not be read or has none. */
function markerOf(pid: number): string | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    const entry = environment.split('\0').find((pair) => pair.startsWith('KOJIBOX_SERVICE='));
    return entry?.slice('KOJIBOX_SERVICE='.length) ?? (environment.includes('=') ? null : '');
  } catch {
    return null; // Gone, or another user's.
  }
}

/** The process of a launch whose pid was never recorded: the right program, leader of its own session, started after the launch began. */
export function findLaunched(record: HandleRecord): ProcessIdentity | null {
  for (const pid of allPids()) {
    const stat = readProcessStat(pid);
    if (stat === null || stat.session !== pid || stat.startTicks < record.intentTicks) continue;
    const identity = identifyNow(pid);
    if (identity === null || identity.executable !== record.executable) continue;
    const marker = markerOf(pid);
    if (marker === record.marker || marker === '') return identity;
  }
  return null;
}

/** Processes that left the service's group but still carry its marker. */
export function findEscaped(marker: string, except: number): number[] {
  return allPids().filter((pid) => pid !== except && pid !== process.pid && markerOf(pid) === marker);
}

/** Live members of the group, unless its number now belongs to somebody else's leader. */
export function groupOf(identity: ProcessIdentity): number[] {
  const leader = readProcessStat(identity.pid);
  if (leader !== null && leader.startTicks !== identity.startTicks) return [];
  return membersOfGroup(identity.pid).map(({ pid }) => pid);
}

