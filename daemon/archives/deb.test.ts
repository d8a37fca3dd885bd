import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import { debOf } from '../../tests/fixtures/archives/hostile.ts';
import { readDeb } from './deb.ts';

const good = debOf([{ name: './usr/x', content: 'x' }]);
const codeOf = (bytes: Buffer): string => {
  try {
    readDeb('x.deb', bytes);
    return 'read';
  } catch (error) {
    if (error instanceof KojiboxError) return error.code;
    throw error;
  }
};
const changed = (from: string, to: string): Buffer => Buffer.from(good.toString('latin1').replace(from, to), 'latin1');

describe('a Debian package', () => {
  it('has its content in a form that is known', () => {
    expect(readDeb('x.deb', good).compression).toBe('gzip');
    expect(readDeb('x.deb', changed('data.tar.gz ', 'data.tar.zst')).compression).toBe('zstd');
  });

  it.each([
    ['another kind of file', Buffer.from('<html>')],
    ['another format', changed('2.0\n', '3.0\n')],
    ['no control part', changed('control.tar.gz', 'contrl.tar.gz ')],
    ['a form that is not known', changed('data.tar.gz ', 'data.tar.bz2')],
    ['a fourth part', Buffer.concat([good, good.subarray(8)])],
    ['a cut end', good.subarray(0, good.length - 3)],
    ['a size that is none', changed('4         `', '-4        `')],
    ['a damaged header', changed('`\n', "'\n")],
  ])('is refused with %s', (_what, bytes) => expect(codeOf(bytes)).toBe('ARCHIVE_UNSAFE'));

  it('is read or refused, whatever byte is changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const bytes = Buffer.from(good);
        bytes[at] = byte;
        expect(codeOf(bytes)).toMatch(/^(read|ARCHIVE_UNSAFE)$/);
      }),
      { numRuns: 500 },
    );
  });
});
