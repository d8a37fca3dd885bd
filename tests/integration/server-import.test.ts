/** Databases of real servers of somebody else, copied, compared, undone; and everything that can go wrong on the way. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
import type { ServerReport } from '../../contract/server-import.ts';
import { ended, type DatabasesWorld } from './databases-world.ts';
import { HOSTILE } from './foreign-content.ts';
import { OWNER, PASSWORD, type ForeignServer } from './foreign-servers.ts';
import { createServerImportWorld, find, refused, type Refusal, type ServerImportWorld } from './server-import-world.ts';
import type { StackWorld } from './stack-world.ts';

let imports: ServerImportWorld;
let world: StackWorld;
let own: DatabasesWorld;
let pg16: ForeignServer;
let maria: ForeignServer;

beforeAll(async () => {
  imports = await createServerImportWorld();
  ({ world, own, pg16, maria } = imports);
});
afterAll(() => imports.remove());

const ask = <T>(method: string, params: object): Promise<T> => imports.ask<T>(method, params);
const inspect: ServerImportWorld['inspect'] = (...args) => imports.inspect(...args);
const take: ServerImportWorld['take'] = (...args) => imports.take(...args);
const taken: ServerImportWorld['taken'] = (...args) => imports.taken(...args);
const names = (engine: string): Promise<string[]> => imports.names(engine);
const records: ServerImportWorld['records'] = () => imports.records();
/** Waits until rows flow. */
async function untilFlowing(id: string): Promise<void> {
  for (;;) {
    const change = await ask<Change>('changes.get', { id });
    if (change.status !== 'running') throw new Error(`it ended too soon: ${change.error?.detail ?? change.status}`);
    if (change.tasks.some(({ label, step, doneBytes }) => label === 'big' && step === 'copy' && doneBytes > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const lastError = async (id: string): Promise<Refusal> => refused(ended(world, id));

describe('a look', () => {
  it('names version, databases with what becomes of each, and what cannot be taken', async () => {
    const report = await inspect(pg16);
    expect(report).toMatchObject({
      product: 'PostgreSQL',
      version: expect.stringMatching(/^16\./),
      engine: { id: 'postgres', running: true },
      problems: [],
      login: { host: '127.0.0.1', port: pg16.port, user: OWNER },
    });
    expect(JSON.stringify(report)).not.toContain(JSON.stringify(PASSWORD).slice(1, -1));
    // The server's own database has nothing in it.
    expect(report.databases.map(({ name }) => name).sort()).toEqual(
      ['Müller-Straße', HOSTILE, 'big', 'guarded', 'shop'].sort(),
    );
    expect(find(report, 'shop')).toMatchObject({ tables: 4, target: 'shop', taken: false, problems: [] });
    expect(find(report, HOSTILE).target).toBe('a_drop_database_shop');
    expect(find(report, 'Müller-Straße').target).toBe('Muller_Strasse');
    expect(find(report, 'big').sizeBytes).toBeGreaterThan(50e6);
    expect(find(report, 'guarded').problems).toEqual([expect.stringContaining('create role "webuser"')]);
    expect(find(report, 'shop').remarks).toEqual([expect.stringContaining(`belongs to ${OWNER}`)]);
    expect(await refused(take(pg16, ['guarded']))).toMatchObject({ code: 'VALIDATION_FAILED' });

    const other = await inspect(maria);
    expect(other).toMatchObject({
      product: 'MariaDB',
      version: expect.stringMatching(/^10\.11/),
      engine: { id: 'mariadb' },
    });
    expect(find(other, 'shop')).toMatchObject({ tables: 3, collation: 'utf8mb4_swedish_ci', problems: [] });
    // What an account may not see is not there, as the server says it.
    await maria.query("create user reader@'127.0.0.1' identified by 'r'");
    await maria.query("grant select, show view on shop.* to reader@'127.0.0.1'");
    const less = find(await inspect(maria, { user: 'reader', password: 'r' }), 'shop');
    expect(less).toMatchObject({ tables: 3, problems: [] });
    expect(less.remarks.join()).toContain('reader may not see triggers, events, routines');
    expect(find(other, 'shop').remarks.join()).not.toContain('may not see');
    expect(find(other, 'shop').remarks.join()).toContain(`what ran as ${OWNER}@127.0.0.1`);
  });

  it('says whether it is the login or the address that is wrong', async () => {
    for (const server of [pg16, maria]) {
      const wrong = await refused(inspect(server, { password: 'not it' }));
      expect(wrong).toMatchObject({ code: 'LOGIN_REFUSED', message: expect.stringContaining(`as ${OWNER}`) });
      expect(await refused(inspect(server, { password: undefined }))).toMatchObject({ code: 'LOGIN_REFUSED' });
      expect(await refused(inspect(server, { port: 1 }))).toMatchObject({ code: 'SERVER_UNREACHABLE' });
    }
    const ours = (await world.services()).find(({ id }) => id === 'postgres')?.ports[0]?.port;
    expect(await refused(inspect(pg16, { port: ours }))).toMatchObject({
      detail: expect.stringContaining('own PostgreSQL'),
    });
    expect(await refused(take(pg16, ['nothing']))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('needs no password where the server knows the user who runs Kojibox', async () => {
    const user = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
    await pg16.query(`create role "${user}" superuser login`);
    const report = await ask<ServerReport>('serverImport.inspect', {
      kind: 'postgres',
      socket: pg16.folder,
      port: pg16.port,
    });
    expect(report.login).toMatchObject({ user, socket: `${pg16.folder}/.s.PGSQL.${pg16.port}` });
    expect(find(report, 'shop').tables).toBe(4);
    const change = await ask<Change>('serverImport.start', {
      kind: 'postgres',
      socket: report.login.socket,
      databases: [{ name: HOSTILE, target: 'by_socket' }],
    });
    await ended(world, change.id);
    expect(await own.postgres('select * from t order by 1', 'by_socket')).toEqual([{ a: 1 }, { a: 2 }]);
    await own.run('serverImport.undo', { id: (await records())[0]?.id });
  });
});

it('takes over from servers that insist on TLS', async () => {
  await maria.query("create user sealed@'127.0.0.1' identified by 's' require ssl");
  await maria.query("grant select, show view, trigger on `Müller-Straße`.* to sealed@'127.0.0.1'");
  const account = { user: 'sealed', password: 's' };
  expect((await inspect(maria, account)).databases.map(({ name }) => name)).toEqual(['Müller-Straße']);
  for (const [server, engine] of [
    [pg16, 'postgres'],
    [maria, 'mariadb'],
  ] as const) {
    await server.insistOnTls(true);
    try {
      expect(await refused(inspect(server, { password: 'not it' }))).toMatchObject({ code: 'LOGIN_REFUSED' });
      await taken(server, ['Müller-Straße']);
      expect(await names(engine)).toEqual(['Muller_Strasse']);
      await own.run('serverImport.undo', { id: (await records()).at(-1)?.id });
    } finally {
      await server.insistOnTls(false);
    }
  }
});

describe('PostgreSQL 16 into 17', () => {
  it('brings rows, large objects, routines, settings and every name; the other server stays as it was', async () => {
    const before = await pg16.query('select datname, oid from pg_database order by 1');
    const change = await taken(pg16, ['shop', HOSTILE, 'Müller-Straße']);
    expect(change.tasks.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
    expect(change.tasks[1]).toMatchObject({
      label: 'shop',
      detail: expect.stringContaining('4 tables, 8 rows: the same on both sides'),
    });
    expect(await names('postgres')).toEqual(['Muller_Strasse', 'a_drop_database_shop', 'shop']);
    for (const sql of [
      'select * from sales.customers order by id',
      'select * from sales.orders order by id',
      'select * from sales."Größe; ""x""" order by a',
      'select * from sales.sums order by name',
      'select * from sales.kept',
      'select * from sales.parts_2026',
      "select lo_get(4242) as lo, nextval('sales.orders_id_seq')",
      'show search_path',
      `select conname, pg_get_constraintdef(oid) as text from pg_constraint where connamespace = 'sales'::regnamespace order by 1, 2`,
      `select pg_encoding_to_char(encoding) as encoding, datcollate from pg_database where datname = 'shop'`,
    ])
      expect(await own.postgres(sql, 'shop'), sql).toEqual(await pg16.query(sql, 'shop'));
    // The trigger works, and did not fire while rows came.
    expect(
      await own.postgres('insert into sales.orders (customer, total) values (1, 1) returning total', 'shop'),
    ).toEqual([{ total: '2.00' }]);
    expect(await own.postgres(`select distinct tableowner from pg_tables where schemaname = 'sales'`, 'shop')).toEqual([
      { tableowner: expect.stringMatching(/^kojibox_owner_[0-9a-f]+$/) },
    ]);
    expect(await own.postgres('select count(*)::int as n from t', 'Muller_Strasse')).toEqual([{ n: 1000 }]);
    expect(await pg16.query('select datname, oid from pg_database order by 1')).toEqual(before);
  });

  it('refuses a name that is taken, or adds a number; the undo writes dumps and drops just those', async () => {
    expect(await refused(take(pg16, ['shop']))).toMatchObject({
      code: 'VALIDATION_FAILED',
      detail: 'The name shop is taken here.',
    });
    expect(find(await inspect(pg16), 'shop')).toMatchObject({ target: 'shop_2', taken: true });
    await taken(pg16, ['shop', HOSTILE], { onConflict: 'rename' });
    expect(await names('postgres')).toContain('shop_2');
    const record = (await records()).at(-1);
    expect(record?.databases.map(({ name, rows }) => [name, rows])).toEqual([
      ['shop_2', 8],
      ['a_drop_database_shop_2', 2],
    ]);
    await own.run('serverImport.undo', { id: record?.id });
    expect(await names('postgres')).toEqual(['Muller_Strasse', 'a_drop_database_shop', 'shop']);
    expect(readdirSync(world.path('app/backups')).filter((file) => file.startsWith('postgres-shop_2-'))).toHaveLength(
      1,
    );
    expect((await records()).map(({ id }) => id)).not.toContain(record?.id);
    expect(await refused(own.run('serverImport.undo', { id: record?.id }))).toMatchObject({ code: 'NOT_FOUND' });
  });
});

it('is begun once when two ask for it at the same moment', async () => {
  const before = await names('postgres');
  const both = await Promise.allSettled([1, 2].map(() => take(pg16, ['shop'], { onConflict: 'rename' })));
  const begun = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  for (const { id } of begun) await ended(world, id);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((await names('postgres')).length).toBe(before.length + 1);
});

describe('MariaDB', () => {
  it('brings rows, views, triggers, routines, events and every name, without the accounts of the other server', async () => {
    await taken(maria, ['shop', HOSTILE, 'Müller-Straße']);
    expect(await names('mariadb')).toEqual(['Muller_Strasse', 'a_drop_database_shop', 'shop']);
    for (const sql of [
      'select * from shop.customers order by id',
      'select id, customer, total, at from shop.orders order by id',
      'select * from shop.`Größe; ``x``` order by a',
      'select * from shop.sums order by name',
      'select shop.twice(21) as x',
      "select table_name, table_comment, table_collation from information_schema.tables where table_schema = 'shop' and table_type = 'BASE TABLE' order by 1",
      "select constraint_name, table_name, referenced_table_name from information_schema.referential_constraints where constraint_schema = 'shop'",
      "select event_name, status, interval_value from information_schema.events where event_schema = 'shop'",
      "select default_collation_name, schema_comment from information_schema.schemata where schema_name = 'shop'",
      "select routine_name, routine_definition from information_schema.routines where routine_schema = 'shop' order by 1",
    ])
      expect(await own.mariadb(sql), sql).toEqual(await maria.query(sql));
    const definers = await own.mariadb(
      "select definer from information_schema.views where table_schema = 'shop' union select definer from information_schema.routines where routine_schema = 'shop' union select definer from information_schema.triggers where trigger_schema = 'shop' union select definer from information_schema.events where event_schema = 'shop'",
    );
    expect(definers).toEqual([{ definer: 'kojibox_db_shop@127.0.0.1' }]);
    await own.mariadb('insert into shop.orders (customer, total) values (1, 1)');
    expect(await own.mariadb('select max(total) as total from shop.orders')).toEqual([{ total: '9.99' }]);
    expect(await own.mariadb('select total from shop.orders order by id desc limit 1')).toEqual([{ total: '2.00' }]);
    expect(
      await own.mariadb("select count(*) as n from information_schema.schemata where schema_comment <> ''"),
    ).toEqual([{ n: 0n }]);
  });
});

describe.each(['postgres', 'mariadb'] as const)('an import into %s that does not come to its end', (engine) => {
  const source = (): ForeignServer => (engine === 'postgres' ? pg16 : maria);
  const begin = async (): Promise<{ id: string; before: string[] }> => {
    const before = await names(engine);
    const { id } = await take(source(), [HOSTILE, 'big'], { onConflict: 'rename' });
    await untilFlowing(id);
    expect((await names(engine)).length).toBeGreaterThan(before.length);
    return { id, before };
  };
  /** Nothing of it, neither by its last name nor by another. */
  const expectNothing = async (before: readonly string[], known: number): Promise<void> => {
    expect(await names(engine)).toEqual(before);
    expect(await records()).toHaveLength(known);
  };

  it('leaves nothing when it is cancelled', async () => {
    const known = (await records()).length;
    const { id, before } = await begin();
    expect(await refused(take(source(), ['big']))).toMatchObject({
      code: 'UNAVAILABLE',
      detail: 'another import is under way',
    });
    await ask('changes.cancel', { id });
    expect(await lastError(id)).toMatchObject({ code: 'CANCELLED' });
    await expectNothing(before, known);
  });

  it('leaves nothing when Kojibox is killed', async () => {
    const known = (await records()).length;
    const { before } = await begin();
    process.kill(world.daemonFile().pid, 'SIGKILL');
    await world.koji('up', '--json');
    // As soon as the next one has taken the server over.
    await expect.poll(() => names(engine)).toEqual(before);
    await expectNothing(before, known);
    expect((await ask<{ notices: string[] }>('stack.status', {})).notices.join()).toContain(
      'import that was broken off',
    );
  });

  it('leaves nothing when the other server dies, and says who failed', async () => {
    const known = (await records()).length;
    const { id, before } = await begin();
    await source().kill();
    const error = await lastError(id);
    expect(error).toMatchObject({
      code: 'DATABASE_FAILED',
      message: 'cannot take over "big"',
      detail: expect.stringContaining('reading it failed'),
      remedy: expect.stringContaining('Nothing of this import is left here'),
    });
    await expectNothing(before, known);
  });
});

it('keeps the password nowhere', () => {
  const pieces = [PASSWORD, JSON.stringify(PASSWORD).slice(1, -1), encodeURIComponent(PASSWORD)];
  for (const piece of pieces) {
    const found = execFileSync('/bin/sh', ['-c', 'grep -rlF -e "$1" "$0" || true', world.path('app'), piece], {
      encoding: 'utf8',
    });
    expect(found, piece).toBe('');
  }
});

it('does not take data back to an older series, and says what helps', async () => {
  const newer = await imports.foreign.postgres('17');
  await newer.query('create database later');
  await newer.query('create table t (a int)', 'later');
  await taken(newer, ['later']);
  expect(await names('postgres')).toContain('later');
  await world.koji('runtime', 'use', 'postgres', '16', '--json');
  const report = await inspect(newer);
  expect(report.problems).toEqual([
    expect.stringMatching(/^PostgreSQL 17\S* is newer than the PostgreSQL 16.*koji runtime use postgres/),
  ]);
  expect(await refused(take(newer, ['later']))).toMatchObject({
    code: 'VALIDATION_FAILED',
    detail: expect.stringContaining('newer'),
  });
  // Into the same series, with client programs that are newer than both.
  await pg16.start();
  await taken(pg16, ['shop']);
  expect(await own.postgres('select count(*)::int as n from sales.customers', 'shop')).toEqual([{ n: 3 }]);
  await bringsDumpsBack();
  expect(await refused(inspect(pg16, { engine: 'mariadb' }))).toMatchObject({ code: 'VALIDATION_FAILED' });
  expect(await refused(inspect(pg16, { engine: 'redis' }))).toMatchObject({ code: 'NOT_FOUND' });
});

/** A dump of PostgreSQL 16 is written by the pg_dump of 17, and has a setting that 16 does not know. Rows that look like it stay. */
async function bringsDumpsBack(): Promise<void> {
  const rows = [
    'SET idle_in_transaction_session_timeout = 0;',
    'SET transaction_timeout = 0;',
    'COPY x FROM stdin;',
    '\\.',
  ];
  const lines = async (database: string): Promise<unknown[]> =>
    (await own.postgres('select line from public.lines order by n', database)).map(({ line }) => line);
  await own.postgres('create table public.lines (line text, n serial)', 'shop');
  await own.postgres(`insert into public.lines (line) values ${rows.map((row) => `('${row}')`).join(', ')}`, 'shop');
  const path = join(world.root, 'shop.sql.gz');
  await own.run('databases.export', { engine: 'postgres', name: 'shop', path });
  await ask('databases.create', { engine: 'postgres', name: 'back' });
  await own.run('databases.import', { engine: 'postgres', name: 'back', path });
  expect(await lines('back')).toEqual(rows);
  const snapshot = await own.take('postgres', 'all', 'dump');
  await own.postgres('drop table public.lines', 'shop');
  await own.run('databases.restore', { id: snapshot });
  expect(await lines('shop')).toEqual(rows);
  expect(await lines('back')).toEqual(rows);
}

describe('a database of others is data', () => {
  it('what it would run on its way in is refused, and nothing of it is left', async () => {
    const mark = join(world.root, 'mark');
    await pg16.query('create database trap');
    await pg16.query(
      `create function f(int) returns bool language plpgsql as $$ begin return true; end $$;
       create table t (a int check (f(a))); insert into t values (1);
       create or replace function f(int) returns bool language plpgsql as $$ begin copy (select 1) to program 'touch ${mark}'; return true; end $$;`,
      'trap',
    );
    const before = await names('postgres');
    expect(await refused(taken(pg16, ['trap']))).toMatchObject({
      code: 'DATABASE_FAILED',
      detail: expect.stringContaining('permission denied to COPY to or from an external program'),
    });
    expect(existsSync(mark)).toBe(false);
    expect(await names('postgres')).toEqual(before);
    expect(await own.postgres(`select rolname from pg_roles where rolname ~ '^kojibox_import_'`)).toEqual([]);
  });

  it('nothing of it runs as a superuser while both sides are compared, and none of its settings runs code', async () => {
    const mark = join(world.root, 'counted');
    await pg16.query('create database watched');
    // The server evaluates what is constant in the expression of an index as the account that plans a query of its table.
    await pg16.query(
      `create function public.look() returns void language plpgsql as $$ begin
         if current_setting('server_version_num')::int >= 170000 and (select rolsuper from pg_roles where rolname = current_user)
         then copy (select 1) to program 'touch ${mark}'; end if; end $$;
       create function public.one() returns int immutable language plpgsql as $$ begin perform public.look(); return 1; end $$;
       create table t (a int); insert into t values (1), (2); create index on t ((a + public.one()));
       create table own_rows (a int); insert into own_rows values (1);
       alter table own_rows enable row level security, force row level security;
       create policy none on own_rows using (false)`,
      'watched',
    );
    for (const setting of [
      `log_statement to 'ddl'`,
      `app.mode to 'it''s'`,
      `session_preload_libraries to 'auto_explain'`,
      `role to '${OWNER}'`,
    ])
      await pg16.query(`alter database watched set ${setting}`);
    await taken(pg16, ['watched']);
    expect(existsSync(mark)).toBe(false);
    const [database] = (await records()).at(-1)?.databases ?? [];
    expect(database).toMatchObject({ tables: 2, rows: 3 });
    const remarks = database?.remarks.join('\n') ?? '';
    expect(remarks).toMatch(/session_preload_libraries.*stays behind/);
    expect(remarks).toMatch(/set role to.*stays behind/);
    const set = `select unnest(setconfig) as setting from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = 'watched') order by 1`;
    expect(await own.postgres(set)).toEqual([{ setting: "app.mode=it's" }, { setting: 'log_statement=ddl' }]);
  });
});
