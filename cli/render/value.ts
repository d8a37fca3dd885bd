/** Results of derived commands for people: "ok" as a mark, lists of records as tables, single records as two columns. */
import type { Change } from '../../contract/changes.ts';
import type { DiagnosticsBundle } from '../../contract/diagnostics.ts';
import type { MetricsHistory, MetricsSnapshot } from '../../contract/metrics.ts';
import type { OutputOf } from '../../contract/index.ts';
import type { PhpSettings } from '../../contract/php.ts';
import { renderHistory, renderSnapshot } from './metrics.ts';
import { renderPhpSettings } from './php-settings.ts';
import { renderChange } from './change.ts';
import { renderDatabases } from './databases.ts';
import { renderMails } from './mails.ts';
import { renderSnapshots } from './snapshots.ts';
import { formatBytes, formatDuration, paint, renderTable } from './style.ts';

/** Columns that say most, per operation; others show all scalar fields. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  'services.list': ['id', 'state', 'health', 'version', 'pid'],
  'services.start': ['id', 'state', 'health', 'version', 'pid', 'connect'],
  'services.stop': ['id', 'state'],
  'services.restart': ['id', 'state', 'health', 'version', 'pid', 'connect'],
  'runtime.list': ['name', 'series', 'installed', 'kind', 'size', 'source', 'isDefault', 'pinned', 'untested'],
  'changes.list': ['id', 'summary', 'status', 'progress', 'startedAt'],
};

/** Results that a table of fields would not do justice. */
const OWN_FORM: Readonly<Record<string, (value: unknown) => string>> = {
  'diagnostics.create': (value) => (value as DiagnosticsBundle).path,
  'databases.list': (value) => renderDatabases(value as OutputOf<'databases.list'>),
  'mail.list': (value) => renderMails(value as OutputOf<'mail.list'>),
  'databases.snapshots': (value) => renderSnapshots(value as OutputOf<'databases.snapshots'>),
  'php.settings': (value) => renderPhpSettings(value as PhpSettings),
  'php.set': (value) => renderPhpSettings(value as PhpSettings),
  'runtime.lock': (value) => (value as OutputOf<'runtime.lock'>).path,
  'metrics.snapshot': (value) => renderSnapshot(value as MetricsSnapshot),
  'metrics.history': (value) => renderHistory(value as MetricsHistory),
};

export function renderValue(operation: string, value: unknown): string {
  const ownForm = OWN_FORM[operation];
  if (ownForm !== undefined) return ownForm(value);
  if (isChange(value)) return renderChange(value);
  if (value === 'ok') return `${paint('green', '✓')} done`;
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    if (value.length === 0) return paint('dim', 'none');
    const rows = value.map((item) => item as Record<string, unknown>);
    const columns = COLUMNS[operation] ?? Object.keys(rows[0] ?? {}).filter((key) => isScalar(rows[0]?.[key]));
    return renderTable(
      columns.map((column) => inWords(column).toUpperCase()),
      rows.map((row) => columns.map((column) => cell(column, row[column]))),
    );
  }
  if (typeof value === 'object' && value !== null) {
    const record = value as Record<string, unknown>;
    const keys = COLUMNS[operation] ?? Object.keys(record);
    const width = Math.max(14, ...keys.map((key) => inWords(key).length));
    return keys
      .map((key) =>
        `${paint('dim', inWords(key).padEnd(width))} ${record[key] === false ? 'no' : cell(key, record[key])}`.trimEnd(),
      )
      .join('\n');
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const isChange = (value: unknown): value is Change =>
  typeof value === 'object' && value !== null && 'tasks' in value && 'progress' in value;

/** `started at` for `startedAt`, `default` for `isDefault`, `duration` for `durationMs`, whose cells carry the unit. */
const inWords = (key: string): string =>
  key
    .replace(/^is(?=[A-Z])/, '')
    .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
    .replace(/Ms$/, '')
    .replace(/(Sec|MB)$/, (unit) => (unit === 'Sec' ? ' (s)' : ' (MB)'))
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';

function cell(column: string, value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (column === 'size' && typeof value === 'number') return formatBytes(value);
  if (column === 'progress' && typeof value === 'number') return `${Math.round(value * 100)} %`;
  if (column.endsWith('Ms') && typeof value === 'number') return formatDuration(value);
  if (column === 'installed') return paint('green', (value as { version: string }).version);
  if (typeof value === 'boolean') return value ? 'yes' : '';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? '–' : JSON.stringify(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
