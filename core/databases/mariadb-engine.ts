/** MariaDB by mariadb and mariadb-dump; https://mariadb.com/kb/en/mariadb-command-line-client/ */
import { join } from 'node:path';
import { MARIADB_USER } from '../recipes/mariadb.ts';
import type { ClientCommand, DatabaseEngine, EngineAccess, SnapshotRecipe } from './engine.ts';
import { closeLoader, dropDatabase, openLoader, userFor } from './mariadb-loader.ts';
import { nearestCollation } from './mysql-collations.ts';
import { editMariadb } from './mariadb-lines.ts';

const client = (
  { tree, port, user, password }: EngineAccess,
  program: string,
  args: readonly string[],
): ClientCommand => ({
  command: join(tree, 'usr/bin', program),
  args: [
    '--no-defaults',
    '--default-character-set=utf8mb4',
    '--host=127.0.0.1',
    `--port=${port}`,
    `--user=${user}`,
    // A server never gets a file of the client: LOAD DATA LOCAL.
    ...(program === 'mariadb' ? ['--local-infile=0'] : []),
    ...args,
  ],
  env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', MYSQL_PWD: password },
});
const LIST = `select s.schema_name, coalesce(sum(t.data_length + t.index_length), 0), count(t.table_name)
  from information_schema.schemata s left join information_schema.tables t on t.table_schema = s.schema_name
  where s.schema_name not in ('information_schema', 'mysql', 'performance_schema', 'sys') group by s.schema_name order by 1`;

const TABLES = (name: string): string =>
  `select table_name, concat('\`', replace(table_name, '\`', '\`\`'), '\`'), coalesce(data_length, 0)
  from information_schema.tables where table_schema = '${name}' and table_type = 'BASE TABLE' order by 1`;
/** The database again, with its character set; its rights are kept with its name. */
const EMPTY = (name: string): string =>
  `select concat('drop database \`${name}\`; create database \`${name}\` character set ', default_character_set_name, ' collate ', default_collation_name)
  from information_schema.schemata where schema_name = '${name}'`;

const COLLATIONS = (name: string): string =>
  `select default_collation_name, coalesce((select table_collation from information_schema.tables
    where table_schema = '${name}' and table_type = 'BASE TABLE' group by 1 order by count(*) desc, 1 limit 1), '')
  from information_schema.schemata where schema_name = '${name}'`;
/** Its name has letters, digits and underscores. */
const SET_COLLATION = (name: string, collation: string): string =>
  `set @change = (select concat('alter database \`${name}\` collate ', full_collation_name)
    from information_schema.collation_character_set_applicability where full_collation_name = '${collation.replaceAll(/\W/g, '')}' limit 1);
  execute immediate coalesce(@change, 'do 0')`;

export const mariadbEngine: DatabaseEngine = {
  runtime: 'mariadb',
  clients: null,
  user: MARIADB_USER,
  list: (access) => client(access, 'mariadb', ['--batch', '--skip-column-names', '-e', LIST]),
  execute: (access, statement, name) =>
    client(access, 'mariadb', ['-e', statement === 'create' ? `create database \`${name}\`` : dropDatabase(name)]),
  tables: (access, name) => client(access, 'mariadb', ['--batch', '--raw', '--skip-column-names', '-e', TABLES(name)]),
  dump: (access, name, { tables, content }) =>
    client(access, 'mariadb-dump', [
      '--single-transaction',
      ...(content === 'data' ? ['--no-create-info', '--skip-triggers'] : ['--triggers']),
      ...(content === 'schema' ? ['--no-data'] : []),
      ...(content === 'data' || tables.length > 0 ? [] : ['--routines', '--events']),
      '--',
      name,
      ...tables,
    ]),
  loader: {
    userFor,
    open: (access, name, login) => ({ ...client(access, 'mariadb', []), input: openLoader(name, login) }),
    close: (access, _, login) => ({ ...client(access, 'mariadb', []), input: closeLoader(login) }),
  },
  collation: {
    look: (access, name) =>
      client(access, 'mariadb', ['--batch', '--raw', '--skip-column-names', '-e', COLLATIONS(name)]),
    set: (access, name, collation) => client(access, 'mariadb', ['-e', SET_COLLATION(name, collation)]),
    nearest: (collation) => nearestCollation(collation) ?? collation,
  },
  // Dumps are data of others: in its sandbox the program runs nothing and opens no file for them, and the account has rights on one database.
  restore: (access, name) => ({
    ...client(access, 'mariadb', ['--loose-sandbox', '--max-allowed-packet=1G', name]),
    atEnd: '',
    edit: editMariadb(),
  }),
  unpackArchive: null,
  dumps: 'mysql',
  roles: null,
  empty: (access, name) => {
    const { command, args, env } = client(access, 'mariadb', []);
    const script = 'sql=$("$@" --batch --raw --skip-column-names -e "$EMPTY") && exec "$@" -e "$sql"';
    return { command: '/bin/sh', args: ['-c', script, 'empty', command, ...args], env: { ...env, EMPTY: EMPTY(name) } };
  },
  url: ({ port, user, password }, name) =>
    `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`,
};

/** https://mariadb.com/kb/en/mariadb-dump/ */
export const mariadbSnapshots: SnapshotRecipe = {
  runtime: 'mariadb',
  clients: null,
  dataFile: null,
  // Accounts and rights are rows of the database "mysql", whose form another series does not have.
  readsOlder: false,
  dumpAll: (access) =>
    client(access, 'mariadb-dump', [
      '--all-databases',
      '--single-transaction',
      '--routines',
      '--triggers',
      '--events',
      '--flush-privileges',
    ]),
  restoreAll: (access) => ({ ...client(access, 'mariadb', ['--loose-sandbox']), atEnd: '', edit: () => null }),
  check: (access) => client(access, 'mariadb', ['-e', 'show databases']),
};
