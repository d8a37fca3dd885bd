import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseParagraph } from './control.ts';
import { parseRelations } from './relations.ts';
import { parseRelease } from './release.ts';

describe('control data', () => {
  it('has fields, of which a value may go on', () => {
    const fields = parseParagraph('Package: a\nDescription: b\n c\n .\nX-Own:\n# a comment\nSize: 1');
    expect(Object.fromEntries(fields ?? [])).toEqual({ package: 'a', description: 'b\nc\n.', 'x-own': '', size: '1' });
  });

  it.each(['no field', ' begins inside', 'A: 1\na: 2', ': empty', 'A b: c'])('is refused: %j', (text) =>
    expect(parseParagraph(text)).toBeNull(),
  );

  it('never makes trouble, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parseParagraph(text)));
  });
});

describe('relations', () => {
  it('have alternatives, versions and architectures', () => {
    expect(parseRelations('libc6 (>= 2.36), php:any | php8.2-cli (<< 9) , libx [amd64] <!nocheck>,')).toEqual([
      [{ name: 'libc6', operator: '>=', version: '2.36' }],
      [
        { name: 'php', operator: null, version: '' },
        { name: 'php8.2-cli', operator: '<<', version: '9' },
      ],
      [{ name: 'libx', operator: null, version: '' }],
    ]);
    expect(parseRelations('')).toEqual([]);
  });

  it.each(['a b', 'a (1)', 'A', '../x', 'a (>= )', 'a | | b', 'a$(x)'])('are refused: %j', (text) =>
    expect(parseRelations(text)).toBeNull(),
  );

  it('never make trouble, nor take long, whatever they are', () => {
    // Such texts made a pattern slow before: the test would run out of time.
    const piece = fc.constantFrom('a', ' ', '(', '>=', ')', '|', ',', '[', ']', '<', '>', '1', ':', '\t');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 400 }), (pieces) => void parseRelations(pieces.join(''))),
      { numRuns: 500 },
    );
  });
});

describe('a release', () => {
  const text = (more = ''): string =>
    `Codename: x\nSuite: y\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n${more}SHA256:\n ${'a'.repeat(64)} 12 main/binary-amd64/Packages\n`;

  it('says of when it is, and what it signs for', () => {
    const release = parseRelease(text('Valid-Until: Sat, 18 Jul 2026 10:16:37 UTC\nAcquire-By-Hash: yes\n'));
    expect(release).toMatchObject({ codename: 'x', byHash: true, validUntil: Date.UTC(2026, 6, 18, 10, 16, 37) });
    expect(release?.files.get('main/binary-amd64/Packages')?.size).toBe(12);
  });

  it.each([
    text('Valid-Until: soon\n'),
    text('Date: Sat, 11 Jul 2026 10:16:38 UTC\n'),
    text().replace('Sat, 11 Jul', 'Sat, 11 Foo'),
    text().replace(/Date:.*\n/, ''),
    text().replace(' 12 ', ' -12 '),
    text().replace('aaaa', 'AAAA'),
  ])('that cannot be read is not used (%#)', (bad) => expect(parseRelease(bad)).toBeNull());
});
