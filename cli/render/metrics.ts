/** Resource use for people: one line per subject, with how it went. */
import type { MetricsHistory, MetricsPoint, MetricsSnapshot } from '../../contract/metrics.ts';
import { formatDuration, paint, renderTable } from './style.ts';

const BARS = '▁▂▃▄▅▆▇█';
const WIDTH = 30;

const percent = (value: number): string => `${value.toFixed(1)} %`;
const mebibytes = (value: number): string => `${value.toFixed(1)} MiB`;

export function renderSnapshot({ uptimeSec, portsInUse, cpuPercent, memMB, services }: MetricsSnapshot): string {
  const facts = [
    ['host', `${percent(cpuPercent)} of all cores, ${mebibytes(memMB)} in use`],
    ['daemon', `up for ${formatDuration(uptimeSec * 1000)}`],
    ['ports', portsInUse.join(', ') || 'none'],
  ] as const;
  const rows = services.map((use) => [use.id, percent(use.cpuPercent), mebibytes(use.memMB), String(use.restarts)]);
  return [
    ...facts.map(([name, text]) => `${paint('dim', name.padEnd(8))} ${text}`),
    ...(rows.length === 0 ? [] : ['', renderTable(['SERVICE', 'CPU', 'MEMORY', 'RESTARTS'], rows)]),
  ].join('\n');
}

export function renderHistory({ resolution, host, services }: MetricsHistory): string {
  const series = [...(host.length === 0 ? [] : [{ id: 'host', points: host }]), ...services].filter(
    ({ points }) => points.length > 0,
  );
  if (series.length === 0) return paint('dim', 'nothing was recorded yet');
  const rows = series.map(({ id, points }) => {
    const cpu = points.map(({ cpuPercent }) => cpuPercent);
    const memory = points.map(({ memMB }) => memMB);
    return [
      id,
      percent(mean(cpu)),
      percent(Math.max(...cpu)),
      mebibytes(mean(memory)),
      mebibytes(Math.max(...memory)),
      String(points.at(-1)?.restarts ?? 0),
      sparkline(cpu),
    ];
  });
  const headings = ['SUBJECT', 'CPU MEAN', 'CPU MAX', 'MEMORY MEAN', 'MEMORY MAX', 'RESTARTS', 'CPU'];
  return `${paint(
    'dim',
    spanOf(
      series.flatMap(({ points }) => points),
      resolution,
    ),
  )}\n\n${renderTable(headings, rows)}`;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function spanOf(points: readonly MetricsPoint[], resolution: MetricsHistory['resolution']): string {
  const times = points.map(({ ts }) => ts).sort();
  return `${times[0] ?? ''} to ${times.at(-1) ?? ''}, every ${resolution === 'fine' ? '5 seconds' : '5 minutes'}`;
}

/** At most 30 bars, each the highest of its share of the values; the tallest is the highest of all. */
function sparkline(values: readonly number[]): string {
  const bars = Math.min(WIDTH, values.length);
  const highest = Math.max(...values);
  return Array.from({ length: bars }, (_, bar) => {
    const share = values.slice(
      Math.floor((bar * values.length) / bars),
      Math.floor(((bar + 1) * values.length) / bars),
    );
    const height = highest === 0 ? 0 : Math.max(...share) / highest;
    return BARS[Math.round(height * (BARS.length - 1))];
  }).join('');
}
