import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimeline, formatHeader, formatMark, marksBetween, parseMarks, type Mark } from './arrivals.ts';
import { createBackwardCutter, createForwardCutter, linesOf } from './segments.ts';
import { arrivalIn, spanOf, type Span } from './spans.ts';

const marksArbitrary = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 3000 }),
      fc.constantFrom('steady' as const, 'sudden' as const, 'unwatched' as const),
    ),
    { maxLength: 20 },
  )
  .map((steps) => {
    const marks: Mark[] = [{ offset: 0, at: 1_000_000, came: 'steady' }];
    for (const [bytes, ms, came] of steps) {
      const last = marks.at(-1) ?? { offset: 0, at: 0 };
      marks.push({ offset: last.offset + bytes, at: last.at + ms, came });
    }
    return marks;
  });

describe('arrivals', () => {
  it('lie between the mark before and the mark after, in the order of the bytes', () => {
    fc.assert(
      fc.property(marksArbitrary, (marks) => {
        const end = marks.at(-1)?.offset ?? 0;
        const timeline = createTimeline(marks, 9_000_000);
        let last = 0;
        for (let offset = 0; offset < end; offset++) {
          const { at, until } = timeline.arrivalOf(offset);
          const index = marks.findIndex((mark) => mark.offset > offset);
          expect(at).toBeGreaterThanOrEqual(marks[index - 1]?.at ?? 0);
          expect(at).toBeLessThanOrEqual(marks[index]?.at ?? 0);
          expect(at).toBeGreaterThanOrEqual(last);
          expect(until).toBe(marks[index]?.offset);
          last = at;
        }
        expect(timeline.arrivalOf(end)).toEqual({ at: 9_000_000, approximate: true, until: Infinity });
      }),
      { numRuns: 50 },
    );
  });

  it('never change when marks are added or those of archived bytes are dropped', () => {
    fc.assert(
      fc.property(marksArbitrary, fc.nat(), fc.nat(), (marks, some, other) => {
        const end = marks.at(-1)?.offset ?? 0;
        const all = createTimeline(marks, 9_000_000);
        const count = 1 + (some % marks.length);
        const earlier = createTimeline(marks.slice(0, count), 8_000_000);
        for (let offset = 0; offset < (marks[count - 1]?.offset ?? 0); offset++)
          expect(earlier.arrivalOf(offset)).toEqual(all.arrivalOf(offset));
        const [from, to] = [some % (end + 1), other % (end + 1)].sort((a, b) => a - b) as [number, number];
        const part = createTimeline(marksBetween(marks, from, to), 7_000_000);
        for (let offset = from; offset < to; offset++) expect(part.arrivalOf(offset)).toEqual(all.arrivalOf(offset));
      }),
      { numRuns: 50 },
    );
  });

  it('are read from a file as they were written, whatever was half written', () => {
    fc.assert(
      fc.property(marksArbitrary, fc.string({ maxLength: 20 }), (marks, torn) => {
        const text = formatHeader(42, 7) + marks.map(formatMark).join('');
        expect(parseMarks(text)).toEqual({ inode: 42, base: 7, marks });
        const half = text + torn.replaceAll('\n', '');
        expect(parseMarks(half)?.marks).toEqual(marks);
        // A later daemon appends to what is there.
        const next: Mark = { offset: 1_000_000, at: 2_000_000, came: 'unwatched' };
        expect(parseMarks(`${half}\n${formatMark(next)}`)?.marks.at(-1)).toEqual(next);
      }),
    );
    expect(parseMarks('')).toBe(null);
    expect(parseMarks('something else\n')).toBe(null);
  });

  it('tell from where on all bytes are later', () => {
    const timeline = createTimeline(
      [
        { offset: 0, at: 10, came: 'steady' },
        { offset: 5, at: 20, came: 'sudden' },
        { offset: 9, at: 5000, came: 'steady' },
      ],
      6000,
    );
    expect([timeline.offsetAfter(9), timeline.offsetAfter(10), timeline.offsetAfter(20)]).toEqual([0, 5, 9]);
    expect(timeline.offsetAfter(5000)).toBe(Infinity);
  });
});

describe('spans', () => {
  const line = fc.string({ maxLength: 60 }).map((text) => text.replaceAll('\n', ''));

  it.each(['forward', 'backward'] as const)('know where each line lies, cut %s', (direction) => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (lines) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const timeline = createTimeline(
          Array.from({ length: bytes.length }, (_, at) => ({
            offset: at + 1,
            at: 10_000 * (at + 1),
            came: 'sudden' as const,
          })),
          5,
        );
        const blocks: Span[] = [];
        for (let at = 0; at < bytes.length; at += 64) blocks.push(spanOf(bytes.subarray(at, at + 64), at, timeline));
        const segments = cut(blocks, direction);
        let offset = 0;
        for (const segment of segments) {
          let index = 0;
          for (const text of linesOf(segment.bytes)) {
            expect(arrivalIn(segment, index)?.at).toBe(10_000 * (offset + 1));
            const length = Buffer.byteLength(text) + 1;
            index += length;
            offset += length;
          }
        }
        expect(offset).toBe(bytes.length);
      }),
      { numRuns: 30 },
    );
  });

  it.each(['forward', 'backward'] as const)('know where the line after a monstrous one lies, cut %s', (direction) => {
    const monster = 3 * 1024 * 1024;
    const bytes = Buffer.from(`first\n${'x'.repeat(monster)}\nlast\n`);
    const timeline = createTimeline([], 5);
    const blocks: Span[] = [];
    for (let at = 0; at < bytes.length; at += 128 * 1024)
      blocks.push(spanOf(bytes.subarray(at, at + 128 * 1024), at, timeline));
    const found = cut(blocks, direction).flatMap((segment) => {
      const index = segment.bytes.indexOf('last');
      const part = segment.parts.findLast(({ from }) => from <= index);
      return index === -1 || part === undefined ? [] : [part.offset + index - part.from];
    });
    expect(found).toEqual([6 + monster + 1]);
  });
});

function cut(blocks: readonly Span[], direction: 'forward' | 'backward'): Span[] {
  const cutter = direction === 'forward' ? createForwardCutter() : createBackwardCutter();
  const inOrder = direction === 'forward' ? blocks : blocks.toReversed();
  const segments = inOrder.flatMap((block) => cutter.add(block, block.parts[0]?.offset === 0) ?? []);
  segments.push(cutter.rest());
  return direction === 'forward' ? segments : segments.reverse();
}
