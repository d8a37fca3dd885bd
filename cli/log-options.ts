/** From the flags of `koji logs` to the filter of the contract. */
import { isAtLeast, LOG_LEVELS, LogLevelSchema, type LogEntry, type LogLevel } from '../contract/logs.ts';
import { stripVTControlCharacters } from 'node:util';
import { KojiboxError } from '../contract/errors.ts';
import { usage, type FlagValues } from './arguments.ts';
import { closest } from './closest.ts';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `10m`, `2h`, `1d` ago, or an ISO time → ISO time. Throws VALIDATION_FAILED. @param now ms since 1970 */
export function parseTime(flag: string, text: string, now: number): string {
  const { amount, unit } = /^(?<amount>\d{1,6})(?<unit>[smhd])$/.exec(text)?.groups ?? {};
  const at = amount === undefined ? timeOf(text) : now - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (Number.isNaN(at)) throw usage(`${flag} takes 10m, 2h, 1d or an ISO time, not "${text}"`);
  return new Date(at).toISOString();
}

/** A date without a time or zone is one of this machine. */
const timeOf = (text: string): number =>
  /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text) : Number.NaN;

/** Throws VALIDATION_FAILED. */
export function parseCount(value: FlagValues[string], most: number): number | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value : '';
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > most) throw usage(`--lines takes a number from 1 to ${most}, not "${text}"`);
  return count;
}

export interface Sources {
  readonly service?: string[];
  readonly project?: string[];
}

/** A name is one of a service or of a project; of both, it means both. Throws NOT_FOUND. */
export function sourcesOf(
  names: readonly string[],
  known: { readonly services: readonly string[]; readonly projects: readonly string[] },
): Sources {
  const service = names.filter((name) => known.services.includes(name));
  const project = names.filter((name) => known.projects.includes(name));
  const unknown = names.find((name) => !service.includes(name) && !project.includes(name));
  if (unknown !== undefined) {
    const near = closest(unknown, [...known.services, ...known.projects], 1);
    throw new KojiboxError('NOT_FOUND', `cannot show the log of ${unknown}`, {
      detail: `there is no service and no project "${unknown}"${near.length > 0 ? `; did you mean ${near[0]}?` : ''}`,
      source: 'cli',
      remedy: 'See the names with: koji status, or koji project list.',
    });
  }
  return { ...(service.length > 0 ? { service } : {}), ...(project.length > 0 ? { project } : {}) };
}

/** Throws VALIDATION_FAILED. */
export function parseLevel(text: string): LogLevel {
  const parsed = LogLevelSchema.safeParse(text);
  if (!parsed.success) throw usage(`--level takes ${LOG_LEVELS.join(', ')}, not "${text}"`);
  return parsed.data;
}

/** What the daemon does for `logs.query`, for entries that come while following. */
export function matches(
  entry: LogEntry,
  filter: {
    readonly level?: LogLevel | undefined;
    readonly text?: string | undefined;
    readonly from?: string | undefined;
  },
): boolean {
  if (filter.from !== undefined && entry.ts < filter.from) return false;
  if (filter.level !== undefined && !isAtLeast(entry.level, filter.level)) return false;
  return (
    filter.text === undefined ||
    stripVTControlCharacters(entry.message).toLowerCase().includes(filter.text.toLowerCase())
  );
}
