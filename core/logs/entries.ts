/** Lines become entries: what belongs to one message stays together. Pure. */
import type { LogEntry } from '../../contract/logs.ts';
import { parseLogLine } from './parse.ts';

/** Lines that go on with the one before: indented ones, stack traces of PHP, Node, Java and Python. */
const CONTINUED = /^(?:\t| {2,}|#\d+ |Stack trace:$|Caused by: |\.\.\. \d+ more)/;
/** PostgreSQL's further parts of a message have the whole prefix again; see log_line_prefix. */
const POSTGRES_PART = /^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[\d+\] (?:DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):/;
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
/** A message that never ends is cut into several. */
const MAX_LINES = 500;

export const isContinuation = (line: string): boolean => CONTINUED.test(line) || POSTGRES_PART.test(line);

/** Collects lines in the order in which they were written. */
export interface EntryCollector {
  add(line: string): void;
  /** The last message is whole. */
  end(): void;
}

/** @param take gets the lines of each message */
export function collectEntries(take: (lines: readonly string[]) => void): EntryCollector {
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) take(lines);
    lines = [];
  };
  return {
    add(line) {
      if (lines.length === 0 || !isContinuation(line) || lines.length >= MAX_LINES) flush();
      lines.push(line);
    },
    end: flush,
  };
}

/** The same, newest line first. */
export function collectEntriesBackwards(take: (lines: readonly string[]) => void): EntryCollector {
  let lines: string[] = [];
  return {
    add(line) {
      lines.push(line);
      if (isContinuation(line) && lines.length < MAX_LINES) return;
      take(lines.reverse());
      lines = [];
    },
    end() {
      if (lines.length > 0) take(lines.reverse());
      lines = [];
    },
  };
}

/**
 * @param lines of one message
 * @param fallbackTs ISO time where the first line has none
 */
export function toEntry(service: string, lines: readonly string[], fallbackTs: string): LogEntry {
  const [first = '', ...others] = lines;
  const plain = first.includes('\u001b') ? first.replaceAll(ANSI, '') : first;
  const entry = parseLogLine(service, plain, fallbackTs);
  // Colours say nothing to a parser, but people like to see them.
  const message = plain === first || entry.message !== plain ? entry.message : first;
  if (others.length === 0) return message === entry.message ? entry : { ...entry, message };
  return { ...entry, message: [message, ...others.map(withoutPrefix)].join('\n') };
}

const withoutPrefix = (line: string): string =>
  POSTGRES_PART.test(line) ? line.replace(/^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[\d+\] /, '') : line;

export interface EntryFilter {
  readonly level?: LogEntry['level'] | undefined;
  /** ISO times, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Anywhere in the message, in any case. */
  readonly text?: string | undefined;
}

const LEVELS: readonly LogEntry['level'][] = ['debug', 'info', 'warn', 'error'];

/** @returns a test for entries, and a cheaper one for their raw lines, which may say yes to too many */
export function matcherOf(filter: EntryFilter): {
  mayMatch(lines: readonly string[]): boolean;
  matches(entry: LogEntry): boolean;
} {
  const text = filter.text?.toLowerCase() ?? '';
  const least = LEVELS.indexOf(filter.level ?? 'debug');
  const [from, to] = [timeOf(filter.from, -Infinity), timeOf(filter.to, Infinity)];
  const hasTimes = from !== -Infinity || to !== Infinity;
  return {
    mayMatch: (lines) =>
      text === '' || lines.some((line) => line.includes('\u001b') || line.toLowerCase().includes(text)),
    matches(entry) {
      if (LEVELS.indexOf(entry.level) < least) return false;
      if (text !== '' && !entry.message.replaceAll(ANSI, '').toLowerCase().includes(text)) return false;
      if (!hasTimes) return true;
      const at = Date.parse(entry.ts);
      return at >= from && at <= to;
    },
  };
}

const timeOf = (text: string | undefined, fallback: number): number =>
  text === undefined ? fallback : Date.parse(text);
