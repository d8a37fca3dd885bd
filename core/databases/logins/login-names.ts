/** Which login has which database. Pure. One login belongs to one name of a database, and to those that tests make beside it. */
import { createHash } from 'node:crypto';
import type { SecretRef } from '../../secrets/secrets.ts';

/** Begins the name of every login that projects use. */
export const LOGIN = 'kojibox_app_';
/** PostgreSQL cuts names at 63 bytes. */
const LONGEST = 51;
const KEY_PART = /^[a-z0-9._-]{1,50}$/;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

/** @param database its name; it need not be there */
export function loginOf(database: string): string {
  if (Buffer.byteLength(database) <= LONGEST) return `${LOGIN}${database}`;
  return `${LOGIN}${database.replaceAll(/[^\w-]/g, '_').slice(0, LONGEST - 11)}_${digestOf(database)}`;
}

/** Its password belongs to the server. */
export const passwordOfLogin = (engine: string, database: string): SecretRef => ({
  key: `login-${KEY_PART.test(database) ? database : digestOf(database)}`,
  scope: 'service',
  owner: engine,
});

/** `shop_development` and `shop_test` are of one project. */
const baseOf = (database: string): string =>
  database.replace(/_(?:dev|development|local|test|testing|staging|prod|production)$/, '');

/** Beginnings of the names of databases that belong to this one: Rails has `shop_test`, Django `test_shop`. */
export const familyOf = (database: string): string[] => [`${baseOf(database)}_`, `test_${database}_`];

/** @returns that of the wanted names whose login this database belongs to; null: to none of them */
export function claimOf(database: string, wanted: readonly string[]): string | null {
  if (wanted.includes(database)) return database;
  const kin = wanted.filter(
    (one) => database === `test_${one}` || familyOf(one).some((beginning) => database.startsWith(beginning)),
  );
  return kin.sort((a, b) => b.length - a.length)[0] ?? null;
}
