/** Dumps in and out of real servers: every form comes back as it was, and whatever goes wrong leaves a database as it was. */
import { execFileSync } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  globSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import type { Change } from '../../contract/changes.ts';
import type { Engine } from '../../contract/databases.ts';
import { archiveAddress } from './archive-address.ts';
import { createDatabasesWorld, ended, type DatabasesWorld } from './databases-world.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let databases: DatabasesWorld;

beforeAll(async () => {
  world = createStackWorld();
  await upPrepared(world.home, () => world.koji('up', '--json'));
  databases = createDatabasesWorld(world);
  await databases.postgres('create database shop');
  await databases.postgres(
    `create table goods (id int generated always as identity primary key, name text);
     insert into goods (name) values ('tea'), (E'a\\nb\\\\.\\tUSE x;'), (null);
     create table orders (good int references goods);
     create view cheap as select name from goods;
     create function greet() returns text language sql as 'select ''hello''';
     create schema "odd name"; create table "odd name".t (a int);`,
    'shop',
  );
  await databases.mariadb('create database shop character set latin1');
  await databases.mariadb('create table shop.goods (id int primary key, name varchar(99) character set utf8mb4)');
  await databases.mariadb("insert into shop.goods values (1, 'tea'), (2, 'grün\\nUSE x;')");
  await databases.mariadb("create procedure shop.greet() select 'hello'");
});
afterAll(() => world.remove());

const file = (name: string, content: string | Buffer): string => {
  const path = join(world.root, name);
  writeFileSync(path, content);
  return path;
};
const namesIn = async (engine: string): Promise<string[]> => {
  const { body } = await world.rpc(JSON.stringify({ method: 'databases.list', params: {} }));
  return ((body.result as Engine[]).find(({ id }) => id === engine)?.databases ?? []).map(({ name }) => name);
};
const load = (engine: string, name: string, path: string, more: object = {}): Promise<Change> =>
  databases.run('databases.import', { engine, name, path, ...more });
const goods = {
  postgres: async (database = 'shop') =>
    (await databases.postgres('select id, name from goods order by id', database)).map((row) => ({ ...row })),
  mariadb: async (database = 'shop') =>
    (await databases.mariadb(`select id, name from ${database}.goods order by id`)).map((row) => ({ ...row })),
};
/** What was half made or half written. */
const leftovers = (): string[] => [
  ...globSync(join(world.root, '*.partial')),
  ...globSync(world.path('app/backups/*{partial,scratch,copy}*')),
];
/** Table, columns, keys, views and routines, as the server describes them; what is not null has a constraint of its own since 18. */
const shape = (database: string) =>
  databases.postgres(
    `select n.nspname, c.relname, c.relkind, pg_get_viewdef(c.oid) as view,
       (select string_agg(pg_get_constraintdef(k.oid), ';' order by k.conname) from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n') as keys,
       (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attidentity::text, ',' order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'odd name') and c.relkind <> 'i'
     union all select 'public', proname, 'f', prosrc, null, null from pg_proc where pronamespace = 'public'::regnamespace order by 1, 2`,
    database,
  );

describe('every form of a dump', () => {
  it.each(['sql', 'sql.gz', 'sql.zst'])('.%s comes back whole in a new database, of both engines', async (form) => {
    for (const engine of ['postgres', 'mariadb'] as const) {
      const path = join(world.root, `${engine}.${form}`);
      const change = await databases.run('databases.export', { engine, name: 'shop', path });
      expect(change.tasks.at(-1)).toMatchObject({ status: 'done', detail: path });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const bytes = readFileSync(path);
      const text = form === 'sql' ? bytes : form === 'sql.gz' ? gunzipSync(bytes) : zstdDecompressSync(bytes);
      expect(text.toString()).toContain('goods');
      await load(engine, 'back', path, { create: true });
      expect(await goods[engine]('back')).toEqual(await goods[engine]());
      if (engine === 'postgres') expect(await shape('back')).toEqual(await shape('shop'));
      else expect(await databases.mariadb('call back.greet()')).not.toEqual([]);
      await databases.run('databases.drop', { engine, name: 'back' });
    }
    expect(leftovers()).toEqual([]);
  });

  it('a zip and an archive of pg_dump are read too', async () => {
    const plain = join(world.root, 'postgres.sql');
    const zip = new ZipFile();
    zip.addFile(plain, 'shop.sql');
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(join(world.root, 'shop.zip')));
    const [client] = globSync(world.path('runtime/bin/postgres-client/*/*/usr/lib/postgresql/*/bin/pg_dump'));
    const port = (await world.services()).find(({ id }) => id === 'postgres')?.ports[0]?.port ?? 0;
    const password = await world.call<string>('secrets.get', { key: 'postgres-password', scope: 'service' });
    const archive = join(world.root, 'shop.dump');
    execFileSync(client ?? '', ['-Fc', '-f', archive, 'shop'], {
      env: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'kojibox', PGPASSWORD: password },
    });
    for (const path of [join(world.root, 'shop.zip'), archive]) {
      await load('postgres', 'back', path, { create: true });
      expect(await goods.postgres('back')).toEqual(await goods.postgres());
      expect(await shape('back')).toEqual(await shape('shop'));
      await databases.run('databases.drop', { engine: 'postgres', name: 'back' });
    }
    await expect(load('mariadb', 'back', archive, { create: true })).rejects.toMatchObject({
      detail: expect.stringContaining('dump of PostgreSQL'),
    });
    expect(leftovers()).toEqual([]);
  });

  it('of some tables, of the schema or of the rows alone has just these', async () => {
    const written = async (engine: string, params: object): Promise<string> => {
      const { tasks } = await databases.run('databases.export', { engine, name: 'shop', ...params });
      return gunzipSync(readFileSync(tasks.at(-1)?.detail ?? '')).toString();
    };
    const tables = await world.call<{ name: string }[]>('databases.tables', { engine: 'postgres', name: 'shop' });
    expect(tables.map(({ name }) => name).sort()).toEqual(['goods', 'odd name.t', 'orders']);
    const one = await written('postgres', { tables: ['odd name.t'] });
    expect(one).toContain('CREATE TABLE "odd name".t');
    expect(one).not.toContain('goods');
    const schema = await written('mariadb', { content: 'schema' });
    expect(schema).toContain('CREATE TABLE `goods`');
    expect(schema).not.toContain('INSERT');
    const rows = await written('postgres', { content: 'data', tables: ['goods'] });
    expect(rows).toContain('COPY public.goods');
    expect(rows).not.toContain('CREATE');
  });

  it('is refused beforehand where it cannot be written', async () => {
    const taken = file('taken.sql.gz', '');
    const wanted = { engine: 'postgres', name: 'shop' };
    for (const path of [taken, join(world.root, 'shop.tar'), join(world.root, 'no/where.sql.gz'), 'shop.sql.gz'])
      await expect(databases.run('databases.export', { ...wanted, path })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
      });
    await expect(databases.run('databases.export', { ...wanted, tables: ['goods', 'g*'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      detail: expect.stringContaining('"g*"'),
    });
    expect(statSync(taken).size).toBe(0);
  });
});

describe('an import', () => {
  it('of PostgreSQL that fails names the line and changes nothing, replaces in one step, and makes the roles that are named', async () => {
    const dump = `CREATE TABLE public.goods (id int, name text);
ALTER TABLE public.goods OWNER TO "Bob";
COPY public.goods (id, name) FROM stdin;
7\tcoffee
8\t\\\\connect other
\\.
GRANT SELECT ON TABLE public.goods TO reader;
`;
    const [good, bad] = [file('new.sql', dump), file('bad.sql.gz', gzipSync(`${dump}SELECT nonsense;\n`))];
    const [before, form] = [await goods.postgres(), await shape('shop')];
    await expect(load('postgres', 'shop', good)).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      detail: expect.stringMatching(/^line 1 \(CREATE TABLE public\.goods .*"goods" already exists/),
      remedy: expect.stringMatching(/shop is as it was.*--replace/),
    });
    await expect(load('postgres', 'shop', bad, { replace: true })).rejects.toMatchObject({
      detail: expect.stringMatching(/^line 8 \(SELECT nonsense\)/),
    });
    await expect(load('postgres', 'other', bad, { create: true })).rejects.toMatchObject({
      remedy: expect.stringContaining('No database was made'),
    });
    await expect(load('postgres', 'other', good)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      remedy: expect.stringContaining('--create'),
    });
    expect(await namesIn('postgres')).not.toContain('other');
    expect([await goods.postgres(), await shape('shop')]).toEqual([before, form]);

    await databases.run('databases.copy', { engine: 'postgres', name: 'shop', target: 'second' });
    expect(await shape('second')).toEqual(form);
    await load('postgres', 'second', good, { replace: true });
    expect(await goods.postgres('second')).toEqual([
      { id: 7, name: 'coffee' },
      { id: 8, name: '\\connect other' },
    ]);
    expect((await shape('second')).map(({ relname }) => relname)).toEqual(['goods']);
    expect(
      await databases.postgres(
        `select tableowner, has_table_privilege('reader', 'goods', 'select') as reads from pg_tables where tablename = 'goods'`,
        'second',
      ),
    ).toEqual([{ tableowner: 'Bob', reads: true }]);
    await expect(
      databases.run('databases.copy', { engine: 'postgres', name: 'shop', target: 'second' }),
    ).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(leftovers()).toEqual([]);
  });

  it('of MariaDB that fails half way brings everything back, and stays in its database', async () => {
    const dump = `-- MySQL dump 10.13
CREATE DATABASE IF NOT EXISTS \`other\`;
USE \`other\`;
DROP TABLE IF EXISTS \`goods\`;
CREATE TABLE \`goods\` (\`id\` int, \`name\` varchar(99) COLLATE utf8mb4_0900_ai_ci) COLLATE=utf8mb4_0900_ai_ci;
INSERT INTO \`goods\` VALUES (1,'utf8mb4_0900_ai_ci');
CREATE DEFINER=\`nobody\`@\`nowhere\` VIEW v AS SELECT 1 AS one;
`;
    const bad = file('bad-maria.sql', `${dump}SELECT nonsense;\n-- Dump completed\n`);
    const before = await goods.mariadb();
    for (const replace of [false, true])
      await expect(load('mariadb', 'shop', bad, { replace })).rejects.toMatchObject({
        detail: expect.stringMatching(/^line 8 \(SELECT nonsense\): ERROR 1054/),
        remedy: expect.stringContaining('shop is as it was'),
      });
    expect(await goods.mariadb()).toEqual(before);
    expect(await databases.mariadb('call shop.greet()')).not.toEqual([]);
    expect(
      await databases.mariadb(
        "select default_character_set_name as c from information_schema.schemata where schema_name = 'shop'",
      ),
    ).toEqual([{ c: 'latin1' }]);

    await load('mariadb', 'second', file('good-maria.sql', `${dump}-- Dump completed\n`), { create: true });
    expect(await goods.mariadb('second')).toEqual([{ id: 1, name: 'utf8mb4_0900_ai_ci' }]);
    expect(await databases.mariadb('select one from second.v')).toEqual([{ one: 1 }]);
    expect(await namesIn('mariadb')).not.toContain('other');
  });

  it('runs no program that a dump names', async () => {
    const mark = join(world.root, 'mark');
    for (const [engine, line] of [
      ['postgres', `\\! touch ${mark}\n`],
      ['postgres', `\\o |touch ${mark}\nselect 1;\n`],
      ['mariadb', `\\! touch ${mark}\n`],
      ['mariadb', `system touch ${mark};\n`],
    ] as const)
      await expect(load(engine, 'shop', file('evil.sql', line))).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    expect(existsSync(mark)).toBe(false);
  });

  it('of what is cut short or for something else is refused before anything is done', async () => {
    const whole = join(world.root, 'postgres.sql.gz');
    const cut = file('cut.sql.gz', readFileSync(whole));
    truncateSync(cut, statSync(cut).size - 20);
    const text = gunzipSync(readFileSync(whole)).toString();
    const refusals: readonly (readonly [string, string | Buffer, RegExp, string?])[] = [
      ['cut.sql.gz', readFileSync(cut), /damaged or was cut short/],
      ['cut.sql.zst', readFileSync(join(world.root, 'postgres.sql.zst')).subarray(0, -20), /damaged or was cut short/],
      ['cut.sql', text.slice(0, text.indexOf('PostgreSQL database dump complete')), /line is missing/],
      ['empty.sql', '', /empty/],
      ['utf16.sql', Buffer.from('\ufeffselect 1;', 'utf16le'), /UTF-16/],
      ['x.sqlite', Buffer.from('SQLite format 3\0'), /SQLite/],
      ['x.bin', Buffer.from([1, 0, 2, 0]), /does not contain text/],
      ['x.sql.bz2', Buffer.from('BZh91AY'), /bzip2/],
      ['all.sql', '-- PostgreSQL database cluster dump\n', /whole server/],
      ['mysql.sql', '-- MySQL dump 10.13\n-- Dump completed\n', /dump of MySQL/],
      ['two.sql', 'USE `a`;\nUSE `b`;\n', /2 databases \(a, b\)/, 'mariadb'],
    ];
    const backups = readdirSync(world.path('app/backups')).length;
    for (const [name, content, reason, engine = 'postgres'] of refusals)
      await expect(load(engine, 'shop', file(name, content)), name).rejects.toMatchObject({
        code: 'DATABASE_FAILED',
        detail: expect.stringMatching(reason),
      });
    expect(readdirSync(world.path('app/backups')).length).toBe(backups);
  });
});

describe('broken off', () => {
  const begin = async (method: string, params: unknown): Promise<string> => {
    const { body } = await world.rpc(JSON.stringify({ method, params }));
    return (body.result as Change).id;
  };
  const until = async (what: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + 30_000;
    while (!(await what())) {
      if (Date.now() > deadline) throw new Error('it did not come to pass in time');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const sleeps = async (): Promise<boolean> =>
    (await databases.postgres("select 1 from pg_stat_activity where query ~ '^select pg_sleep'")).length > 0;
  /** With more after the slow statement than a pipe holds. */
  const slow = (seconds: number): string =>
    file('slow.sql', `create table late (a int);\nselect pg_sleep(${seconds});\n${'-- and so on\n'.repeat(200_000)}`);

  it('an import that is cancelled leaves nothing, and its statement ends', async () => {
    const id = await begin('databases.import', { engine: 'postgres', name: 'shop', path: slow(600) });
    await until(sleeps);
    await world.call('changes.cancel', { id });
    await expect(ended(world, id)).rejects.toMatchObject({ code: 'CANCELLED' });
    await until(async () => !(await sleeps()));
    expect((await shape('shop')).map(({ relname }) => relname)).not.toContain('late');
  });

  it('an import whose daemon is killed leaves nothing half done', async () => {
    await begin('databases.import', { engine: 'postgres', name: 'shop', path: slow(4), replace: true });
    await until(sleeps);
    const { pid } = world.daemonFile();
    process.kill(pid, 'SIGKILL');
    await until(async () => world.daemonFile().pid !== pid && (await namesIn('postgres').catch(() => [])).length > 0);
    await until(async () => !(await sleeps()));
    expect((await shape('shop')).map(({ relname }) => relname)).toContain('goods');
  });

  it('an export leaves no file', async () => {
    const port = (await world.services()).find(({ id }) => id === 'postgres')?.ports[0]?.port ?? 0;
    const password = await world.call<string>('secrets.get', { key: 'postgres-password', scope: 'service' });
    const client = new Client({ host: '127.0.0.1', port, user: 'kojibox', password, database: 'shop' });
    await client.connect();
    try {
      await client.query('begin; lock table goods in access exclusive mode');
      const path = join(world.root, 'never.sql.gz');
      const id = await begin('databases.export', { engine: 'postgres', name: 'shop', path });
      const waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock'";
      await until(async () => (await databases.postgres(waits)).length > 0);
      await world.call('changes.cancel', { id });
      await expect(ended(world, id)).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(existsSync(path)).toBe(false);
      expect(leftovers()).toEqual([]);
    } finally {
      await client.end();
    }
  });
});

describe('many at once', () => {
  const COUNT = 4;
  it.each(['postgres', 'mariadb'] as const)(
    'imports and exports of %s: each comes in and out whole',
    async (engine) => {
      const names = Array.from({ length: COUNT }, (_, index) => `many${index}`);
      // An import that a kill broke off leaves its account until the server starts again.
      const accounts = (): Promise<unknown[]> =>
        engine === 'postgres'
          ? databases.postgres(`select rolname from pg_roles where rolname ~ '^kojibox_import_' order by 1`)
          : Promise.resolve([]);
      const before = await accounts();
      const own =
        engine === 'postgres' ? 'ALTER TABLE goods OWNER TO "of all";\nGRANT SELECT ON goods TO readers;\n' : '';
      const sql = `create table goods (id int primary key, name text);\ninsert into goods values (1, 'tea');\n${own}`;
      const path = file(`many-${engine}.sql`, sql);
      const settle = async (work: readonly Promise<unknown>[]): Promise<unknown[]> =>
        (await Promise.allSettled(work)).flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      expect(await settle(names.map((name) => load(engine, name, path, { create: true })))).toEqual([]);
      const replaced = names.map((name) => load(engine, name, path, { replace: true }));
      const exported = names.map((name) =>
        databases.run('databases.export', { engine, name, path: join(world.root, `${engine}-${name}.sql`) }),
      );
      expect(await settle([...replaced, ...exported])).toEqual([]);
      for (const name of names) {
        expect(await goods[engine](name)).toEqual([{ id: 1, name: 'tea' }]);
        await databases.run('databases.drop', { engine, name });
      }
      expect(await accounts()).toEqual(before);
    },
  );
});

describe('another series', () => {
  it('of PostgreSQL gets all from a dump of the older one, has clients of its own, and the way back', async () => {
    const [before, form] = [await goods.postgres(), await shape('shop')];
    const id = await databases.take('postgres', 'of 17', 'dump');
    // Its clients come from the release that is still being made, whose copy here may be past its date.
    await world.koji('mirror', 'set', 'debian', await archiveAddress(), '--allow-expired');
    await databases.run('runtime.use', { name: 'postgres', version: '18' });
    databases = createDatabasesWorld(world);
    expect(await namesIn('postgres')).toEqual([]);
    expect((await databases.snapshots()).find((one) => one.id === id)).toMatchObject({
      series: '17',
      engine: 'postgres',
    });
    await databases.run('databases.restore', { id });
    const [{ version } = {}] = await databases.postgres("select current_setting('server_version') as version");
    expect(version).toMatch(/^18\./);
    expect([await goods.postgres(), await shape('shop')]).toEqual([before, form]);

    const path = join(world.root, 'of18.sql.zst');
    await databases.run('databases.export', { engine: 'postgres', name: 'shop', path });
    await load('postgres', 'again', path, { create: true });
    expect(await goods.postgres('again')).toEqual(before);
    const said = await world.koji(
      'db',
      'shell',
      'postgres',
      'again',
      '--',
      '-A',
      '-t',
      '-c',
      'select count(*) from goods',
    );
    expect(said.trim()).toBe('3');
    expect((await world.kojiResult('db', 'shell', 'postgres', 'nothing')).stderr).toContain(
      'koji db create postgres nothing',
    );

    // What was of 17 is there as it was; a copy of its files is of no use to 18.
    const copy = (await databases.snapshots()).find(({ kind }) => kind === 'safety');
    expect(copy).toMatchObject({ series: '18', how: 'copy' });
    await databases.run('runtime.use', { name: 'postgres', version: '17' });
    databases = createDatabasesWorld(world);
    expect(await goods.postgres()).toEqual(before);
    await expect(databases.run('databases.restore', { id: copy?.id })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      remedy: expect.stringContaining('koji runtime use postgres 18'),
    });
  });
});
