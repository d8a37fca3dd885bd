/** Which processes belong to a service: its group, its session, and what left both but still shows its mark. */
import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from '../../../core/system/processes.ts';
import { readMark, readMarkedId, type Mark } from './marker.linux.ts';
import { isLive, liveRows, type ProcessTable } from './process-table.ts';
import type { HandleRecord } from './records.ts';

/** Clock ticks since boot, rounded down: nothing that is started from now on has a smaller start time. */
export const ticksNow = (): number => Math.floor(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 100);

/**
 * The same process as recorded: pid, start time and boot. Its executable too, unless it still carries the mark: a script that ends in
 * `exec` changes its executable and stays the service.
 */
export function isSameProcess(table: ProcessTable, identity: ProcessIdentity, mark: Mark): boolean {
  const now = table.identifyNow(identity.pid);
  if (now === null || now.startTicks !== identity.startTicks || now.bootId !== identity.bootId) return false;
  return now.executable === '' || now.executable === identity.executable || readMark(identity.pid, mark) !== 'other';
}

/** Cheaper, for a process whose identity was checked before. */
export function isStillThere(table: ProcessTable, { pid, startTicks }: ProcessIdentity): boolean {
  const row = table.readProcessStat(pid);
  return row !== null && isLive(row) && row.startTicks === startTicks;
}

/**
 * Live processes of a service.
 *
 * @param trustNumbers the main process is there, or its end was seen by this daemon, so the numbers of its group and session cannot
 *   belong to anybody else yet. False: every member has to show that it is one.
 */
export function membersOf(table: ProcessTable, identity: ProcessIdentity, mark: Mark, trustNumbers: boolean): number[] {
  const { pid: leader, startTicks } = identity;
  const present = table.readProcessStat(leader);
  const numbersAreOurs = present === null || present.startTicks === startTicks;
  return liveRows(table)
    .filter((row) => row.startTicks >= startTicks && row.pid !== process.pid)
    .filter((row) => {
      const inGroup = numbersAreOurs && (row.group === leader || row.session === leader);
      if (inGroup && trustNumbers) return true;
      const shown = readMark(row.pid, mark);
      return shown === 'carries' || (inGroup && shown === 'lost');
    })
    .map(({ pid }) => pid);
}

/**
 * The process of a launch whose pid was never written down, because the daemon died in that moment: leader of its own session,
 * started after the launch was decided, with the mark, or without a readable environment but of the right program.
 */
export function findLaunched(
  table: ProcessTable,
  record: HandleRecord,
  mark: Mark,
  markOf: typeof readMark = readMark,
): ProcessIdentity | null {
  const candidates = liveRows(table)
    .filter((row) => row.session === row.pid && row.startTicks >= record.intentTicks && row.pid !== process.pid)
    .sort((a, b) => a.startTicks - b.startTicks);
  for (const { pid } of candidates) {
    const identity = table.identifyNow(pid);
    if (identity === null || identity.bootId !== record.bootId) continue;
    const shown = markOf(pid, mark);
    if (shown === 'carries' || (shown === 'lost' && identity.executable === record.executable)) return identity;
  }
  return null;
}

/**
 * Services of this home that run without a record. Each is the oldest leader of a session that shows the service's mark.
 *
 * @param known ids that have a record
 */
export function findUnrecorded(
  table: ProcessTable,
  homeDigest: string,
  known: readonly string[],
): { id: string; identity: ProcessIdentity }[] {
  const found = new Map<string, ProcessIdentity>();
  const leaders = liveRows(table)
    .filter((row) => row.session === row.pid && row.pid !== process.pid)
    .sort((a, b) => a.startTicks - b.startTicks);
  for (const { pid } of leaders) {
    const id = readMarkedId(pid, homeDigest);
    if (id === null || id === '' || known.includes(id) || found.has(id)) continue;
    const identity = table.identifyNow(pid);
    if (identity !== null) found.set(id, identity);
  }
  return [...found].map(([id, identity]) => ({ id, identity }));
}

/** Of a process that may be a zombie by now: what it ran, as far as that can still be told. */
export function executableOf(pid: number, otherwise: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    return otherwise; // A zombie has none.
  }
}
