/** Facts about running processes from procfs; see proc(5). */
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import type { ProcessIdentity, ProcessUsage } from '../../core/system/processes.ts';

/** Kernel clock ticks a second in procfs: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

let bootId: string | undefined;
const readBootId = (): string => (bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly cpuTicks: number;
  readonly startTicks: number;
  readonly residentPages: number;
}

/** Fields of /proc/PID/stat; null when the process is gone. The name in field 2 may hold spaces and parentheses. */
export function readProcessStat(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null; // ENOENT or ESRCH: it is gone.
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (field: number): number => Number(fields[field - 3]);
  return {
    pid,
    state: fields[0] ?? '',
    parent: number(4),
    group: number(5),
    session: number(6),
    cpuTicks: number(14) + number(15),
    startTicks: number(22),
    residentPages: number(24),
  };
}

export function allPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** All live processes of a process group; zombies do not count. */
export function membersOfGroup(group: number): ProcessStat[] {
  return liveStats().filter((stat) => stat.group === group);
}

function liveStats(): ProcessStat[] {
  return allPids()
    .map((pid) => readProcessStat(pid))
    .filter((stat) => stat !== null)
    .filter((stat) => stat.state !== 'Z' && stat.state !== 'X');
}

/** Synchronous form of `identify`, for the moment right after a spawn. Null when it is gone or a zombie. */
export function identifyNow(pid: number): ProcessIdentity | null {
  const stat = readProcessStat(pid);
  if (stat === null || stat.state === 'Z' || stat.state === 'X') return null;
  let executable = '';
  try {
    executable = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    // Another user's process does not tell; pid, start time and boot id still identify it.
  }
  return { pid, startTicks: stat.startTicks, bootId: readBootId(), executable };
}

export const identify = (pid: number): Promise<ProcessIdentity | null> => Promise.resolve(identifyNow(pid));

/** Pid, start time and boot: enough, because no two processes share them. */
export function isSameNow(identity: ProcessIdentity): boolean {
  const stat = readProcessStat(identity.pid);
  return (
    stat !== null && stat.state !== 'Z' && stat.startTicks === identity.startTicks && identity.bootId === readBootId()
  );
}

export const isSame = (identity: ProcessIdentity): Promise<boolean> => Promise.resolve(isSameNow(identity));

/** The process, its group, and all that descend from it: PostgreSQL's children lead groups of their own. */
function familyOf(pid: number): ProcessStat[] {
  const all = liveStats();
  const family = new Set(all.filter((stat) => stat.pid === pid || stat.group === pid).map((stat) => stat.pid));
  for (let before = -1; before !== family.size;) {
    before = family.size;
    for (const stat of all) if (family.has(stat.parent)) family.add(stat.pid);
  }
  return all.filter((stat) => family.has(stat.pid));
}

export function usage(pid: number): Promise<ProcessUsage | null> {
  const members = familyOf(pid);
  if (members.length === 0) return Promise.resolve(null);
  const cpuMs = members.reduce((sum, { cpuTicks }) => sum + (cpuTicks * 1000) / TICKS_PER_SECOND, 0);
  const memoryBytes = members.reduce(
    (sum, stat) => sum + (proportionalBytes(stat.pid) ?? stat.residentPages * PAGE_BYTES),
    0,
  );
  return Promise.resolve({ cpuMs, memoryBytes });
}

/** Shared pages counted once over all who share them; null where smaps_rollup may not be read. */
function proportionalBytes(pid: number): number | null {
  try {
    const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
    return match === null ? null : Number(match[1]) * 1024;
  } catch {
    return null; // Another user's process, or an old kernel: the resident size is used.
  }
}

export function describe(pid: number): Promise<string | null> {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    return Promise.resolve(line === '' ? name : line.length > 120 ? `${line.slice(0, 117)}...` : line);
  } catch {
    return Promise.resolve(null); // Gone, or hidden (proc mounted with hidepid).
  }
}
