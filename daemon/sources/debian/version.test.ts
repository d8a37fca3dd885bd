import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, satisfies } from './version.ts';

describe('the order of versions', () => {
  // Each is older than the next; see deb-version(7).
  const row = [
    '0~~', '0~', '0', '0a', '1.0~rc1-1', '1.0', '1.0-1', '1.0-1+b1', '1.0-1.1', '1.0-10', '1.0+dfsg-1', '1.0.1-1', '1.10-1',
    '2.36-9+deb12u13', '2.36-9+deb12u14', '8.2.36-1~deb12u1', '8.2.36-1', '1:0.1', '2:0',
  ]; // prettier-ignore

  it.each(row.slice(1).map((newer, index) => [row[index] ?? '', newer]))('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(compareVersions(older, older)).toBe(0);
  });

  it('leading zeros and an epoch of zero count for nothing', () => {
    expect(compareVersions('1.01-1', '1.1-1')).toBe(0);
    expect(compareVersions('0:1.0-1', '1.0-1')).toBe(0);
    expect(compareVersions('1.0', '1.0-0')).toBe(0);
  });

  it('is an order for all texts', () => {
    const version = fc.string({
      unit: fc.constantFrom('0', '1', '9', 'a', 'z', '+', '.', '~', '-', ':'),
      maxLength: 8,
    });
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it.each([
    ['2.0', '>=', '2.0', true],
    ['2.0', '>>', '2.0', false],
    ['2.0~rc1', '<<', '2.0', true],
    ['1:1.0', '<=', '2.0', false],
    ['2.0-1', '=', '2.0-1', true],
  ] as const)('%s %s %s: %s', (version, operator, wanted, is) => expect(satisfies(version, operator, wanted)).toBe(is));
});
