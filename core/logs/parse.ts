/** One line as a service printed it → level, time and message. Pure. */
import type { LogEntry } from '../../contract/logs.ts';

type Level = LogEntry['level'];
type Groups = Readonly<Record<string, string | undefined>>;

interface Parsed {
  readonly ts: string | undefined;
  readonly level: Level;
  readonly message: string;
  readonly fields?: Record<string, string>;
}

interface Format {
  readonly pattern: RegExp;
  readonly read: (groups: Groups) => Parsed;
}

/** Words of all these programs for how bad it is; DETAIL, HINT, LOG, NOTICE and the like are information. */
function levelOf(word: string): Level {
  if (/^(panic|fatal|error|err|crit|emerg|alert|parse|recoverable|core error|compile error)/i.test(word))
    return 'error';
  if (/^(warn|deprecated)/i.test(word)) return 'warn';
  return /^(debug|trace|verbose)/i.test(word) ? 'debug' : 'info';
}

/** The services run with TZ=UTC; a time in another zone is told by its offset. */
function isoOf(time: string | number): string | undefined {
  const date = new Date(time);
  // The contract's timestamps have years of four digits.
  return date.getTime() >= 0 && date.getUTCFullYear() <= 9999 ? date.toISOString() : undefined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const isoOfDay = (day: string, month: string, year: string, time: string): string | undefined =>
  isoOf(`${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day}T${time}Z`);

/** In the order of trying; each was taken from what the program really prints. */
const FORMATS: readonly Format[] = [
  {
    // PostgreSQL with log_line_prefix '%m [%p] ': "2026-11-21 03:50:00.123 UTC [42] LOG:  database system is ready"
    pattern:
      /^(?<day>\d{4}-\d\d-\d\d) (?<time>\d\d:\d\d:\d\d\.\d{3}) (?:UTC|GMT) \[(?<pid>\d+)\] (?:(?<level>[A-Z]+\d?):\s+)?(?<message>.*)$/,
    read: ({ day = '', time = '', pid = '', level = '', message = '' }) => ({
      ts: isoOf(`${day}T${time}Z`),
      level: levelOf(level),
      message,
      fields: { pid },
    }),
  },
  {
    // MariaDB: "2026-11-21  3:50:00 0 [Warning] ..."; the hour is padded with a space
    pattern: /^(?<day>\d{4}-\d\d-\d\d)\s+(?<time>\d{1,2}:\d\d:\d\d) (?<thread>\d+) \[(?<level>\w+)\] (?<message>.*)$/,
    read: ({ day = '', time = '', thread = '', level = '', message = '' }) => ({
      ts: isoOf(`${day}T${time.padStart(8, '0')}Z`),
      level: levelOf(level),
      message,
      fields: { thread },
    }),
  },
  {
    // php-fpm: "[21-Nov-2026 03:50:00] NOTICE: ready to handle connections"
    pattern:
      /^\[(?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d{4}) (?<time>\d\d:\d\d:\d\d(?:\.\d+)?)\] (?<level>[A-Z]+): (?<message>.*)$/,
    read: ({ day = '', month = '', year = '', time = '', level = '', message = '' }) => ({
      ts: isoOfDay(day, month, year, time),
      level: levelOf(level),
      message,
    }),
  },
  {
    // PHP's error_log: "[21-Nov-2026 03:50:00 UTC] PHP Fatal error:  Uncaught …"
    pattern:
      /^\[(?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) (?<zone>[A-Za-z/_]+)\] (?<message>(?:PHP (?<level>[A-Z][a-z]+(?: error)?):)?.*)$/,
    read: ({ day = '', month = '', year = '', time = '', zone, level = '', message = '' }) => ({
      ts: zone === 'UTC' ? isoOfDay(day, month, year, time) : undefined,
      level: levelOf(level),
      message,
    }),
  },
  {
    // Redis: "42:M 21 Nov 2026 03:50:00.123 * Ready to accept connections"; . debug, - verbose, * notice, # warning
    pattern:
      /^(?<pid>\d+):(?<role>[XCSM]) (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d\.\d{3}) (?<mark>[.\-*#]) (?<message>.*)$/,
    read: ({ pid = '', day = '', month = '', year = '', time = '', mark, message = '' }) => ({
      ts: isoOfDay(day, month, year, time),
      level: mark === '#' ? 'warn' : mark === '*' ? 'info' : 'debug',
      message,
      fields: { pid },
    }),
  },
  {
    // Any program: "2026-11-21T03:50:00.123Z error message"
    pattern:
      /^(?<ts>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) \[?(?<level>trace|debug|info|warn|warning|error|fatal)\]?:? (?<message>.*)$/i,
    read: ({ ts = '', level = '', message = '' }) => ({ ts: isoOf(ts), level: levelOf(level), message }),
  },
];

/** @param fallbackTs ISO time used when the line has none that can be trusted */
export function parseLogLine(service: string, line: string, fallbackTs: string): LogEntry {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const parsed = parseJson(text) ?? parseFormats(text) ?? { ts: undefined, level: levelOfPlain(text), message: text };
  return {
    ts: parsed.ts ?? fallbackTs,
    level: parsed.level,
    service,
    message: parsed.message,
    fields: parsed.fields ?? {},
  };
}

function parseFormats(text: string): Parsed | null {
  // No format begins otherwise, and most lines of a flood are plain.
  if (!/^[[\d]/.test(text)) return null;
  for (const { pattern, read } of FORMATS) {
    const groups = pattern.exec(text)?.groups;
    if (groups !== undefined) return read(groups);
  }
  return null;
}

/** Structured lines, as the edge and many Node programs write them. */
function parseJson(text: string): Parsed | null {
  if (!text.startsWith('{') || !text.endsWith('}')) return null;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null; // Only looked like it.
  }
  const { ts, time, timestamp, level, message, msg, ...others } = value;
  const said = message ?? msg;
  if (typeof said !== 'string') return null;
  const at = ts ?? time ?? timestamp;
  const fields = Object.entries(others).map(
    ([key, item]) => [key, typeof item === 'string' ? item : JSON.stringify(item)] as const,
  );
  return {
    ts: typeof at === 'string' || typeof at === 'number' ? isoOf(at) : undefined,
    level: typeof level === 'string' ? levelOf(level) : 'info',
    message: said,
    fields: Object.fromEntries(fields),
  };
}

const levelOfPlain = (text: string): Level =>
  /\b(error|fatal|exception|panic)\b/i.test(text) ? 'error' : /\bwarn(ing)?\b/i.test(text) ? 'warn' : 'info';
