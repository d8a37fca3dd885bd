import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRcBlock, withoutRcBlock, withRcBlock } from './rc-block.ts';

const CODE = 'export PATH=/x:"$PATH"\n';

describe('the block in a start file', () => {
  it('gives back any file byte for byte', () => {
    fc.assert(
      fc.property(
        fc.option(fc.string({ unit: fc.constantFrom('a', '\n', '#', ' ', '\r', 'ä') }), { nil: null }),
        (text) => {
          const once = withRcBlock(text, 'home1', CODE);
          expect(hasRcBlock(once, 'home1')).toBe(true);
          expect(once).toContain(CODE);
          expect(withoutRcBlock(once, 'home1')).toBe(text);
        },
      ),
    );
  });

  it('is there once, however often it is added, and leaves that of another home alone', () => {
    const other = withRcBlock('first', 'home2', 'echo two\n');
    const both = withRcBlock(withRcBlock(other, 'home1', CODE), 'home1', CODE);
    expect(both.match(/BEGIN kojibox shell home1/g)).toHaveLength(1);
    expect(withoutRcBlock(both, 'home1')).toBe(other);
    expect(withoutRcBlock(both, 'home3')).toBe(both);
  });

  it('keeps what was written below it', () => {
    const text = `${withRcBlock('first\n', 'home1', CODE)}last\n`;
    expect(withoutRcBlock(text, 'home1')).toBe('first\nlast\n');
  });
});
