/** Colours and columns for a terminal; plain text elsewhere and with NO_COLOR. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { hasColours, inOneLine, shown } from './terminal-text.ts';

type Format = Parameters<typeof styleText>[0];

export function paint(format: Format, text: string): string {
  return hasColours() ? styleText(format, text, { validateStream: false }) : text;
}

const width = (text: string): number => stripVTControlCharacters(text).length;

/** Columns as wide as their widest cell; the last column is not padded. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  // Before they are measured: what a terminal does not show takes no space.
  const cells = rows.map((row) => row.map((cell) => shown(inOneLine(cell), hasColours())));
  const table = [headings.map((heading) => paint('dim', heading)), ...cells];
  const widths = headings.map((_, column) => Math.max(...table.map((row) => width(row[column] ?? ''))));
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** 12.3 MB, with powers of 1000. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes >= 100 * size ? 0 : 1)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

/** 850 ms, 4.2 s, 1 min 05 s. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
