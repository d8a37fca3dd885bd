/** One line as a service printed it → level, time and message. Pure. */
import type { LogEntry, LogLevel as Level } from '../../contract/logs.ts';
import { dropVisible, hasAnsi, stripAnsi } from './ansi.ts';

type Groups = Readonly<Record<string, string | undefined>>;

interface Parsed {
  /** ISO time that the line itself tells. */
  readonly ts: string | undefined;
  readonly level: Level;
  readonly message: string;
  readonly fields?: Record<string, string>;
}

type LineKind = 'postgres' | 'mariadb' | 'php-fpm' | 'php' | 'php-message' | 'redis' | 'iso' | 'json' | 'plain';

export interface ParsedLine extends Parsed {
  /** What it was recognised as; `plain` when as nothing. */
  readonly kind: LineKind;
}

interface Format {
  readonly kind: LineKind;
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

/** The contract's timestamps have years of four digits. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
/** Days after the 28th may be of the next month. */
const ISO_ALREADY = /^\d{4}-\d\d-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{3}Z$/;

/** The services run with TZ=UTC; a time in another zone is told by its offset. @param time ISO, or ms since 1970 */
function isoOf(time: string | number): string | undefined {
  const at = typeof time === 'number' ? time : Date.parse(time);
  if (!(at >= 0 && at <= LAST_MS)) return undefined;
  // Writing a date takes half of the time in which a line is read.
  return typeof time === 'string' && ISO_ALREADY.test(time) ? time : new Date(at).toISOString();
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const isoOfDay = (day: string, month: string, year: string, time: string): string | undefined =>
  isoOf(`${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day}T${time}Z`);

/** In the order of trying; each was taken from what the program really prints. */
const FORMATS: readonly Format[] = [
  {
    kind: 'postgres',
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
    kind: 'mariadb',
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
    kind: 'php-fpm',
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
    kind: 'php',
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
    // A PHP worker through php-fpm's error_log: "NOTICE: PHP message: PHP Warning:  Undefined variable $x in …"; no time
    kind: 'php-message',
    pattern: /^NOTICE: PHP message: (?<message>(?:PHP (?<level>[A-Z][a-z]+(?: error)?):)?.*)$/,
    read: ({ level, message = '' }) => ({
      ts: undefined,
      level: level === undefined ? levelOfPlain(message) : levelOf(level),
      message,
    }),
  },
  {
    kind: 'redis',
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
    kind: 'iso',
    // Any program: "2026-11-21T03:50:00.123Z error message"
    pattern:
      /^(?<ts>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) \[?(?<level>trace|debug|info|warn|warning|error|fatal)\]?:? (?<message>.*)$/i,
    read: ({ ts = '', level = '', message = '' }) => ({ ts: isoOf(ts), level: levelOf(level), message }),
  },
];

/** What a line says by itself. Colours stay in the message, and do not hide its level or time. */
export function parseLine(line: string): ParsedLine {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (!hasAnsi(text)) return parseVisible(text);
  const visible = stripAnsi(text);
  const parsed = parseVisible(visible);
  // In every format but JSON, where colours are escaped, the message is the end of the line.
  return parsed.kind === 'json'
    ? parsed
    : { ...parsed, message: dropVisible(text, visible.length - parsed.message.length) };
}

/** @param fallbackTs ISO time used when the line has none that can be trusted */
export function parseLogLine(service: string, line: string, fallbackTs: string): LogEntry {
  const { ts, level, message, fields } = parseLine(line);
  return { ts: ts ?? fallbackTs, level, service, message, fields: fields ?? {} };
}

const parseVisible = (text: string): ParsedLine =>
  parseJson(text) ?? parseFormats(text) ?? { kind: 'plain', ts: undefined, level: levelOfPlain(text), message: text };

function parseFormats(text: string): ParsedLine | null {
  // No format begins otherwise, and most lines of a flood are plain.
  if (!/^[[\dN]/.test(text)) return null;
  for (const { kind, pattern, read } of FORMATS) {
    const groups = pattern.exec(text)?.groups;
    if (groups !== undefined) return { kind, ...read(groups) };
  }
  return null;
}

/** Structured lines, as the edge and many Node programs write them. */
function parseJson(text: string): ParsedLine | null {
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
    kind: 'json',
    ts: typeof at === 'string' || typeof at === 'number' ? isoOf(at) : undefined,
    level: typeof level === 'string' ? levelOf(level) : 'info',
    message: said,
    fields: Object.fromEntries(fields),
  };
}

/** Of text without a known form. */
export const levelOfPlain = (text: string): Level =>
  /\b(error|fatal|exception|panic)\b/i.test(text) ? 'error' : /\bwarn(ing)?\b/i.test(text) ? 'warn' : 'info';
