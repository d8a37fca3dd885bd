/** Facts about running processes from procfs; see proc(5). */
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import type { HostUsage, ProcessIdentity, ProcessUsage } from '../../core/system/processes.ts';

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

export function usages(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessUsage>> {
  const found = [...familiesOf(pids)].filter(([, members]) => members.length > 0);
  return Promise.resolve(new Map(found.map(([pid, members]) => [pid, usageOf(members)])));
}

function usageOf(members: readonly ProcessStat[]): ProcessUsage {
  const cpuMs = members.reduce((sum, { cpuTicks }) => sum + (cpuTicks * 1000) / TICKS_PER_SECOND, 0);
  const memoryBytes = members.reduce((sum, stat) => sum + memoryOf(stat), 0);
  return { cpuMs, memoryBytes };
}

/** First line of /proc/stat: user nice system idle iowait irq softirq steal; what follows is counted in `user` already. */
export function hostUsage(): Promise<HostUsage | null> {
  try {
    const stat = readFileSync('/proc/stat', 'latin1');
    const ticks = stat.slice(0, stat.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
    const memory = readFileSync('/proc/meminfo', 'latin1');
    const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(memory)?.[1]) * 1024;
    const total = ticks.reduce((sum, value) => sum + value, 0);
    const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
    const usage: HostUsage = {
      busyMs: ((total - idle) * 1000) / TICKS_PER_SECOND,
      totalMs: (total * 1000) / TICKS_PER_SECOND,
      memoryBytes: bytes('MemTotal') - bytes('MemAvailable'),
    };
    return Promise.resolve(Object.values(usage).every(Number.isFinite) ? usage : null);
  } catch {
    return Promise.resolve(null); // Not mounted, or hidden.
  }
}

/** Proportional over resident size of a process, as it was last read. */
interface Share {
  readonly startTicks: number;
  readonly residentPages: number;
  readonly ratio: number;
  /** Monotonic ms. */
  readonly at: number;
}

/**
 * The kernel walks all pages of a process for its proportional size: up to 2 ms each, where everything else is one look of microseconds.
 * So it is asked once a minute, or when the resident size has moved by an eighth; in between the ratio of the two stands.
 */
const SHARE_VALID_MS = 60_000;
const shares = new Map<number, Share>();

/** Shared pages counted once over all who share them; all of them where the system does not tell. */
function memoryOf({ pid, startTicks, residentPages }: ProcessStat): number {
  const known = shares.get(pid);
  const now = performance.now();
  const holds =
    known?.startTicks === startTicks &&
    now - known.at < SHARE_VALID_MS &&
    Math.abs(residentPages - known.residentPages) <= known.residentPages / 8;
  const bytes = residentPages * PAGE_BYTES;
  if (holds) return Math.round(bytes * known.ratio);
  for (const [other, { at }] of shares) if (now - at > 2 * SHARE_VALID_MS) shares.delete(other);
  const exact = proportionalBytes(pid) ?? bytes;
  shares.set(pid, { startTicks, residentPages, ratio: bytes === 0 ? 1 : exact / bytes, at: now });
  return exact;
}

/** Null where smaps_rollup may not be read. */
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
