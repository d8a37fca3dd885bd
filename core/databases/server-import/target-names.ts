/** Names that databases of another server get here. Only such that both engines take without quoting. */
import { DatabaseNameSchema } from '../../../contract/databases.ts';

const MAX_LENGTH = 63;
const MOST_TRIES = 99;
/** Of the engines themselves. */
const RESERVED = new Set([
  'postgres',
  'template0',
  'template1',
  'mysql',
  'information_schema',
  'performance_schema',
  'sys',
]);

export const isTakable = (name: string): boolean =>
  DatabaseNameSchema.safeParse(name).success && !RESERVED.has(name.toLowerCase());

/** The name itself where it can be had, else the nearest: letters without their marks, `_` for all else. */
export function plainName(name: string): string {
  if (isTakable(name)) return name;
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  const begun = /^[A-Za-z]/.test(plain) ? plain : `db_${plain}`.replace(/_$/, '');
  const cut = begun.slice(0, MAX_LENGTH);
  return isTakable(cut) ? cut : `${cut.slice(0, MAX_LENGTH - 9)}_imported`;
}

/** @returns the name, or it with a number; null when all of those are taken too */
export function freeName(name: string, taken: ReadonlySet<string>): string | null {
  if (!taken.has(name)) return name;
  for (let number = 2; number <= MOST_TRIES; number++) {
    const candidate = `${name.slice(0, MAX_LENGTH - 1 - String(number).length)}_${number}`;
    if (!taken.has(candidate)) return candidate;
  }
  return null;
}
