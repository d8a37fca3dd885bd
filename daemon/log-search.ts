/** Walks through the log of one service, newest or oldest first, and stops as early as it can; each step works some milliseconds. */
import { setImmediate } from 'node:timers/promises';
import { parseCursor, type LogFilter } from '../contract/logs.ts';
import { createNewestFound } from '../core/logs/newest.ts';
import { beginningOf, searchSegment, type Found, type Search } from '../core/logs/search.ts';
import { BLOCK_BYTES, createBackwardCutter, createForwardCutter } from '../core/logs/segments.ts';
import { joinSpans, type Span } from '../core/logs/spans.ts';
import type { LogPiece } from './system/log-pieces.ts';

/** Processes write their lines in another order than they time them, by no more than this. */
const DISORDER_MS = 60_000;
/** What is in memory already would be worked on without a pause. */
const letOthersWork = (): Promise<void> => setImmediate();
/** Of an archive's end, kept while it is unpacked, in blocks. */
const WINDOW_BLOCKS = 8;

interface Numbered {
  readonly block: Span;
  readonly index: number;
}

interface Bounds {
  readonly from: number;
  readonly until: number;
}

function boundsOf({ from, to, before }: LogFilter): Bounds {
  return {
    from: (from === undefined ? -Infinity : Date.parse(from)) - DISORDER_MS,
    until:
      Math.min(to === undefined ? Infinity : Date.parse(to), before === undefined ? Infinity : parseCursor(before).at) +
      DISORDER_MS,
  };
}

/**
 * Batches from the newest to the oldest; each is in the order of the log.
 *
 * @param pieces the newest first; @param atMost so many entries are enough
 */
export async function* searchBackward(
  pieces: readonly LogPiece[],
  search: Search,
  atMost: number,
): AsyncGenerator<Found[]> {
  const bounds = boundsOf(search.filter);
  let cutter = createBackwardCutter();
  let left = atMost;
  const density = { blocks: 0, found: 0 };
  const find = (segment: Span): Found[] => {
    const found = searchSegment(segment, search);
    density.blocks += 1;
    density.found += found.length;
    left -= found.length;
    return found;
  };
  /** Most of what is wanted is likely at the very end. */
  const isPromising = (): boolean =>
    density.blocks === 0 ? !search.filter.text : (density.found / density.blocks) * WINDOW_BLOCKS >= left;

  for (const piece of pieces) {
    if (piece.endedAt < bounds.from) break;
    if (await beginsAfter(piece, bounds.until)) {
      yield find(cutter.rest());
      cutter = createBackwardCutter();
      continue;
    }
    let unread = Infinity;
    if (piece.blockCount !== null || isPromising()) {
      const end = await endBlocks(piece, bounds.until);
      for await (const { block, index } of end.blocks) {
        await letOthersWork();
        const segment = cutter.add(block, index === 0);
        if (segment === null) continue;
        yield find(segment);
        if (left <= 0 || (beginningOf(segment) ?? Infinity) < bounds.from) return;
      }
      unread = end.unread;
    }
    if (unread > 0) {
      const newest = createNewestFound(left);
      const lead = await readForward(piece, unread, cutter.rest(), (segment) => {
        if ((beginningOf(segment) ?? -Infinity) > bounds.until) return 'enough';
        newest.add(searchSegment(segment, search));
        density.blocks += 1;
        return 'go on';
      });
      const found = newest.list();
      density.found += found.length;
      left -= found.length;
      yield found;
      if (left <= 0) return;
      cutter = createBackwardCutter(lead);
    }
  }
  yield find(cutter.rest());
}

/** The last blocks of a piece, the newest first, and how many come before them. Of a compressed one, it unpacks all and holds the end. */
async function endBlocks(
  piece: LogPiece,
  until: number,
): Promise<{ blocks: AsyncIterable<Numbered> | Iterable<Numbered>; unread: number }> {
  if (piece.blockCount !== null)
    return { blocks: backward(piece, blocksUntil(piece, piece.blockCount, until)), unread: 0 };
  const window: Numbered[] = [];
  let count = 0;
  for await (const block of piece.blocks()) {
    window.unshift({ block, index: count++ });
    if (window.length > WINDOW_BLOCKS) window.pop();
  }
  return { blocks: window, unread: count - window.length };
}

/** How many blocks are worth looking at; one more than need be, so that the last entry of interest is whole. */
function blocksUntil({ base, timeline }: LogPiece, count: number, until: number): number {
  const offset = timeline.offsetAfter(until);
  return offset === Infinity ? count : Math.min(count, Math.max(0, Math.floor((offset - base) / BLOCK_BYTES)) + 2);
}

async function* backward(piece: LogPiece, count: number): AsyncGenerator<Numbered> {
  for (let index = count - 1; index >= 0; index--) yield { block: await piece.block(index), index };
}

/**
 * The first `count` blocks, segment by segment in the order of the log.
 *
 * @param after what follows them; @returns what may belong to the last entry of the piece before
 */
async function readForward(
  piece: LogPiece,
  count: number,
  after: Span,
  take: (segment: Span) => 'go on' | 'enough',
): Promise<Span> {
  const cutter = createForwardCutter();
  let lead: Span | null = null;
  let index = 0;
  for await (const block of piece.blocks()) {
    if (index >= count) break;
    const segment = cutter.add(block, index++ === 0);
    if (segment === null) continue;
    await letOthersWork();
    if (lead === null) lead = segment;
    else if (take(segment) === 'enough') return lead;
  }
  const last = joinSpans(cutter.rest(), after);
  if (lead === null) return last;
  take(last);
  return lead;
}

/** Looks into the first block only. */
async function beginsAfter(piece: LogPiece, until: number): Promise<boolean> {
  if (until === Infinity) return false;
  for await (const block of piece.blocks()) return (beginningOf(block) ?? -Infinity) > until;
  return false;
}

/** Batches from the oldest to the newest, all that match. @param pieces the newest first */
export async function* searchForward(pieces: readonly LogPiece[], search: Search): AsyncGenerator<Found[]> {
  const bounds = boundsOf(search.filter);
  const cutter = createForwardCutter();
  for (const piece of pieces.filter((one) => one.endedAt >= bounds.from).reverse()) {
    let index = 0;
    for await (const block of piece.blocks()) {
      const segment = cutter.add(block, index++ === 0);
      if (segment === null) continue;
      await letOthersWork();
      yield searchSegment(segment, search);
      if ((beginningOf(segment) ?? -Infinity) > bounds.until) return;
    }
  }
  yield searchSegment(cutter.rest(), search);
}
