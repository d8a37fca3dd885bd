/** What `metrics.snapshot` and `metrics.history` answer. */
import type { ParsedInputOf } from '../../contract/index.ts';
import type { MetricsHistory, MetricsSnapshot } from '../../contract/metrics.ts';
import type { ServiceMetrics } from '../../contract/services.ts';
import type { Layout } from '../../core/layout.ts';
import { createMetricsSampler } from '../../core/metrics/sampler.ts';
import type { Supervisor } from '../../core/services/supervisor.ts';
import type { System } from '../../core/system/system.ts';
import { KEPT_MS } from './metrics-database.ts';
import { createMetricsStore } from './metrics-store.ts';

export interface Metrics {
  snapshot(): Promise<MetricsSnapshot>;
  /** Rejects with NOT_FOUND for a service that is neither defined nor recorded. */
  history(query: ParsedInputOf<'metrics.history'>): Promise<MetricsHistory>;
  /** Whether someone looks, who then gets `publish` every 2 s. */
  setActive(active: boolean): void;
  close(): void;
}

/** Starts recording at once; nothing that happens to the disk stops it. */
export function createMetrics(options: {
  readonly system: System;
  readonly layout: Layout;
  readonly supervisor: Supervisor;
  /** Of the daemon. */
  uptimeSec(): number;
  publish(metrics: ServiceMetrics[]): void;
  notice(text: string): void;
}): Metrics {
  const { system, supervisor } = options;
  const { clock, log } = system;
  const store = createMetricsStore({ file: options.layout.metrics, clock, log, notice: options.notice });
  const sampler = createMetricsSampler({
    clock,
    processes: system.processes,
    states: () => supervisor.states(),
    publish: options.publish,
    record: (sample) => store.add(sample),
  });

  return {
    async snapshot() {
      const states = supervisor.states();
      const pids = states.flatMap(({ pid }) => (pid === null ? [] : [pid]));
      const [{ ts, host, services }, portsInUse] = await Promise.all([
        sampler.latest(),
        system.network.listeningPorts(pids),
      ]);
      return {
        ts: new Date(ts).toISOString(),
        uptimeSec: options.uptimeSec(),
        portsInUse,
        cpuPercent: host?.cpuPercent ?? 0,
        memMB: host?.memMB ?? 0,
        services: states.map(({ id, pid, restarts }) => {
          const use = pid === null ? undefined : services.find((service) => service.id === id);
          return { id, cpuPercent: use?.cpuPercent ?? 0, memMB: use?.memMB ?? 0, restarts };
        }),
      };
    },
    async history({ service, from, to, resolution }) {
      const now = clock.now();
      const begin = from === undefined ? null : Date.parse(from);
      const wanted = resolution ?? (begin !== null && begin < now - KEPT_MS.fine ? 'coarse' : 'fine');
      const history = await store.history({
        resolution: wanted,
        service,
        from: begin ?? now - KEPT_MS[wanted],
        to: to === undefined ? now : Date.parse(to),
      });
      if (service === undefined) return history;
      if (history.services.length === 0) supervisor.state(service);
      return { ...history, services: [{ id: service, points: history.services[0]?.points ?? [] }] };
    },
    setActive: (active) => sampler.setActive(active),
    close() {
      sampler.stop();
      store.close();
    },
  };
}
