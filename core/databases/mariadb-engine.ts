/** MariaDB by mariadb and mariadb-dump; https://mariadb.com/kb/en/mariadb-command-line-client/ */
import { join } from 'node:path';
import { MARIADB_USER } from '../recipes/mariadb.ts';
import type { ClientCommand, DatabaseEngine, EngineAccess, SnapshotRecipe } from './engine.ts';

const client = ({ tree, port, password }: EngineAccess, program: string, args: readonly string[]): ClientCommand => ({
  command: join(tree, 'usr/bin', program),
  args: [
    '--no-defaults',
    '--default-character-set=utf8mb4',
    '--host=127.0.0.1',
    `--port=${port}`,
    `--user=${MARIADB_USER}`,
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
/** What a dump for a database of its own name has (mariadb-dump --databases): here it goes into the one that was chosen. */
const OWN_DATABASE = /^(?:(?:CREATE|DROP) DATABASE .*;|USE \S+\s*;|\/\*!\d+ (?:CREATE|DROP) DATABASE .*;)\s*$/i;
/** The database anew, with its character set; its rights are kept with its name. */
const EMPTY = (name: string): string =>
  `select concat('drop database \`${name}\`; create database \`${name}\` character set ', default_character_set_name, ' collate ', default_collation_name)
  from information_schema.schemata where schema_name = '${name}'`;

export const mariadbEngine: DatabaseEngine = {
  runtime: 'mariadb',
  clients: null,
  user: MARIADB_USER,
  list: (access) => client(access, 'mariadb', ['--batch', '--skip-column-names', '-e', LIST]),
  execute: (access, statement, name) =>
    client(access, 'mariadb', [
      '-e',
      statement === 'create' ? `create database \`${name}\`` : `drop database \`${name}\``,
    ]),
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
  // Dumps are data of others: in its sandbox the program runs nothing and opens no file for them.
  restore: (access, name) => ({
    ...client(access, 'mariadb', ['--loose-sandbox', '--max-allowed-packet=1G', name]),
    atEnd: '',
    edit: (line) => (OWN_DATABASE.test(line) ? '' : null),
  }),
  unpackArchive: null,
  dumps: 'mysql',
  roles: null,
  empty: (access, name) => {
    const { command, args, env } = client(access, 'mariadb', []);
    const script = 'sql=$("$@" --batch --raw --skip-column-names -e "$EMPTY") && exec "$@" -e "$sql"';
    return { command: '/bin/sh', args: ['-c', script, 'empty', command, ...args], env: { ...env, EMPTY: EMPTY(name) } };
  },
  url: ({ port, password }, name) =>
    `mysql://${MARIADB_USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`,
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
  restoreAll: (access) => ({ ...client(access, 'mariadb', []), atEnd: '', edit: () => null }),
  check: (access) => client(access, 'mariadb', ['-e', 'show databases']),
};
