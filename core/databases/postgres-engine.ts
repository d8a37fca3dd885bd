/** PostgreSQL by psql and pg_dump; https://www.postgresql.org/docs/current/app-psql.html, app-pgdump.html */
import { join } from 'node:path';
import { POSTGRES_USER } from '../recipes/postgres.ts';
import type { ClientCommand, DatabaseEngine, EngineAccess } from './engine.ts';
import { readAsServerKnows } from './postgres-older-server.ts';

export const postgresClient = (
  { tree, series, port, password }: EngineAccess,
  program: string,
  database: string,
  args: readonly string[],
): ClientCommand => ({
  command: join(tree, `usr/lib/postgresql/${series}/bin`, program),
  args,
  env: {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: POSTGRES_USER,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGCONNECT_TIMEOUT: '5',
  },
});
const LIST = `select datname, pg_database_size(oid), null from pg_database where not datistemplate and datname <> 'postgres' order by datname`;

export const postgresEngine: DatabaseEngine = {
  runtime: 'postgres',
  clients: 'postgres-client',
  user: POSTGRES_USER,
  list: (access) => postgresClient(access, 'psql', 'postgres', ['-X', '-A', '-t', '-F', '\t', '-c', LIST]),
  execute: (access, statement, name) =>
    postgresClient(access, 'psql', 'postgres', [
      '-X',
      '-q',
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      // FORCE ends the sessions of others, which would keep the database; since PostgreSQL 13.
      statement === 'create' ? `create database "${name}"` : `drop database "${name}" with (force)`,
    ]),
  dump: (access, name, file) => postgresClient(access, 'pg_dump', name, ['--no-owner', '--no-privileges', '-f', file]),
  // One transaction: a dump that breaks off leaves nothing of itself.
  restore: (access, name) =>
    readAsServerKnows(
      access,
      postgresClient(access, 'psql', name, ['-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null']),
    ),
  url: ({ port, password }, name) =>
    `postgresql://${POSTGRES_USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`,
};
