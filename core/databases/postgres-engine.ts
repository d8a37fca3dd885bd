/** PostgreSQL by psql and pg_dump; https://www.postgresql.org/docs/current/app-psql.html, app-pgdump.html */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { POSTGRES_USER } from '../recipes/postgres.ts';
import type { ClientCommand, DatabaseEngine, EngineAccess } from './engine.ts';
import { asServerKnows } from './postgres-older-server.ts';
import { TABLES } from './server-import/postgres-catalog.ts';

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

/** With the schema where a name alone could mean another. */
const TABLE_SIZES = `select case when schema = 'public' and strpos(name, '.') = 0 then name else schema || '.' || name end, quoted, bytes from (${TABLES}) t`;
const ROWS = ['-X', '-A', '-t', '-F', '\t'];
export const SCRIPT = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'];
/** What a dump for a database of its own name begins with (pg_dump --create): here it goes into the one that was chosen. */
const OWN_DATABASE = /^(?:(?:CREATE|DROP|ALTER|COMMENT ON) DATABASE .*;|\\connect .*)$/;
const RESTRICT = /^\\(?:un)?restrict \w+$/;

/** All that a dump would make again; https://www.postgresql.org/docs/current/sql-dropschema.html. Undone with the transaction. */
const EMPTY = `do $$ declare x record; begin
  for x in select evtname from pg_event_trigger loop execute format('drop event trigger if exists %I cascade', x.evtname); end loop;
  for x in select pubname from pg_publication loop execute format('drop publication if exists %I cascade', x.pubname); end loop;
  for x in select extname from pg_extension where extname <> 'plpgsql' loop execute format('drop extension if exists %I cascade', x.extname); end loop;
  for x in select fdwname from pg_foreign_data_wrapper loop execute format('drop foreign data wrapper if exists %I cascade', x.fdwname); end loop;
  for x in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop execute format('drop schema %I cascade', x.nspname); end loop;
  perform lo_unlink(oid) from pg_largeobject_metadata;
  create schema public;
  if exists (select from pg_roles where rolname = 'pg_database_owner') then alter schema public owner to pg_database_owner; end if;
  grant usage on schema public to public;
  comment on schema public is 'standard public schema';
end $$`;

/** A name as pg_dump takes it: quoted, so that nothing in it is a pattern. */
function asPattern(table: string): string {
  const [schema, ...name] = table.split('.');
  const parts = name.length === 0 ? ['public', table] : [schema ?? '', name.join('.')];
  return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
}

export const postgresEngine: DatabaseEngine = {
  runtime: 'postgres',
  clients: 'postgres-client',
  user: POSTGRES_USER,
  list: (access) => postgresClient(access, 'psql', 'postgres', [...ROWS, '-c', LIST]),
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
  tables: (access, name) => postgresClient(access, 'psql', name, [...ROWS, '-c', TABLE_SIZES]),
  dump: (access, name, { tables, content }) =>
    postgresClient(access, 'pg_dump', name, [
      '--no-owner',
      '--no-privileges',
      ...(content === 'all' ? [] : [content === 'schema' ? '--schema-only' : '--data-only']),
      ...tables.map((table) => `--table=${asPattern(table)}`),
    ]),
  restore: (access, name, isReplacing) => {
    const reading = postgresClient(access, 'psql', name, [
      ...SCRIPT,
      // Dumps are data of others: from here on psql takes no command of its own from them, such as one that runs a program.
      '-c',
      `\\restrict ${randomBytes(16).toString('hex')}`,
      '-c',
      'begin',
      ...(isReplacing ? ['-c', EMPTY] : []),
      '-f',
      '-',
    ]);
    return {
      ...reading,
      // A statement whose psql is gone ends too; since PostgreSQL 14.
      env: { ...reading.env, PGOPTIONS: '-c client_connection_check_interval=500' },
      // Not -1, which commits whatever had come when its input breaks off.
      atEnd: '\ncommit;\n',
      edit: (line) => (OWN_DATABASE.test(line) || RESTRICT.test(line) ? '' : asServerKnows(access.serverVersion, line)),
    };
  },
  unpackArchive: (access, path) =>
    postgresClient(access, 'pg_restore', 'postgres', ['--no-owner', '--no-privileges', '--file=-', path]),
  dumps: 'postgres',
  roles: {
    list: (access) => postgresClient(access, 'psql', 'postgres', [...ROWS, '-c', 'select rolname from pg_roles']),
    create: (access, names) =>
      postgresClient(access, 'psql', 'postgres', [
        ...SCRIPT,
        ...names.flatMap((name) => ['-c', `create role "${name.replaceAll('"', '""')}" nologin`]),
      ]),
  },
  empty: null,
  url: ({ port, password }, name) =>
    `postgresql://${POSTGRES_USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`,
};
