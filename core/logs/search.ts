/** Which entries of a segment match a filter. Pure; at most some milliseconds for one segment. */
import type { Buffer } from 'node:buffer';
import { isAtLeast, parseCursor, type LogEntry, type LogFilter } from '../../contract/logs.ts';
import { hasAnsi, stripAnsi } from './ansi.ts';
import { entryOf, groupLines, type Arrived, type RawEntry } from './entries.ts';
import { parseLine } from './parse.ts';
import { linesOf } from './segments.ts';
import { arrivalIn, type Span } from './spans.ts';

export interface Found {
  readonly entry: LogEntry;
  /** The lines as they were printed, secrets masked; '' unless the search asks for it. */
  readonly text: string;
}

export interface Search {
  readonly service: string;
  readonly filter: LogFilter;
  readonly withText: boolean;
  /** Exact text is searched in what is left after masking, so that no one can find out a secret. */
  mask(text: string): string;
}

/** What JSON and masking may write otherwise, so that it must be read before it can be searched. */
const PLAIN_TEXT = /^[\u0020-\u007e]*$/;

/**
 * In the order of the log. An entry that tells no time has the time of its arrival, but no later than the next one that tells its own and
 * came in the same breath: programs time a line before they write it.
 */
export function searchSegment(segment: Span, { service, filter, withText, mask }: Search): Found[] {
  const wanted = filter.text?.toLowerCase() ?? '';
  if (wanted !== '' && cannotHave(segment.bytes.toString('utf8'), wanted)) return [];
  const from = filter.from === undefined ? -Infinity : Date.parse(filter.from);
  const to = filter.to === undefined ? Infinity : Date.parse(filter.to);
  const before = filter.before === undefined ? null : parseCursor(filter.before);
  if (before !== null && isPlainAndAfter(segment, before.at)) return [];
  const arrivals = createArrivals(segment);
  const found: Found[] = [];
  for (const raw of groupLines(linesOf(segment.bytes)).reverse()) {
    const arrived = arrivals.of(raw);
    // Of several lines, all decide; see entryOf.
    if (filter.level !== undefined && raw.lines.length === 1 && !isAtLeast(raw.head.level, filter.level)) continue;
    const at = Date.parse(arrived.ts);
    if (at < from || at > to || (before !== null && (before.count > 0 ? at > before.at : at >= before.at))) continue;
    const entry = entryOf(service, raw, arrived);
    if (filter.level !== undefined && !isAtLeast(entry.level, filter.level)) continue;
    const masked = maskEntry(entry, mask);
    if (wanted !== '' && !stripAnsi(masked.message).toLowerCase().includes(wanted)) continue;
    found.push({ entry: masked, text: withText ? textOf(raw, mask) : '' });
  }
  return found.reverse();
}

/** What can tell a time begins with one of these; see parse.ts. */
const MAY_TELL_TIME = /^[[\dN{\u001b]/m;

/** Of a page far back in a log without times, most segments are passed over here. */
function isPlainAndAfter(segment: Span, at: number): boolean {
  const arrival = arrivalIn(segment, 0);
  return arrival !== null && arrival.at > at && !MAY_TELL_TIME.test(segment.bytes.toString('latin1'));
}

/** Times of the entries of a segment, asked for from the last to the first. */
export function createArrivals(segment: Span): { of(raw: RawEntry): Arrived } {
  let starts: number[] | null = null;
  let next: { readonly ts: string; readonly index: number } | null = null;
  let [lastAt, lastTs] = [Number.NaN, ''];
  const indexOf = (line: number): number => (starts ??= startsOf(segment.bytes))[line] ?? 0;
  return {
    of({ head, first }) {
      if (head.ts !== undefined) {
        // Looked up only when it is needed: most logs tell all times.
        next = { ts: head.ts, index: first };
        return { ts: head.ts, approximate: false };
      }
      const arrival = arrivalIn(segment, indexOf(first)) ?? { at: 0, approximate: true, until: 0 };
      if (arrival.at !== lastAt) [lastAt, lastTs] = [arrival.at, new Date(arrival.at).toISOString()];
      const isBounded = next !== null && next.ts < lastTs && indexOf(next.index) < arrival.until;
      return { ts: isBounded ? (next?.ts ?? lastTs) : lastTs, approximate: arrival.approximate };
    },
  };
}

/** Index of the first byte of each line. */
function startsOf(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

export function maskEntry(entry: LogEntry, mask: Search['mask']): LogEntry {
  const fields = Object.fromEntries(Object.entries(entry.fields).map(([key, value]) => [key, mask(value)]));
  return { ...entry, message: mask(entry.message), fields };
}

/** Ms since 1970 that the first timed line of the segment tells, or when its first line came; null when nothing is known of it. */
export function beginningOf(segment: Span): number | null {
  for (const line of segment.bytes.toString('utf8', 0, 4096).split('\n').slice(0, -1)) {
    const { ts } = parseLine(line);
    if (ts !== undefined) return Date.parse(ts);
  }
  const arrival = arrivalIn(segment, 0);
  return arrival === null || arrival.approximate ? null : arrival.at;
}

/** Most segments are passed over here, without being read line by line. */
function cannotHave(text: string, wanted: string): boolean {
  return PLAIN_TEXT.test(wanted) && !text.includes('\\') && !hasAnsi(text) && !text.toLowerCase().includes(wanted);
}

function textOf({ head, lines: [first = '', ...more] }: RawEntry, mask: Search['mask']): string {
  return mask([head.kind === 'json' ? maskJson(first, mask) : first, ...more].join('\n'));
}

/** A secret with characters that JSON escapes is not found in the line as it stands. */
function maskJson(line: string, mask: Search['mask']): string {
  if (!line.includes('\\')) return line;
  let masked = false;
  const value: unknown = JSON.parse(stripAnsi(line), (_key, item: unknown) => {
    if (typeof item !== 'string') return item;
    const text = mask(item);
    masked ||= text !== item;
    return text;
  });
  return masked ? JSON.stringify(value) : line;
}
