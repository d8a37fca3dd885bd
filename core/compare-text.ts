/** Orders of text that are the same on every machine. `localeCompare` would load ICU's collation tables: 2.5 MB for the daemon. */

/** By UTF-16 code units, as `Array.prototype.sort` without a function does. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** For lists that people read: `simplexml`, `SPL`, `zip`. Names that differ in case alone keep one order too. */
export const compareNames = (a: string, b: string): number =>
  compareText(a.toLowerCase(), b.toLowerCase()) || compareText(a, b);
