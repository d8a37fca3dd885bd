/** PostgreSQL into PostgreSQL: a database with a working name, which is its mark, and which is renamed when all is well. */
import type { Row } from './foreign-server.ts';
import type { ServerImporter } from './importer.ts';
import { ownerOf } from '../postgres-loader.ts';
import { literal, quote } from '../postgres-names.ts';
import { namesOf, SERVER } from './postgres-catalog.ts';
import { lookPostgres } from './postgres-look.ts';
import { transferPostgres } from './postgres-transfer.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

const MARK = /^kojibox_import_([0-9a-f]{6})_\d+$/;

/** The order of the source, where this machine has it. https://www.postgresql.org/docs/current/sql-createdatabase.html */
function localeClause(row: Row, targetMajor: number): string | null {
  const { encoding, provider, collate = '', ctype = '', locale = '' } = row as Record<string, string>;
  const libc = `lc_collate ${literal(collate)} lc_ctype ${literal(ctype)}`;
  if (encoding !== 'UTF8') return null;
  if (provider === 'c') return `locale_provider libc ${libc}`;
  if (provider === 'i') return `locale_provider icu icu_locale ${literal(locale)} ${libc}`;
  return targetMajor >= 17 ? `locale_provider builtin builtin_locale ${literal(locale)} ${libc}` : null;
}

export const postgresImport: ServerImporter = {
  runtime: 'postgres',
  look: lookPostgres,
  takenNames: async (target) => namesOf(await target.query('select datname as name from pg_database')),
  workingName: ({ importId, index }) => `kojibox_import_${importId}_${index}`,

  async create(target, { working, database: { facts: row } }) {
    const create = `create database ${quote(working)} template template0 encoding 'UTF8'`;
    const major = Math.floor(Number((await target.query(SERVER))[0]?.['number']) / 10_000);
    const clause = localeClause(row, major);
    if (clause !== null) {
      try {
        await target.query(`${create} ${clause}`);
        return [];
      } catch {
        // This machine does not have that order; the one of the server stands in, and it is said.
      }
    }
    await target.query(create);
    return [sayServerImport('otherSorting', { collation: row['collate'] ?? '' })];
  },
  transfer: transferPostgres,
  publish: async (target, { working, final }) => {
    await target.query(`alter database ${quote(working)} rename to ${quote(final)}`);
  },
  drop: async (target, name) => {
    const [owner] = await target.query(ownerOf(name));
    // FORCE ends the sessions of others; since PostgreSQL 13.
    await target.query(`drop database if exists ${quote(name)} with (force)`);
    await target.query(owner?.['farewell'] ?? 'select');
  },
  marked: async (target) =>
    [
      ...namesOf(
        await target.query(`select datname as name from pg_database where datname like 'kojibox\\_import\\_%'`),
      ),
    ]
      .map((name) => ({ name, importId: MARK.exec(name)?.[1] ?? '' }))
      .filter(({ importId }) => importId !== ''),
};
