/** What a server of someone else has, and what becomes of each database here. */
import type { ServerReport } from '../../contract/server-import.ts';
import { formatBytes, paint, renderTable } from './style.ts';

export function renderReport({ product, version, login, engine, problems, databases }: ServerReport): string {
  let number = 0;
  const rows = databases.map(({ name, tables, sizeBytes, target, problems: why }) => [
    why.length === 0 ? String(++number) : paint('dim', '–'),
    name,
    String(tables),
    formatBytes(sizeBytes),
    why.length === 0 ? target : paint('dim', 'stays there'),
  ]);
  return [
    `${paint('bold', `${product} ${version}`)} ${paint('dim', `${login.socket ?? `${login.host}:${login.port}`} as ${login.user}`)} → ${engine === null ? '?' : `${engine.name} ${engine.version}`}`,
    ...problems.map((text) => `${paint('yellow', '!')} ${text}`),
    ...(rows.length === 0
      ? ['It has no databases of its own.']
      : [renderTable(['', 'DATABASE', 'TABLES', 'SIZE', 'HERE'], rows)]),
    ...databases.flatMap(({ name, problems: why, remarks }) => [
      ...why.map((text) => `  ${paint('yellow', '!')} ${name}: ${text}`),
      ...remarks.map((text) => `  ${paint('dim', `${name}: ${text}`)}`),
    ]),
  ].join('\n');
}
