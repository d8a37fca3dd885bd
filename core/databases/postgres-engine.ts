/** PostgreSQL by psql and pg_dump; https://www.postgresql.org/docs/current/app-psql.html, app-pgdump.html */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { POSTGRES_USER } from '../recipes/postgres.ts';
import type { ClientCommand, DatabaseEngine, EngineAccess, LoaderAccess } from './engine.ts';
import { closeLoaders, dropDatabase, handOver, openLoader } from './postgres-loader.ts';
import { editPostgres } from './postgres-lines.ts';
import { quote } from './postgres-names.ts';
import { LOADER } from './postgres-owners.ts';
import { TABLES } from './server-import/postgres-catalog.ts';

const SAFE_PATH = '-c search_path=pg_catalog';

export const postgresClient = (
  { tree, series, port, user, password }: EngineAccess,
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
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGCONNECT_TIMEOUT: '5',
    // What a database has by these names is never meant, whatever it sets for itself; see CVE-2018-1058.
    PGOPTIONS: SAFE_PATH,
  },
});
const LIST = `select datname, pg_database_size(oid), null from pg_database where not datistemplate and datname <> 'postgres' order by datname`;

/** With the schema where a name alone could mean another. */
const TABLE_SIZES = `select case when schema = 'public' and strpos(name, '.') = 0 then name else schema || '.' || name end, quoted, bytes from (${TABLES}) t`;
const ROWS = ['-X', '-A', '-t', '-F', '\t'];
export const SCRIPT = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'];

/**
 * All that a dump would make again and that is in this account's power; https://www.postgresql.org/docs/current/sql-dropschema.html. What lies in
 * a schema goes with it, whatever its owner. Undone with the transaction.
 */
const EMPTY = `do $$ declare x record; begin
  for x in select pubname from pg_publication where pg_has_role(pubowner, 'usage') loop execute format('drop publication if exists %I cascade', x.pubname); end loop;
  for x in select extname from pg_extension where extname <> 'plpgsql' and pg_has_role(extowner, 'usage') loop execute format('drop extension if exists %I cascade', x.extname); end loop;
  for x in select srvname from pg_foreign_server where pg_has_role(srvowner, 'usage') loop execute format('drop server if exists %I cascade', x.srvname); end loop;
  for x in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop execute format('drop schema %I cascade', x.nspname); end loop;
  perform lo_unlink(oid) from pg_largeobject_metadata where pg_has_role(lomowner, 'usage');
  create schema public;
  grant usage on schema public to public;
  comment on schema public is 'standard public schema';
end $$`;

/** A name as pg_dump takes it: quoted, so that nothing in it is a pattern. */
function asPattern(table: string): string {
  const [schema, ...name] = table.split('.');
  const parts = name.length === 0 ? ['public', table] : [schema ?? '', name.join('.')];
  return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
}

/** Dumps are data of others: psql takes no command of its own from what it reads, such as one that runs a program. */
export const postgresScript = (
  access: LoaderAccess,
  database: string,
  first: readonly string[] = [],
): ClientCommand => {
  const restrict = `\\restrict ${randomBytes(16).toString('hex')}`;
  const reading = postgresClient(access, 'psql', database, [...SCRIPT, '-c', restrict, ...first, '-f', '-']);
  // A statement whose psql is gone ends too; since PostgreSQL 14.
  return { ...reading, env: { ...reading.env, PGOPTIONS: '-c client_connection_check_interval=500' } };
};

/** For statements of Kojibox's own. */
const script = (access: EngineAccess, database: string, input: string): ClientCommand => ({
  ...postgresClient(access, 'psql', database, ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-']),
  input,
});

export const postgresEngine: DatabaseEngine = {
  runtime: 'postgres',
  clients: 'postgres-client',
  user: POSTGRES_USER,
  list: (access) => postgresClient(access, 'psql', 'postgres', [...ROWS, '-c', LIST]),
  execute: (access, statement, name) => {
    if (statement === 'drop') return script(access, 'postgres', dropDatabase(name));
    return postgresClient(access, 'psql', 'postgres', [
      '-X',
      '-q',
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      `create database "${name}"`,
    ]);
  },
  tables: (access, name) => postgresClient(access, 'psql', name, [...ROWS, '-c', TABLE_SIZES]),
  dump: (access, name, { tables, content }) =>
    postgresClient(access, 'pg_dump', name, [
      '--no-owner',
      '--no-privileges',
      ...(content === 'all' ? [] : [content === 'schema' ? '--schema-only' : '--data-only']),
      ...tables.map((table) => `--table=${asPattern(table)}`),
    ]),
  collation: null,
  loader: {
    userFor: (_, chance) => `${LOADER}${chance}`,
    open: (access, name, login, roles, chance) => script(access, name, openLoader(login, roles, chance)),
    close: (access, name, _, alive) => script(access, name, closeLoaders(alive)),
  },
  restore: (access, name, isReplacing) => {
    const reading = postgresScript(access, name, ['-c', 'begin', ...(isReplacing ? ['-c', EMPTY] : [])]);
    return {
      ...reading,
      // Not -1, which commits whatever had come when its input breaks off.
      atEnd: handOver(access.user, access.owner),
      edit: editPostgres(access),
    };
  },
  unpackArchive: (access) =>
    postgresClient(access, 'pg_restore', 'postgres', ['--no-owner', '--no-privileges', '--file=-']),
  dumps: 'postgres',
  roles: {
    list: (access) => postgresClient(access, 'psql', 'postgres', [...ROWS, '-c', 'select rolname from pg_roles']),
    create: (access, names) =>
      postgresClient(access, 'psql', 'postgres', [
        ...SCRIPT,
        ...names.flatMap((name) => ['-c', `create role ${quote(name)} nologin`]),
      ]),
  },
  empty: null,
  url: ({ port, user, password }, name) =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`,
};
