import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimeline } from './arrivals.ts';
import { createBackwardCutter, createForwardCutter, linesOf } from './segments.ts';
import { spanOf, type Span } from './spans.ts';

const BLOCK = 64;
const NONE = createTimeline([], 0);
const span = (bytes: Buffer, offset = 0): Span => spanOf(bytes, offset, NONE);
const blocksOf = (bytes: Buffer): Span[] =>
  Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, index) =>
    span(bytes.subarray(index * BLOCK, (index + 1) * BLOCK), index * BLOCK),
  );

function forward(bytes: Buffer): Buffer[] {
  const cutter = createForwardCutter();
  const segments = blocksOf(bytes).flatMap((block, index) => cutter.add(block, index === 0) ?? []);
  return [...segments, cutter.rest()].map(({ bytes: of }) => of);
}

function backward(bytes: Buffer): Buffer[] {
  const cutter = createBackwardCutter();
  const segments = blocksOf(bytes)
    .reverse()
    .flatMap((block, index, blocks) => cutter.add(block, index === blocks.length - 1) ?? []);
  return [...segments, cutter.rest()].reverse().map(({ bytes: of }) => of);
}

const line = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 100 }).map((text) => text.replaceAll('\n', '')),
  fc.constantFrom('\tat T.main(T.java:1)', '#0 {main}', '', 'NOTICE: PHP message: x', 'Stack trace:'),
);

describe('segments', () => {
  it('are the same in both directions, and leave nothing out', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const segments = forward(bytes);
        expect(Buffer.concat(segments).equals(bytes)).toBe(true);
        expect(backward(bytes).map(String)).toEqual(segments.map(String));
        expect(segments.flatMap(linesOf)).toEqual(lines);
      }),
    );
  });

  it('begin where an entry surely begins rather than at a line that may belong to one', () => {
    const text = `${'x'.repeat(60)}\nPlain\n2026-11-21 07:21:47.018 UTC [1] LOG:  y\n`;
    const cutter = createBackwardCutter();
    expect(cutter.add(span(Buffer.from(text)), true)?.bytes.toString()).toBe(
      '2026-11-21 07:21:47.018 UTC [1] LOG:  y\n',
    );
    expect(cutter.rest().bytes.toString()).toBe(`${'x'.repeat(60)}\nPlain\n`);
  });

  it.each([
    ['forward', createForwardCutter],
    ['backward', createBackwardCutter],
  ])('of a line that does not end hold its beginning only (%s)', (_name, create) => {
    const cutter = create();
    const block = Buffer.alloc(128 * 1024, 'x');
    for (let index = 0; index < 100; index++) expect(cutter.add(span(block), false)).toBe(null);
    expect(cutter.rest().bytes.length).toBeLessThan(1_200_000);
    expect(linesOf(cutter.rest().bytes)[0]?.length).toBe(64 * 1024 + 2);
  });

  it.each([
    ['forward', createForwardCutter],
    ['backward', createBackwardCutter],
  ])('are cut when nothing begins for a megabyte (%s)', (_name, create) => {
    const cutter = create();
    const block = Buffer.from('\tat T.main(T.java:1)\n'.repeat(6000));
    let bytes = 0;
    for (let index = 0; index < 20; index++) bytes += cutter.add(span(block), false)?.bytes.length ?? 0;
    expect(bytes + cutter.rest().bytes.length).toBe(20 * block.length);
    expect(cutter.rest().bytes.length).toBeLessThan(1_200_000);
  });
});
