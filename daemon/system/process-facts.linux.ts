/** Facts about running processes from procfs; see proc(5). */
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import type { ProcessIdentity } from '../../core/system/processes.ts';

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
    // As UTF-8, because Node reads small files in one call only so; a name that is not UTF-8 does not matter here.
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
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

/** Each process with its group and all that descend from it: PostgreSQL's children lead groups of their own. One look at /proc for all. */
export function familiesOf(pids: readonly number[]): Map<number, ProcessStat[]> {
  if (pids.length === 0) return new Map();
  const all = liveStats();
  return new Map(
    pids.map((pid) => {
      const family = new Set(all.filter((stat) => stat.pid === pid || stat.group === pid).map((stat) => stat.pid));
      for (let before = -1; before !== family.size;) {
        before = family.size;
        for (const stat of all) if (family.has(stat.parent)) family.add(stat.pid);
      }
      return [pid, all.filter((stat) => family.has(stat.pid))];
    }),
  );
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

/** proc_pid_comm(5) cuts names here. */
const COMM_LENGTH = 15;

/** Name of the program alone. */
export function programOf(pid: number): string | null {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    // Node calls its first thread so.
    if (name !== 'MainThread' && name.length < COMM_LENGTH) return name;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
    return command.split('/').at(-1) || name;
  } catch {
    return null; // Gone, or hidden (proc mounted with hidepid).
  }
}
