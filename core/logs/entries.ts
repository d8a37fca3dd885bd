/** Lines of a log → entries: what a program printed at once stays together. Pure. */
import type { LogEntry } from '../../contract/logs.ts';
import { stripAnsi } from './ansi.ts';
import { levelOfPlain, parseLine, type ParsedLine } from './parse.ts';

export interface RawEntry {
  readonly head: ParsedLine;
  /** Number of its first line, from 0. */
  readonly first: number;
  /** As printed; the first is the head's. */
  readonly lines: string[];
}

/** When a line came that tells no time. */
export interface Arrived {
  readonly ts: string;
  readonly approximate: boolean;
}

/** What the entry so far makes of an untimed line. */
type Mode = 'usual' | 'message' | 'trace';
interface Open extends RawEntry {
  mode: Mode;
}

/** Programs that time every entry: an untimed line of theirs belongs to the one before, e.g. in a crash report. */
const TIMED: ReadonlySet<string> = new Set(['postgres', 'mariadb', 'redis']);
/** https://www.postgresql.org/docs/current/runtime-config-logging.html; the backend writes them together with their message. */
const POSTGRES_MORE = /\[\d+\] (?<more>(?:DETAIL|HINT|QUERY|CONTEXT|LOCATION|BACKTRACE|STATEMENT):\s.*)$/;
/** "PHP Stack trace:" and "PHP   1. {main}() /app/index.php:0", each with its own time. */
const PHP_TRACE = /^PHP (?:Stack trace:|\s+\d+\. )/;
/** Of Java ("\tat …", "\t... 7 more"), Node ("    at …"), PHP ("#0 /app/index.php(3): run()"), PostgreSQL (any after a tab). */
const ALWAYS_MORE =
  /^(?:\t|\s+at |\s+\.{3} \d+ |Caused by: |Stack trace:|\[stacktrace\]|#\d+ (?:\S.*\(\d+\): |\{main\}|\[internal function\])| {2}thrown in |\s*$)/;
const TRACE_BEGINS = /^(?:\s+at |Stack trace:|\[stacktrace\]|#\d+ )/;
const MORE_OF_TRACE = /^(?:\s|\}|Next |Node\.js v)/;
const PHP_UNCAUGHT = /^PHP (?:Fatal error|Warning):\s+Uncaught /;
/** Node before an uncaught error: "/app/server.js:3", the source line, a caret. */
const NODE_SOURCE = /^(?:\/|file:\/\/|node:|\[eval\]).*:\d+$/;
const CARET = /^\s*\^+\s*$/;
/** Of a message that stands before its trace, in lines. */
const MAX_MESSAGE_LINES = 50;

export function groupLines(lines: readonly string[]): RawEntry[] {
  const entries: Open[] = [];
  let open: Open | undefined;
  lines.forEach((line, index) => {
    const parsed = parseLine(line);
    const visible = stripAnsi(line);
    if (open === undefined || !belongs(visible, parsed, open)) {
      entries.push((open = { head: parsed, first: index, lines: [line], mode: modeOf(parsed, lines[index + 2]) }));
      return;
    }
    open.lines.push(line);
    if (TRACE_BEGINS.test(visible)) open.mode = 'trace';
    // "Next RuntimeException: cannot run in …": its message may have lines of its own.
    else if (open.mode === 'trace' && visible.startsWith('Next ')) open.mode = 'message';
  });
  return entries;
}

function modeOf(head: ParsedLine, third: string | undefined): Mode {
  const precedesTrace =
    head.kind === 'plain' ? NODE_SOURCE.test(head.message) && CARET.test(third ?? '') : PHP_UNCAUGHT.test(head.message);
  return precedesTrace ? 'message' : 'usual';
}

function belongs(line: string, parsed: ParsedLine, { head, lines, mode }: Open): boolean {
  if (parsed.kind === 'postgres')
    return head.kind === 'postgres' && head.fields?.['pid'] === parsed.fields?.['pid'] && POSTGRES_MORE.test(line);
  if (parsed.kind === 'php') return head.kind === 'php' && PHP_TRACE.test(parsed.message);
  if (parsed.kind !== 'plain') return false;
  if (TIMED.has(head.kind) || ALWAYS_MORE.test(line)) return true;
  if (mode === 'trace') return MORE_OF_TRACE.test(line);
  return mode === 'message' && lines.length < MAX_MESSAGE_LINES;
}

/** Whether an entry begins with this line whatever came before; `perhaps` for a plain line. */
export function beginsEntry(line: string): 'surely' | 'perhaps' | 'no' {
  const parsed = parseLine(line);
  if (parsed.kind === 'plain') return ALWAYS_MORE.test(line) || MORE_OF_TRACE.test(line) ? 'no' : 'perhaps';
  if (parsed.kind === 'postgres') return POSTGRES_MORE.test(line) ? 'no' : 'surely';
  return parsed.kind === 'php' && PHP_TRACE.test(parsed.message) ? 'no' : 'surely';
}

/** @param arrived ISO time of an entry that tells none */
export function entryOf(service: string, { head, lines }: RawEntry, arrived: Arrived): LogEntry {
  const message = lines.length === 1 ? head.message : joinLines(head, lines);
  return {
    ts: head.ts ?? arrived.ts,
    ...(head.ts === undefined && arrived.approximate ? { approximate: true } : {}),
    // "/app/server.js:3" says nothing of what follows.
    level: head.kind === 'plain' && lines.length > 1 ? levelOfPlain(stripAnsi(message)) : head.level,
    service,
    message,
    fields: head.fields ?? {},
  };
}

function joinLines(head: ParsedLine, lines: readonly string[]): string {
  const more = lines.slice(1).map((line) => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (head.kind !== 'postgres') return text;
    // PostgreSQL puts a tab before each further line of a message.
    return POSTGRES_MORE.exec(text)?.groups?.['more'] ?? text.replace(/^\t/, '');
  });
  return [head.message, ...more].join('\n').trimEnd();
}
