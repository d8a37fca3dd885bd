/** Snapshots of real servers: rows that change and come back, and everything that can go wrong on the way. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
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
  await databases.postgres('create table goods (name text)', 'shop');
  await databases.postgres("create role ann login password 'secret'");
  await databases.postgres('alter role ann set search_path to one, two');
  await databases.postgres('grant pg_read_all_data to ann');
  await databases.mariadb('create database shop');
  await databases.mariadb('create table shop.goods (name varchar(99))');
  await databases.mariadb("create user ann@localhost identified by 'secret'");
  await databases.mariadb("create procedure shop.greet() select 'hello'");
});
afterAll(() => world.remove());

const ENGINES = {
  postgres: {
    put: (name: string) => databases.postgres(`insert into goods values ('${name}')`, 'shop'),
    goods: async () => (await databases.postgres('select name from goods order by 1', 'shop')).map(({ name }) => name),
    /** What belongs to the server and to no database. */
    extras: async () => [
      await databases.postgres(
        "select a.rolcanlogin, a.rolpassword, r.rolconfig from pg_authid a join pg_roles r using (rolname) where rolname = 'ann'",
      ),
      await databases.postgres("select pg_has_role('ann', 'pg_read_all_data', 'member') as reads"),
    ],
    folder: () => world.path('runtime/data/postgres/17'),
  },
  mariadb: {
    put: (name: string) => databases.mariadb(`insert into shop.goods values ('${name}')`),
    goods: async () => (await databases.mariadb('select name from shop.goods order by 1')).map(({ name }) => name),
    extras: async () => [
      await databases.mariadb("select user, host, authentication_string from mysql.user where user = 'ann'"),
      await databases.mariadb("select routine_name from information_schema.routines where routine_schema = 'shop'"),
    ],
    folder: () => world.path('runtime/data/mariadb/10.11'),
  },
} as const;
type Engine = keyof typeof ENGINES;

const state = async (id: string): Promise<string | undefined> =>
  (await world.services()).find((one) => one.id === id)?.state;
/** None before the first snapshot. */
const folders = (): string[] => {
  const path = world.path('runtime/snapshots');
  return existsSync(path) ? readdirSync(path) : [];
};
/** Of PostgreSQL. */
const safeties = async (): Promise<unknown[]> =>
  (await databases.snapshots()).filter(({ kind, runtime }) => kind === 'safety' && runtime === 'postgres');
const leftovers = (): string[] => [
  ...folders().filter((name) => name.endsWith('.partial') || name.startsWith('work-')),
  ...(['postgres', 'mariadb'] as const).flatMap((engine) =>
    readdirSync(join(ENGINES[engine].folder(), '..')).filter((name) => /\.(restoring|new)$/.test(name)),
  ),
];

describe.each(['postgres', 'mariadb'] as const)('%s', (engine: Engine) => {
  it.each(['copy', 'dump'] as const)(
    'gets its rows, roles and routines back from a %s, and the undo undoes',
    async (how) => {
      const { put, goods, extras } = ENGINES[engine];
      await put(`before ${how}`);
      const [rows, others] = [await goods(), await extras()];
      expect(rows).toContain(`before ${how}`);
      const id = await databases.take(engine, `clean ${how}`, how);
      const listed = (await databases.snapshots()).find((one) => one.id === id);
      expect(listed).toMatchObject({ name: `clean ${how}`, how, kind: 'manual', complete: true, engine });
      expect(listed?.sizeBytes).toBeGreaterThan(0);

      await put(`after ${how}`);
      const later = await goods();
      await databases.run('databases.restore', { id });
      expect(await goods()).toEqual(rows);
      expect(await extras()).toEqual(others);
      expect(await state(engine)).toBe('running');

      const undo = (await databases.snapshots()).find((one) => one.kind === 'safety');
      expect(undo).toMatchObject({ name: `clean ${how}`, complete: true });
      await databases.run('databases.restore', { id: undo?.id });
      expect(await goods()).toEqual(later);
      for (const { id: made } of await databases.snapshots())
        await world.rpc(JSON.stringify({ method: 'databases.removeSnapshot', params: { id: made } }));
      expect(await databases.snapshots()).toEqual([]);
      expect(leftovers()).toEqual([]);
    },
  );
});

describe('a copy', () => {
  it('keeps owners and modes, and leaves a server that was stopped as it was', async () => {
    await world.koji('stop', 'mariadb');
    const id = await databases.take('mariadb', 'asleep');
    const [from, to] = [ENGINES.mariadb.folder(), world.path('runtime/snapshots', id, 'data')];
    for (const name of ['.', 'ibdata1', 'mysql']) {
      const facts = (path: string): unknown => {
        const { uid, gid, mode, mtimeMs } = statSync(path);
        return { uid, gid, mode, mtimeSec: Math.round(mtimeMs / 1000) };
      };
      expect(facts(join(to, name)), name).toEqual(facts(join(from, name)));
    }
    expect(await state('mariadb')).toBe('stopped');
    await databases.run('databases.restore', { id });
    expect(await state('mariadb')).toBe('stopped');
    await expect(
      databases.run('databases.snapshot', { engine: 'mariadb', name: 'x', how: 'dump' }),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      remedy: expect.stringContaining('--how copy'),
    });
    await world.koji('start', 'mariadb');
    expect(await ENGINES.mariadb.goods()).toContain('after copy');
  });

  it('of Redis has its keys', async () => {
    const redis = async (...args: string[]): Promise<string> => (await world.koji('redis-cli', ...args)).trim();
    for (const how of ['copy', 'dump'] as const) {
      await redis('set', 'colour', how);
      const id = await databases.take('redis', how, how);
      await redis('set', 'colour', 'other');
      await databases.run('databases.restore', { id });
      expect(await redis('get', 'colour')).toBe(how);
    }
  });
});

describe('a snapshot that cannot be used', () => {
  it('of a newer series is refused with the cure', async () => {
    const id = await databases.take('postgres', 'of today', 'dump');
    const file = world.path('runtime/snapshots', id, 'snapshot.json');
    const record = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...record, series: '18', version: '18.4' }));
    expect((await databases.snapshots()).find((one) => one.id === id)).toMatchObject({ series: '18', engine: null });
    await expect(databases.run('databases.restore', { id })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      detail: expect.stringContaining('postgres 18'),
      remedy: expect.stringContaining('koji runtime use postgres 18'),
    });
    await expect(databases.run('databases.restore', { id: 'postgres-nothing' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('that has lost a part is refused before anything is stopped, and can be deleted', async () => {
    const copy = await databases.take('postgres', 'short', 'copy');
    rmSync(world.path('runtime/snapshots', copy, 'data/PG_VERSION'));
    await expect(databases.run('databases.restore', { id: copy })).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      detail: expect.stringContaining('damaged'),
    });
    const dump = await databases.take('mariadb', 'short', 'dump');
    const file = world.path('runtime/snapshots', dump, 'dump.sql.gz');
    truncateSync(file, statSync(file).size - 100);
    expect((await databases.snapshots()).find(({ id }) => id === dump)).toMatchObject({ complete: false });
    await expect(databases.run('databases.restore', { id: dump })).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    expect(await state('postgres')).toBe('running');
    for (const id of [copy, dump]) await world.koji('db', 'remove-snapshot', id);
    await expect(databases.run('databases.restore', { id: dump })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('goes back by itself when the server does not start with it', async () => {
    const { put, goods } = ENGINES.postgres;
    const id = await databases.take('postgres', 'rotten', 'copy');
    const control = world.path('runtime/snapshots', id, 'data/global/pg_control');
    writeFileSync(control, Buffer.alloc(statSync(control).size));
    await put('must survive');
    const before = await goods();
    await expect(databases.run('databases.restore', { id })).rejects.toMatchObject({
      detail: expect.stringMatching(/incompatible with server/),
      remedy: expect.stringContaining('former state of PostgreSQL is back'),
    });
    expect(await state('postgres')).toBe('running');
    expect(await goods()).toEqual(before);
    expect(await safeties()).toEqual([]);
    expect(leftovers()).toEqual([]);
    await world.koji('db', 'remove-snapshot', id);
  });
});

describe('work that is broken off', () => {
  /** Enough for a copy to take a moment. */
  beforeAll(async () => {
    await ENGINES.postgres.put('must not be lost');
    await databases.postgres('create table ballast (data bytea)', 'shop');
    await databases.postgres('alter table ballast alter data set storage external', 'shop');
    await databases.postgres(
      "insert into ballast select decode(repeat('ab', 1000000), 'hex') from generate_series(1, 60)",
      'shop',
    );
  });
  const begin = async (method: string, params: unknown): Promise<Change> => {
    const { body } = await world.rpc(JSON.stringify({ method, params }));
    return body.result as Change;
  };
  const until = async (what: () => boolean): Promise<void> => {
    const deadline = Date.now() + 60_000;
    while (!what()) {
      if (Date.now() > deadline) throw new Error('it did not come to pass within a minute');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const copying = (): boolean =>
    folders().some(
      (name) => name.endsWith('.partial') && existsSync(world.path('runtime/snapshots', name, 'data/base')),
    );

  it('leaves nothing when it is cancelled, and the server runs again', async () => {
    const before = await databases.snapshots();
    const { id } = await begin('databases.snapshot', { engine: 'postgres', name: 'cut', how: 'copy' });
    await until(copying);
    await world.call('changes.cancel', { id });
    await expect(ended(world, id)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await databases.snapshots()).toEqual(before);
    expect(leftovers()).toEqual([]);
    expect(await ENGINES.postgres.goods()).toContain('must not be lost');
  });

  it('refuses a second piece of work on the same server meanwhile, and a start waits for the end of the copy', async () => {
    const { id } = await begin('databases.snapshot', { engine: 'postgres', name: 'long', how: 'copy' });
    await until(copying);
    const second = await world.rpc(
      JSON.stringify({ method: 'databases.snapshot', params: { engine: 'postgres', name: 'second' } }),
    );
    expect(second.body.error?.code).toBe('UNAVAILABLE');
    await world.koji('start', 'postgres');
    await ended(world, id);
    expect((await databases.snapshots()).find(({ name }) => name === 'long')).toMatchObject({ complete: true });
    expect(await ENGINES.postgres.goods()).toContain('must not be lost');
  });

  it('by kill -9 leaves a working server and no half snapshot', async () => {
    const before = await databases.snapshots();
    const { pid } = world.daemonFile();
    await begin('databases.snapshot', { engine: 'postgres', name: 'killed', how: 'copy' });
    await until(copying);
    process.kill(pid, 'SIGKILL');
    await until(() => existsSync(world.path('app/daemon.json')) && world.daemonFile().pid !== pid);
    await world.koji('start', 'postgres');
    expect(await ENGINES.postgres.goods()).toContain('must not be lost');
    expect(await databases.snapshots()).toEqual(before);
    expect(leftovers()).toEqual([]);
  });

  it('by kill -9 in the middle of a restore brings the state before it back', async () => {
    const { put, goods } = ENGINES.postgres;
    const long = await databases.take('postgres', 'to go back to', 'copy');
    await put('newer than the snapshot');
    const rows = await goods();
    const { pid } = world.daemonFile();
    await begin('databases.restore', { id: long });
    // The present state was put aside: the moment between the two renames, or shortly after.
    await until(() =>
      folders().some(
        (name) =>
          name.startsWith('postgres-') && name > long && existsSync(world.path('runtime/snapshots', name, 'data')),
      ),
    );
    process.kill(pid, 'SIGKILL');
    await until(() => existsSync(world.path('app/daemon.json')) && world.daemonFile().pid !== pid);
    await world.koji('start', 'postgres');
    expect(await goods()).toEqual(rows);
    expect(await safeties()).toEqual([]);
    expect(leftovers()).toEqual([]);
    mkdirSync(world.path('runtime/snapshots/empty'));
    expect((await databases.snapshots()).find(({ id }) => id === 'empty')).toMatchObject({ complete: false });
  });
});
