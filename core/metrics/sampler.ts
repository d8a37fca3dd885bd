/** Resource use of services, sampled only while somebody looks. */
import type { ServiceMetrics, ServiceState } from '../../contract/services.ts';
import { timestamp, type Clock } from '../system/clock.ts';
import type { Processes } from '../system/processes.ts';

const EVERY_MS = 2000;

export interface MetricsSampler {
  /** Starts or stops sampling. */
  setActive(active: boolean): void;
}

export function createMetricsSampler(options: {
  readonly clock: Clock;
  readonly processes: Processes;
  states(): readonly ServiceState[];
  publish(metrics: ServiceMetrics[]): void;
}): MetricsSampler {
  const { clock, processes } = options;
  const previous = new Map<string, { pid: number; cpuMs: number; at: number }>();
  let active = false;
  let cancel: (() => void) | undefined;

  const sampleOne = async ({ id, pid }: ServiceState): Promise<ServiceMetrics | null> => {
    if (pid === null) return null;
    const usage = await processes.usage(pid);
    if (usage === null) return null;
    const at = clock.monotonic();
    const before = previous.get(id);
    previous.set(id, { pid, cpuMs: usage.cpuMs, at });
    const comparable = before !== undefined && before.pid === pid && at > before.at;
    const cpuPercent = comparable ? Math.max(0, ((usage.cpuMs - before.cpuMs) / (at - before.at)) * 100) : 0;
    return {
      id,
      cpuPercent: Math.round(cpuPercent * 10) / 10,
      memMB: Math.round((usage.memoryBytes / 1048576) * 10) / 10,
      ts: timestamp(clock),
    };
  };

  const sample = async (): Promise<void> => {
    const metrics = (await Promise.all(options.states().map(sampleOne))).filter((item) => item !== null);
    if (!active) return;
    options.publish(metrics);
    cancel = clock.after(EVERY_MS, () => void sample());
  };

  return {
    setActive(wanted) {
      if (wanted === active) return;
      active = wanted;
      cancel?.();
      if (active) void sample();
      else previous.clear();
    },
  };
}
