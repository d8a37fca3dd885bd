/** Between rows of the database and what clients get. */
import type { MetricsHistory, MetricsPoint, Resolution } from '../../contract/metrics.ts';
import type { Sample } from '../../core/metrics/sample.ts';
import { HOST, type PointRow } from './metrics-database.ts';

/** As the database would hold them. */
export function rowsOf({ ts, host, services }: Sample): PointRow[] {
  const uses = [...(host === null ? [] : [{ id: HOST, ...host }]), ...services];
  return uses.map(({ id, cpuPercent, memMB, restarts }) => ({
    subject: id,
    ts,
    cpu: cpuPercent,
    memory: memMB,
    restarts,
  }));
}

/** @param rows of each subject oldest first */
export function historyOf(resolution: Resolution, rows: readonly PointRow[]): MetricsHistory {
  const bySubject = new Map<string, MetricsPoint[]>();
  for (const { subject, ts, cpu, memory, restarts } of rows) {
    const points = bySubject.get(subject) ?? [];
    bySubject.set(subject, points);
    points.push({
      ts: new Date(ts).toISOString(),
      cpuPercent: Math.round(cpu * 10) / 10,
      memMB: Math.round(memory * 10) / 10,
      restarts,
    });
  }
  const { [HOST]: host = [], ...services } = Object.fromEntries(bySubject);
  return { resolution, host, services: Object.entries(services).map(([id, points]) => ({ id, points })) };
}
