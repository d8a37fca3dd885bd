/**
 * PostgreSQL: pg_dump of one snapshot into psql, into a database with a working name that is renamed when all is well. The snapshot is the one in
 * which the rows are counted, so that a source which is written to meanwhile makes no difference.
 * https://www.postgresql.org/docs/current/app-pgdump.html, https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
 */
import { dirname } from 'node:path';
import type { ClientCommand, EngineAccess } from '../engine.ts';
import { postgresClient } from '../postgres-engine.ts';
import { createDumpProgress } from './dump-progress.ts';
import type { Row, ServerAddress, ServerSession } from './foreign-server.ts';
import {
  assertSame,
  batches,
  pipeFailed,
  rowsOf,
  withSession,
  type Counts,
  type FoundDatabase,
  type LookWork,
  type ServerImporter,
} from './importer.ts';
import {
  AVAILABLE_EXTENSIONS,
  CONTENT,
  countRows,
  DATABASES,
  literal,
  OBJECTS,
  quote,
  ROLES,
  SERVER,
  SETTINGS,
  TABLES,
  type TableName,
} from './postgres-catalog.ts';

const MARK = /^kojibox_import_([0-9a-f]{6})_\d+$/;
const TABLES_AT_ONCE = 40;
/** Every dump has its settings before this many bytes. */
const HEAD_BYTES = 2048;
/** Databases that are nearly always there, to begin with. */
const FIRST_DATABASES = ['postgres', 'template1'] as const;

const majorOf = (version: string): number => Number.parseInt(version, 10);
const namesOf = (rows: readonly Row[]): Set<string> => new Set(rows.map(({ name }) => name ?? ''));
const listOf = (text: string | null | undefined, separator = '\n'): string[] => (text ? text.split(separator) : []);

async function withAnyDatabase<T>(
  { foreign, source, signal }: Pick<LookWork, 'foreign' | 'source' | 'signal'>,
  work: (session: ServerSession) => Promise<T>,
): Promise<T> {
  const [first, second] = [...FIRST_DATABASES, source.user];
  const session = await foreign.connect(source, first, signal).catch((error: { code?: string }) => {
    // Only the one database that has the user's name, or none of these names.
    if (error.code !== 'DATABASE_FAILED') throw error;
    return foreign.connect(source, second, signal);
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

const look: ServerImporter['look'] = async (work) => {
  const { foreign, target, clientSeries, signal } = work;
  const { server, rows } = await withAnyDatabase(work, async (session) => ({
    server: (await session.query(SERVER))[0],
    rows: await session.query(DATABASES),
  }));
  const version = (server?.['version'] ?? '').split(' ')[0] ?? '';
  const major = Math.floor(Number(server?.['number'] ?? 0) / 10_000);
  const problems: string[] = [];
  if (target !== null && major > majorOf(target.version))
    problems.push(
      `PostgreSQL ${version} is newer than the PostgreSQL ${target.version} here, and data does not go back to an older one. Use a newer one where Kojibox has it (koji runtime list, koji runtime use postgres SERIES), or an older server.`,
    );
  else if (!clientSeries.some((series) => Number(series) >= major))
    problems.push(
      `No pg_dump for PostgreSQL ${version} can be had here: the newest is ${clientSeries.at(-1) ?? 'none'}, and it refuses servers that are newer. Write the dump with that server's own pg_dump, and import it with: koji db import`,
    );
  const here =
    target === null
      ? null
      : await withSession(foreign, target.address, 'postgres', signal, async (session) => ({
          extensions: namesOf(await session.query(AVAILABLE_EXTENSIONS)),
          roles: namesOf(await session.query(ROLES)),
        }));
  const databases: FoundDatabase[] = [];
  for (const row of rows) {
    const found = await lookInto(work, row, here);
    // The one that every server has, unless somebody keeps things in it.
    if (row['name'] !== 'postgres' || found.tables > 0) databases.push(found);
  }
  return { product: 'PostgreSQL', version, problems, databases };
};

async function lookInto(
  { foreign, source, signal }: LookWork,
  row: Row,
  here: { readonly extensions: ReadonlySet<string>; readonly roles: ReadonlySet<string> } | null,
): Promise<FoundDatabase> {
  const name = row['name'] ?? '';
  const { encoding = '', provider = 'c', collate = '', locale = '' } = row as Record<string, string>;
  const collation = `${encoding} ${provider === 'c' ? collate : locale}`;
  const closed = { name, sizeBytes: 0, tables: 0, collation, remarks: [], facts: row };
  if (!isTrue(row['open']))
    return {
      ...closed,
      problems: [`${source.user} may not connect to it. Give a user who may: grant connect on database`],
    };
  const content = await withSession(
    foreign,
    source,
    name,
    signal,
    async (session) => (await session.query(CONTENT))[0],
  );
  const problems: string[] = [];
  const remarks: string[] = [];
  const unreadable = content?.['unreadable'];
  if (unreadable) problems.push(`${source.user} may not read ${unreadable}. Log in as its owner or as a superuser.`);
  if (here !== null) {
    const missing = listOf(content?.['extensions']).filter((one) => !here.extensions.has(one));
    if (missing.length > 0)
      problems.push(`It uses the extension ${missing.join(', ')}, which the PostgreSQL here does not have.`);
    const roles = listOf(content?.['roles']).filter((one) => !here.roles.has(one));
    if (roles.length > 0)
      problems.push(
        `Its policies or user mappings name the role ${roles.join(', ')}. Create it here first: ${roles.map((one) => `create role ${quote(one)}`).join('; ')}`,
      );
  }
  if (encoding !== 'UTF8') remarks.push(`its text is converted from ${encoding} to UTF8`);
  const owners = listOf(content?.['owners'], ', ').filter((owner) => owner !== 'kojibox');
  if (owners.length > 0)
    remarks.push(`what belongs to ${owners.join(', ')} belongs to kojibox here; grants stay behind`);
  if (Number(content?.['publications'] ?? 0) > 0) remarks.push('publications stay behind');
  if (content?.['subscriptions']) remarks.push('subscriptions stay behind');
  return {
    name,
    sizeBytes: Number(content?.['bytes'] ?? 0),
    tables: Number(content?.['tables'] ?? 0),
    collation,
    problems,
    remarks,
    facts: row,
  };
}

const isTrue = (value: string | null | undefined): boolean => value === 't' || value === 'true';

/** The order of the source, where this machine has it. https://www.postgresql.org/docs/current/sql-createdatabase.html */
function localeClause(row: Row, targetMajor: number): string | null {
  const { encoding, provider, collate = '', ctype = '', locale = '' } = row as Record<string, string>;
  const libc = `lc_collate ${literal(collate)} lc_ctype ${literal(ctype)}`;
  if (encoding !== 'UTF8') return null;
  if (provider === 'c') return `locale_provider libc ${libc}`;
  if (provider === 'i') return `locale_provider icu icu_locale ${literal(locale)} ${libc}`;
  return targetMajor >= 17 ? `locale_provider builtin builtin_locale ${literal(locale)} ${libc}` : null;
}

function sourceClient(
  access: EngineAccess,
  { host, port, socket, user, password }: ServerAddress,
  database: string,
  args: readonly string[],
): ClientCommand {
  const command = postgresClient(access, 'pg_dump', database, args);
  return {
    ...command,
    env: {
      ...command.env,
      PGHOST: socket === null ? host : dirname(socket),
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      // Only what was given here is used, nobody's file.
      PGPASSFILE: '/dev/null',
    },
  };
}

/** The settings at the head of a dump that an older server does not know. */
function withoutNewSettings(): (piece: Uint8Array) => Uint8Array {
  let head: Buffer | null = Buffer.alloc(0);
  return (piece) => {
    if (head === null) return piece;
    head = Buffer.concat([head, piece]);
    if (head.length < HEAD_BYTES && !head.includes('\nSELECT pg_catalog.set_config')) return Buffer.alloc(0);
    const text = head.toString('latin1').replace(/^SET transaction_timeout = 0;\n/m, '');
    head = null;
    return Buffer.from(text, 'latin1');
  };
}

async function countAll(session: ServerSession, signal: AbortSignal): Promise<Counts> {
  const tables = (await session.query(TABLES)) as unknown as TableName[];
  const counts = new Map<string, number>();
  for (const batch of batches(tables, TABLES_AT_ONCE)) {
    signal.throwIfAborted();
    for (const { place, rows } of await session.query(countRows(batch))) {
      const table = batch[Number(place)];
      if (table !== undefined) counts.set(`${table.schema}.${table.name}`, Number(rows));
    }
  }
  return counts;
}
const countObjects = async (session: ServerSession): Promise<Counts> =>
  new Map(Object.entries((await session.query(OBJECTS))[0] ?? {}).map(([kind, count]) => [kind, Number(count)]));

const transfer: ServerImporter['transfer'] = async (work, passage, task) => {
  const { foreign, source, target, access, signal } = work;
  const { name } = passage.database;
  return withSession(foreign, source, name, signal, async (session) => {
    await session.query('begin transaction isolation level repeatable read read only');
    const snapshot = (await session.query('select pg_export_snapshot() as id'))[0]?.['id'] ?? '';
    const tables = await session.query(TABLES);
    const progress = createDumpProgress(
      'postgres',
      new Map(tables.map(({ quoted, bytes }) => [quoted ?? '', Number(bytes)])),
    );
    const dump = sourceClient(access, source, name, [
      ...['--no-owner', '--no-privileges', '--no-publications', '--no-subscriptions', '--no-tablespaces'],
      ...['--no-security-labels', '--encoding=UTF8', `--snapshot=${snapshot}`],
    ]);
    const load = postgresClient(access, 'psql', passage.working, [
      '-X',
      '-q',
      '-v',
      'ON_ERROR_STOP=1',
      '-o',
      '/dev/null',
    ]);
    const cleaned = Number(access.series) > majorOf(target.version) ? withoutNewSettings() : null;
    task.step('copy');
    const failure = await foreign.pipe(dump, load, {
      signal,
      through(piece) {
        const before = progress.tables;
        progress.feed(piece);
        if (progress.tables !== before) task.step('copy', `${progress.table} (${progress.tables}/${tables.length})`);
        task.bytes(progress.done, progress.total);
        return cleaned === null ? piece : cleaned(piece);
      },
    });
    if (failure !== null) throw pipeFailed(name, failure, source.password);

    task.step('check');
    task.bytes(progress.total, progress.total);
    const [there, objectsThere] = [await countAll(session, signal), await countObjects(session)];
    const settings = await session.query(SETTINGS);
    const cure = 'Please report this: both sides were counted in the same snapshot.';
    const remarks: string[] = [];
    await withSession(foreign, target.address, passage.working, signal, async (own) => {
      assertSame(name, there, await countAll(own, signal), cure);
      assertSame(name, objectsThere, await countObjects(own), cure);
      for (const { setting } of settings)
        await own
          .query(`alter database ${quote(passage.working)} ${setting ?? ''}`)
          .catch(() => remarks.push(`its setting "${setting ?? ''}" is not known here`));
    });
    return { tables: there.size, rows: rowsOf(there), remarks };
  });
};

export const postgresImport: ServerImporter = {
  runtime: 'postgres',
  look,
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
    return [`text is sorted by the order of this server, not by ${row['collate'] ?? ''}`];
  },
  transfer,
  publish: async (target, { working, final }) => {
    await target.query(`alter database ${quote(working)} rename to ${quote(final)}`);
  },
  drop: async (target, name) => {
    // FORCE ends the sessions of others; since PostgreSQL 13.
    await target.query(`drop database if exists ${quote(name)} with (force)`);
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
