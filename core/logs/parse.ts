/** One line as a service printed it → level, time and message. Pure. */
import type { LogEntry } from '../../contract/logs.ts';

type Level = LogEntry['level'];

interface Format {
  readonly pattern: RegExp;
  readonly read: (groups: Readonly<Record<string, string>>) => { ts?: string; level: Level; message: string; fields?: Record<string, string> };
}

const word = (text: string): Level => {
  if (/^(panic|fatal|error|err|crit|emerg|alert)/i.test(text)) return 'error';
  if (/^warn/i.test(text)) return 'warn';
  if (/^debug/i.test(text)) return 'debug';
  return 'info';
};

const iso = (text: string): string | undefined => {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
};
const withTime = (ts: string | undefined): { ts?: string } => (ts === undefined ? {} : { ts });

/** In the order of trying; each was taken from what the program really prints. */
const FORMATS: readonly Format[] = [
  {
    // PostgreSQL with log_line_prefix '%m [%p] ': "2026-11-21 03:50:00.123 UTC [42] LOG:  database system is ready"
    pattern: /^(?<ts>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC \[(?<pid>\d+)\] (?<level>[A-Z]+[0-9]?):\s+(?<message>.*)$/,
    read: ({ ts = '', pid = '', level = '', message = '' }) => ({ ...withTime(iso(`${ts.replace(' ', 'T')}Z`)), level: word(level), message, fields: { pid } }),
  },
  {
    // MariaDB: "2026-11-21  3:50:00 0 [Warning] ..."
    pattern: /^(?<ts>\d{4}-\d\d-\d\d\s+\d{1,2}:\d\d:\d\d) (?<thread>\d+) \[(?<level>\w+)\] (?<message>.*)$/,
    read: ({ ts = '', level = '', message = '' }) => ({ ...withTime(iso(`${ts.replace(/\s+(\d):/, ' 0$1:').replace(/\s+/, 'T')}Z`)), level: word(level), message }),
  },
  {
    // php-fpm: "[21-Nov-2026 03:50:00] NOTICE: ready to handle connections"
    pattern: /^\[(?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d{4}) (?<time>\d\d:\d\d:\d\d(\.\d+)?)\] (?<level>[A-Z]+): (?<message>.*)$/,
    read: ({ day, month, year, time, level = '', message = '' }) => ({ ...withTime(iso(`${day ?? ''} ${month ?? ''} ${year ?? ''} ${time?.slice(0, 8) ?? ''} UTC`)), level: word(level), message }),
  },
  {
    // Redis: "42:M 21 Nov 2026 03:50:00.123 * Ready to accept connections"
    pattern: /^(?<pid>\d+):(?<role>[XCSM]) (?<ts>\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}) (?<mark>[.\-*#]) (?<message>.*)$/,
    read: ({ pid = '', ts = '', mark, message = '' }) => ({
      ...withTime(iso(`${ts} UTC`)), level: mark === '#' ? 'warn' : mark === '.' ? 'debug' : 'info', message, fields: { pid },
    }),
  },
  {
    // Any program: "2026-11-21T03:50:00.123Z error message"
    pattern: /^(?<ts>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z) (?<level>debug|info|warn|error) (?<message>.*)$/i,
    read: ({ ts = '', level = '', message = '' }) => ({ ...withTime(iso(ts)), level: word(level), message }),
  },
];

/** @param fallbackTs ISO time used when the line has none */
export function parseLogLine(service: string, line: string, fallbackTs: string): LogEntry {
  for (const { pattern, read } of FORMATS) {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined) continue;
    const { ts = fallbackTs, level, message, fields = {} } = read(groups);
    return { ts, level, service, message, fields };
  }
  const level: Level = /\b(error|fatal|exception|panic)\b/i.test(line) ? 'error' : /\bwarn(ing)?\b/i.test(line) ? 'warn' : 'info';
  return { ts: fallbackTs, level, service, message: line, fields: {} };
}
