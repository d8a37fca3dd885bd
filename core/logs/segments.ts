/**
 * A log in blocks → segments that begin where an entry begins, so that each can be read by itself, forward or backward.
 *
 * Blocks lie at multiples of BLOCK_BYTES from the first byte of a live log, and of the archive that it becomes: both give the same segments.
 */
import type { Buffer } from 'node:buffer';
import { beginsEntry } from './entries.ts';
import { EMPTY_SPAN, joinSpans, sliceSpan, type Span } from './spans.ts';

export const BLOCK_BYTES = 128 * 1024;
/** Of one segment; what has no beginning for so long is cut anywhere between two lines. */
const MAX_SEGMENT_BYTES = 1024 * 1024;
/** Of one line, in characters; the rest of it is left out. */
const MAX_LINE = 64 * 1024;
/** Lines looked at for one that surely begins an entry. */
const MAX_LOOKED_AT = 200;
const NEWLINE = 10;

/** Takes blocks in one direction; gives a segment when one is complete. */
export interface Cutter {
  /** @param isFirst nothing comes before this block, so it begins with a line */
  add(block: Span, isFirst: boolean): Span | null;
  /** What is left when there are no more blocks. */
  rest(): Span;
}

/** Blocks come from the last to the first. @param after lines that follow the last block and may belong to its last entry */
export function createBackwardCutter(after: Span = EMPTY_SPAN): Cutter {
  /** Lines whose beginning is in an earlier block. */
  let rest: Span = after;
  return {
    add(block, isFirst) {
      const whole = bounded(joinSpans(block, rest));
      let at = findBeginning(block.bytes, isFirst);
      if (at === -1 && whole.bytes.length > MAX_SEGMENT_BYTES) at = whole.bytes.indexOf(NEWLINE) + 1;
      rest = at === -1 ? whole : sliceSpan(whole, 0, at);
      return at === -1 ? null : sliceSpan(whole, at);
    },
    rest: () => rest,
  };
}

/** Blocks come from the first to the last. */
export function createForwardCutter(): Cutter {
  /** Lines whose end may be in a later block. */
  let rest: Span = EMPTY_SPAN;
  return {
    add(block, isFirst) {
      const found = findBeginning(block.bytes, isFirst);
      let whole: Span = joinSpans(rest, block);
      let at = found === -1 ? -1 : rest.bytes.length + found;
      if (at === -1) whole = bounded(whole);
      if (at === -1 && whole.bytes.length > MAX_SEGMENT_BYTES) at = whole.bytes.lastIndexOf(NEWLINE) + 1;
      rest = at === -1 ? whole : sliceSpan(whole, at);
      return at === -1 ? null : sliceSpan(whole, 0, at);
    },
    rest: () => rest,
  };
}

export function linesOf(segment: Buffer): string[] {
  const lines = segment.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} …` : line));
}

/** Of a line that does not end, the beginning. */
function bounded(span: Span): Span {
  const { bytes } = span;
  if (bytes.length <= MAX_SEGMENT_BYTES) return span;
  const end = bytes.indexOf(NEWLINE);
  if (end !== -1 && end < bytes.length - 1) return span;
  return joinSpans(sliceSpan(span, 0, 2 * MAX_LINE), sliceSpan(span, end === -1 ? bytes.length : end));
}

/**
 * First place in the block where an entry begins, or -1. Where that is a guess only, many lines must have been looked at: a segment that is
 * a little longer does no harm, an entry that is cut in two does.
 */
function findBeginning(block: Buffer, isFirst: boolean): number {
  let perhaps = -1;
  let at = isFirst ? 0 : block.indexOf(NEWLINE) + 1;
  if (at === 0 && !isFirst) return -1;
  for (let looked = 0; at < block.length; looked++) {
    if (looked === MAX_LOOKED_AT) return perhaps;
    const end = block.indexOf(NEWLINE, at);
    const verdict = beginsEntry(block.toString('utf8', at, end === -1 ? block.length : end));
    if (verdict === 'surely') return at;
    if (verdict === 'perhaps' && perhaps === -1 && at > 0) perhaps = at;
    if (end === -1) return -1;
    at = end + 1;
  }
  return -1;
}
