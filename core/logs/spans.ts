/** Pieces of logs in memory that still know from where in their files they are. Pure. */
import { Buffer } from 'node:buffer';
import type { Arrival, Timeline } from './arrivals.ts';

interface Part {
  /** First byte of the part in the span. */
  readonly from: number;
  /** Where that byte lies in its file. */
  readonly offset: number;
  readonly timeline: Timeline;
}

export interface Span {
  readonly bytes: Buffer;
  /** In the order of the bytes; none only when there are no bytes. */
  readonly parts: readonly Part[];
}

export const EMPTY_SPAN: Span = { bytes: Buffer.alloc(0), parts: [] };

export const spanOf = (bytes: Buffer, offset: number, timeline: Timeline): Span =>
  bytes.length === 0 ? EMPTY_SPAN : { bytes, parts: [{ from: 0, offset, timeline }] };

export function joinSpans(a: Span, b: Span): Span {
  if (a.bytes.length === 0) return b;
  if (b.bytes.length === 0) return a;
  const moved = b.parts.map((part) => ({ ...part, from: part.from + a.bytes.length }));
  return { bytes: Buffer.concat([a.bytes, b.bytes]), parts: [...a.parts, ...moved] };
}

export function sliceSpan({ bytes, parts }: Span, from: number, to = bytes.length): Span {
  if (to <= from) return EMPTY_SPAN;
  const kept = parts
    .filter((part, index) => part.from < to && (parts[index + 1]?.from ?? Infinity) > from)
    .map(({ from: begin, offset, timeline }) =>
      begin >= from ? { from: begin - from, offset, timeline } : { from: 0, offset: offset + from - begin, timeline },
    );
  return { bytes: bytes.subarray(from, to), parts: kept };
}

/** Of the byte at this index of the span. `until` is an index too. */
export function arrivalIn({ parts }: Span, index: number): Arrival | null {
  const at = parts.findLastIndex(({ from }) => from <= index);
  const part = parts[at];
  if (part === undefined) return null;
  const arrival = part.timeline.arrivalOf(part.offset + index - part.from);
  const until = Math.min(arrival.until - part.offset + part.from, parts[at + 1]?.from ?? Infinity);
  return { ...arrival, until };
}
