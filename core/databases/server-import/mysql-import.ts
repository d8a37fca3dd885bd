/** MySQL and MariaDB into MariaDB. A half-made database has a comment as its mark. */
import type { ServerImporter } from './importer.ts';
import { KNOWN_COLLATIONS, namesOf, quoteName } from './mysql-catalog.ts';
import { lookMysql } from './mysql-look.ts';
import { nearestCollation } from '../mysql-collations.ts';
import { transferMysql } from './mysql-transfer.ts';
import { dropLoader } from '../mariadb-loader.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

const MARK = /^kojibox import ([0-9a-f]{6})$/;

export const mysqlImport: ServerImporter = {
  runtime: 'mariadb',
  look: lookMysql,
  takenNames: async (target) =>
    new Set(namesOf(await target.query('select schema_name as name from information_schema.schemata'))),
  // It has no way to rename a database.
  workingName: ({ final }) => final,

  async create(target, { database: { facts }, importId, working }) {
    const known = new Set(namesOf(await target.query(KNOWN_COLLATIONS)));
    const collation = facts['collation'] ?? '';
    const wanted = known.has(collation) ? collation : (nearestCollation(collation) ?? '');
    const order = known.has(wanted) && /^\w+$/.test(wanted) ? ` collate ${wanted}` : '';
    await target.query(`create database ${quoteName(working)}${order} comment 'kojibox import ${importId}'`);
    return order === '' ? [sayServerImport('otherOrder', { collation })] : [];
  },
  transfer: transferMysql,
  publish: async (target, { working }) => {
    await target.query(`alter database ${quoteName(working)} comment ''`);
  },
  drop: async (target, name) => {
    await target.query(`drop database if exists ${quoteName(name)}`);
    await target.query(dropLoader(name));
  },
  async marked(target) {
    const rows = await target.query(
      `select schema_name as name, schema_comment as mark from information_schema.schemata where schema_comment like 'kojibox import %'`,
    );
    return rows
      .map(({ name, mark }) => ({ name: name ?? '', importId: MARK.exec(mark ?? '')?.[1] ?? '' }))
      .filter(({ importId }) => importId !== '');
  },
};
