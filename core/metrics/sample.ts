/** What two looks at the machine say about the time between them. */
import type { HostUsage, ProcessUsage } from '../system/processes.ts';

/** One look: counters that only grow, so two readers can compare at their own speeds. */
export interface Reading {
  /** Wall clock, ms since 1970. */
  readonly ts: number;
  /** Monotonic ms. */
  readonly at: number;
  readonly host: HostUsage | null;
  readonly services: ReadonlyMap<string, ProcessUsage & { readonly pid: number }>;
  /** Of every service, with or without a process. */
  readonly restarts: ReadonlyMap<string, number>;
}

export interface Use {
  readonly cpuPercent: number;
  /** MiB. */
  readonly memMB: number;
  readonly restarts: number;
}

export interface Sample {
  /** Wall clock, ms since 1970. */
  readonly ts: number;
  /** 100 % is all cores; restarts of all services together. Null where the system does not tell. */
  readonly host: Use | null;
  /** 100 % is one core. Only services with a process. */
  readonly services: readonly (Use & { readonly id: string })[];
}

const tenths = (value: number): number => Math.round(value * 10) / 10;
const toMiB = (bytes: number): number => tenths(bytes / 1_048_576);

/** CPU is 0 for what `before` does not know, or knew as another process. */
export function sampleBetween(before: Reading | null, now: Reading): Sample {
  const elapsedMs = before === null ? 0 : now.at - before.at;
  const services = [...now.services].map(([id, { pid, cpuMs, memoryBytes }]) => {
    const earlier = before?.services.get(id);
    const usedMs = earlier?.pid === pid && elapsedMs > 0 ? Math.max(0, cpuMs - earlier.cpuMs) : 0;
    return {
      id,
      cpuPercent: usedMs === 0 ? 0 : tenths((usedMs / elapsedMs) * 100),
      memMB: toMiB(memoryBytes),
      restarts: now.restarts.get(id) ?? 0,
    };
  });
  return { ts: now.ts, host: hostUse(before?.host ?? null, now), services };
}

function hostUse(before: HostUsage | null, { host, restarts }: Reading): Use | null {
  if (host === null) return null;
  const totalMs = before === null ? 0 : host.totalMs - before.totalMs;
  // The kernel's idle counter may step back a little; see proc(5) on iowait.
  const share = before === null || totalMs <= 0 ? 0 : (host.busyMs - before.busyMs) / totalMs;
  return {
    cpuPercent: tenths(Math.min(1, Math.max(0, share)) * 100),
    memMB: toMiB(host.memoryBytes),
    restarts: [...restarts.values()].reduce((sum, count) => sum + count, 0),
  };
}
