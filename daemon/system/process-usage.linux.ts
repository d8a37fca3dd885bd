/** Processor time and memory of processes and of the machine from procfs; see proc(5). Asked every few seconds, so every read counts. */
import { readFileSync } from 'node:fs';
import type { HostUsage, ProcessUsage } from '../../core/system/processes.ts';
import { familiesOf, readProcessStat, type ProcessStat } from './process-facts.linux.ts';

/** Kernel clock ticks a second in procfs: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

export function usages(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessUsage>> {
  const found = [...knownFamiliesOf(pids)].filter(([, members]) => members.length > 0);
  return Promise.resolve(new Map(found.map(([pid, members]) => [pid, usageOf(members)])));
}

/** A look at every process of the machine costs more than all else here, so who belongs to whom is asked every 20 s; a new worker shows after that. */
const FAMILIES_VALID_MS = 20_000;
let lastFamilies: {
  readonly pids: string;
  /** Monotonic ms. */
  readonly at: number;
  readonly members: ReadonlyMap<number, readonly ProcessStat[]>;
} | null = null;

/** Like `familiesOf`, without the members of the last seconds. */
function knownFamiliesOf(pids: readonly number[]): ReadonlyMap<number, readonly ProcessStat[]> {
  const key = pids.join();
  const now = performance.now();
  if (lastFamilies?.pids !== key || now - lastFamilies.at > FAMILIES_VALID_MS) {
    lastFamilies = { pids: key, at: now, members: familiesOf(pids) };
    return lastFamilies.members;
  }
  return new Map(
    [...lastFamilies.members].map(([pid, members]) => [
      pid,
      members
        .map((member) => ({ member, stat: readProcessStat(member.pid) }))
        .flatMap(({ member, stat }) =>
          stat?.startTicks === member.startTicks && stat.state !== 'Z' && stat.state !== 'X' ? [stat] : [],
        ),
    ]),
  );
}

function usageOf(members: readonly ProcessStat[]): ProcessUsage {
  const cpuMs = members.reduce((sum, { cpuTicks }) => sum + (cpuTicks * 1000) / TICKS_PER_SECOND, 0);
  const memoryBytes = members.reduce((sum, stat) => sum + memoryOf(stat), 0);
  return { cpuMs, memoryBytes };
}

/** First line of /proc/stat: user nice system idle iowait irq softirq steal; what follows is counted in `user` already. */
export function hostUsage(): Promise<HostUsage | null> {
  try {
    const stat = readFileSync('/proc/stat', 'utf8');
    const ticks = stat.slice(0, stat.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
    const memory = readFileSync('/proc/meminfo', 'utf8');
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
    const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match === null ? null : Number(match[1]) * 1024;
  } catch {
    return null; // Another user's process, or an old kernel: the resident size is used.
  }
}
