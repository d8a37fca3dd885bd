/**
 * Suites whose cases multiply have a short form for `npm test`, and all of them for `npm run test:long`. The short form has each kind of
 * case at least once; what the long one adds is each kind in each surrounding.
 */
export const isLong = process.env['KOJIBOX_TEST_LONG'] === '1';

/** Every one in the long form; otherwise `count` of them, spread evenly, the same ones in each run. */
export const spread = <T>(all: readonly T[], count: number): readonly T[] =>
  isLong || all.length <= count
    ? all
    : Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)]!);
