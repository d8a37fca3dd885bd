/** Numbers for people, with the decimal sign of the page's language. */
export const formatDecimal = (value: number, digits: number): string =>
  value.toLocaleString(document.documentElement.lang || 'en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });

export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${formatDecimal(bytes / size, bytes >= 100 * size ? 0 : 1)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

export const formatPercent = (percent: number): string => `${formatDecimal(percent, percent < 10 ? 1 : 0)} %`;

export function formatDuration(ms: number): string {
  if (ms < 10) return `${formatDecimal(ms, 1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000
    ? `${Math.round(ms / 1000)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
