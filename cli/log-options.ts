/** From the flags of `koji logs` to the filter of the contract. */
import { isAtLeast, LOG_LEVELS, LogLevelSchema, type LogEntry, type LogLevel } from '../contract/logs.ts';
import { stripVTControlCharacters } from 'node:util';
import { usage } from './arguments.ts';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `10m`, `2h`, `1d` ago, or an ISO time → ISO time. Throws VALIDATION_FAILED. @param now ms since 1970 */
export function parseSince(text: string, now: number): string {
  const { amount, unit } = /^(?<amount>\d{1,6})(?<unit>[smhd])$/.exec(text)?.groups ?? {};
  const at = amount === undefined ? timeOf(text) : now - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (Number.isNaN(at)) throw usage(`--since takes 10m, 2h, 1d or an ISO time, not "${text}"`);
  return new Date(at).toISOString();
}

/** A date without a time or zone is one of this machine. */
const timeOf = (text: string): number =>
  /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text) : Number.NaN;

/** Throws VALIDATION_FAILED. */
export function parseLevel(text: string): LogLevel {
  const parsed = LogLevelSchema.safeParse(text);
  if (!parsed.success) throw usage(`--level takes ${LOG_LEVELS.join(', ')}, not "${text}"`);
  return parsed.data;
}

/** What the daemon does for `logs.query`, for entries that come while following. */
export function matches(entry: LogEntry, filter: { readonly level?: LogLevel; readonly text?: string }): boolean {
  if (filter.level !== undefined && !isAtLeast(entry.level, filter.level)) return false;
  return (
    filter.text === undefined ||
    stripVTControlCharacters(entry.message).toLowerCase().includes(filter.text.toLowerCase())
  );
}
