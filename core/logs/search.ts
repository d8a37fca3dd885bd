/** Which entries of a segment match a filter. Pure; at most some milliseconds for one segment. */
import type { Buffer } from 'node:buffer';
import { isAtLeast, parseCursor, type LogEntry, type LogFilter } from '../../contract/logs.ts';
import { hasAnsi, stripAnsi } from './ansi.ts';
import { entryOf, groupLines, type RawEntry } from './entries.ts';
import { parseLine } from './parse.ts';
import { linesOf } from './segments.ts';

export interface Found {
  readonly entry: LogEntry;
  /** The lines as they were printed, secrets masked; '' unless the search asks for it. */
  readonly text: string;
}

export interface SegmentOfLog {
  readonly bytes: Buffer;
  /** Ms since 1970, for entries that tell no time: all of the file was written before. */
  readonly endedAt: number;
}

export interface Search {
  readonly service: string;
  readonly filter: LogFilter;
  readonly withText: boolean;
  /** Exact text is searched in what is left after masking, so that nobody can find out a secret. */
  mask(text: string): string;
}

/** What JSON and masking may write otherwise, so that it must be read before it can be searched. */
const PLAIN_TEXT = /^[\u0020-\u007e]*$/;

/** In the order of the log. An entry that tells no time has that of the next in the segment that does, else the one of the file's end. */
export function searchSegment({ bytes, endedAt }: SegmentOfLog, { service, filter, withText, mask }: Search): Found[] {
  const wanted = filter.text?.toLowerCase() ?? '';
  if (wanted !== '' && cannotHave(bytes.toString('utf8'), wanted)) return [];
  const from = filter.from === undefined ? -Infinity : Date.parse(filter.from);
  const to = filter.to === undefined ? Infinity : Date.parse(filter.to);
  const before = filter.before === undefined ? null : parseCursor(filter.before);
  const found: Found[] = [];
  let ts = new Date(endedAt).toISOString();
  for (const raw of groupLines(linesOf(bytes)).reverse()) {
    ts = raw.head.ts ?? ts;
    // Of several lines, all decide; see entryOf.
    if (filter.level !== undefined && raw.lines.length === 1 && !isAtLeast(raw.head.level, filter.level)) continue;
    const at = Date.parse(ts);
    if (at < from || at > to || (before !== null && (before.count > 0 ? at > before.at : at >= before.at))) continue;
    const entry = entryOf(service, raw, ts);
    if (filter.level !== undefined && !isAtLeast(entry.level, filter.level)) continue;
    const masked = maskEntry(entry, mask);
    if (wanted !== '' && !stripAnsi(masked.message).toLowerCase().includes(wanted)) continue;
    found.push({ entry: masked, text: withText ? textOf(raw, mask) : '' });
  }
  return found.reverse();
}

export function maskEntry(entry: LogEntry, mask: Search['mask']): LogEntry {
  const fields = Object.fromEntries(Object.entries(entry.fields).map(([key, value]) => [key, mask(value)]));
  return { ...entry, message: mask(entry.message), fields };
}

/** Ms since 1970 that the first timed line of the segment tells; null when none of its first lines tells one. */
export function beginningOf(segment: Buffer): number | null {
  for (const line of segment.toString('utf8', 0, 4096).split('\n').slice(0, -1)) {
    const { ts } = parseLine(line);
    if (ts !== undefined) return Date.parse(ts);
  }
  return null;
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
