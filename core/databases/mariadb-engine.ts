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
  dump: (access, name, file) =>
    client(access, 'mariadb-dump', [
      '--single-transaction',
      '--routines',
      '--triggers',
      '--events',
      `--result-file=${file}`,
      name,
    ]),
  restore: (access, name) => client(access, 'mariadb', [name]),
  url: ({ port, password }, name) =>
    `mysql://${MARIADB_USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`,
};

/** https://mariadb.com/kb/en/mariadb-dump/ */
export const mariadbSnapshots: SnapshotRecipe = {
  runtime: 'mariadb',
  clients: null,
  dataFile: null,
  dumpAll: (access, file) =>
    client(access, 'mariadb-dump', [
      '--all-databases',
      '--single-transaction',
      '--routines',
      '--triggers',
      '--events',
      // Accounts and rights are rows of the database "mysql".
      '--flush-privileges',
      `--result-file=${file}`,
    ]),
  restoreAll: (access) => client(access, 'mariadb', []),
  check: (access) => client(access, 'mariadb', ['-e', 'show databases']),
};
