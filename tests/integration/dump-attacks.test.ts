/** A dump is data: none runs a program, reaches a file of the machine or another database, whatever form it comes in. Real servers. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import type { Change } from '../../contract/changes.ts';
import { isLong } from '../long-form.ts';
import { createDatabasesWorld, type DatabasesWorld } from './databases-world.ts';
import { asProject, asProjectIn, loginOfProject, type ProjectLogin } from './project-login.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let databases: DatabasesWorld;
/** What every user of the machine may write into, so that only the rights of the account stop a dump. */
const open = mkdtempSync(join(tmpdir(), 'kojibox-open-'));

beforeAll(async () => {
  world = createStackWorld();
  await upPrepared(world.home, () => world.koji('up', '--json'));
  databases = createDatabasesWorld(world);
  chmodSync(open, 0o777);
  writeFileSync(join(open, 'secret.txt'), 'the secret of the machine\n', { mode: 0o644 });
  await databases.postgres('create database other');
  await databases.postgres('create database third');
  await databases.postgres('create table kept (a int)', 'other');
  await databases.mariadb('create database other');
  await databases.mariadb('create table other.kept (a int)');
  await databases.mariadb('create database third');
  await databases.mariadb('create table third.kept (a int)');
});
afterAll(() => {
  world.remove();
  rmSync(open, { recursive: true, force: true });
});

const write = (name: string, content: string | Buffer): string => {
  const path = join(world.root, name);
  writeFileSync(path, content);
  return path;
};
const zipped = async (path: string): Promise<string> => {
  const zip = new ZipFile();
  zip.addFile(path, 'dump.sql');
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(`${path}.zip`));
  return `${path}.zip`;
};
/** One dump in each form that is text; in the short form of the suite in one of them, another for each next attack. */
const formsOf = async (sql: string, index: number): Promise<string[]> => {
  const plain = write('attack.sql', sql);
  const forms = [plain, write('attack.sql.gz', gzipSync(sql)), await zipped(plain)];
  return isLong ? forms : forms.slice(index % forms.length, (index % forms.length) + 1);
};
/** Whether an attack is tried on a database that exists as well: each of them in the long form. */
const isTriedOnOther = (index: number): boolean => isLong || index % 4 === 0;
const numbered = (attacks: Record<string, string>): [string, number][] =>
  Object.keys(attacks).map((name, index) => [name, index]);
const load = (engine: string, name: string, path: string, more: object = {}): Promise<Change> =>
  databases.run('databases.import', { engine, name, path, ...more });
const mark = (): string => join(open, 'mark');
/** What an attack would have left. */
const traces = (): string[] => readdirSync(open).filter((name) => name !== 'secret.txt');

const program = (): string => `'touch ${mark()}'`;
/** Each with the line that is refused. */
const postgresAttacks = (): Record<string, string> => ({
  'a program as source': `create table t (a text);\ncopy t from program ${program()};`,
  'a program as target': `create table t (a text);\ncopy t to program ${program()};`,
  'a program within a block': `select 1;\ndo $$ begin execute $x$copy (select 1) to program ${program()}$x$; end $$;`,
  'a program behind an index': `create function g() returns int language plpgsql as $$ begin copy (select 1) to program ${program()}; return 1; end $$; create function f(int) returns int language plpgsql immutable as $$ begin return g(); end $$; create table t (a int); insert into t values (1);\ncreate index on t (f(a));`,
  'a file as source': `create table t (a text);\ncopy t from '${join(open, 'secret.txt')}';`,
  'a file as target': `select 1;\ncopy (select 1) to '${mark()}';`,
  'a large object from a file': `select 1;\nselect lo_import('${join(open, 'secret.txt')}');`,
  'a large object into a file': `select lo_create(4242);\nselect lo_export(4242, '${mark()}');`,
  'a file as text': `select 1;\nselect pg_read_file('${join(open, 'secret.txt')}');`,
  'a folder': `select 1;\nselect pg_ls_dir('/');`,
  'an extension that reaches other servers': `select 1;\ncreate extension dblink;`,
  'an extension that reads files': `select 1;\ncreate extension file_fdw;`,
  'a language without limits': `select 1;\ncreate language plpython3u;`,
  'a function of the C library': `select 1;\ncreate function s(text) returns int language c as '/lib/x86_64-linux-gnu/libc.so.6', 'system';`,
  'a setting of the server': `select 1;\nalter system set archive_command = ${program()};`,
  'the superuser by SET ROLE': `reset role;\nset role kojibox;`,
  'the superuser by SET SESSION AUTHORIZATION': `reset session authorization;\nset session authorization kojibox;`,
  'the superuser after a reset': `reset role; reset session authorization; create table t (a text);\ncopy t from program ${program()};`,
  'the superuser as owner': `create table t (a text);\n  alter table t owner to kojibox;`,
  'membership of the superuser': `select 1;\ngrant kojibox to current_user;`,
  'membership of a role that runs programs': `select 1;\ngrant pg_execute_server_program to current_user;`,
  'a role of its own': `select 1;\ncreate role mine superuser;`,
  'its own role as superuser': `select 1;\ndo $$ begin execute format('alter role %I superuser', current_user); end $$;`,
  'an event trigger': `create function e() returns event_trigger language plpgsql as $$ begin end $$;\ncreate event trigger e on ddl_command_end execute function e();`,
  'another database': `select 1;\nalter database third rename to mine;`,
  'the settings of another database': `select 1;\n alter database third set search_path = mine;`,
  'a folder for tables': `select 1;\ncreate tablespace mine location '${open}';`,
  'the catalogue': `select 1;\nupdate pg_authid set rolsuper = true;`,
});
const mariadbAttacks = (): Record<string, string> => ({
  'a file of the client': `create table t (a text);\nload data local infile '${join(open, 'secret.txt')}' into table t;`,
  'a file of the server': `create table t (a text);\nload data infile '${join(open, 'secret.txt')}' into table t;`,
  'a file as target': `select 1;\nselect 'x' into outfile '${mark()}';`,
  'a dump as target': `select 1;\nselect 'x' into dumpfile '${mark()}';`,
  'a file as target, in a string': `select 1;\nexecute immediate concat('select 1 into outf', 'ile ''${mark()}''');`,
  'a plugin': `select 1;\ninstall soname 'auth_socket';`,
  'a function of a library': `select 1;\ncreate function f returns integer soname 'x.so';`,
  'a right': `select 1;\ngrant file on *.* to current_user();`,
  'an account': `select 1;\ncreate user mine@localhost;`,
  'a password': `select 1;\nset password for 'kojibox'@'127.0.0.1' = password('x');`,
  'a setting of the server': `select 1;\nset global general_log_file = '${mark()}';`,
  'another database': `select 1;\ninsert into third.kept values (1);`,
  'the accounts': `select 1;\ninsert into mysql.global_priv values ('%', 'mine', '{}');`,
  'a routine of another definer': `select 1;\ncreate definer = kojibox@localhost procedure p() select 1;`,
  'a routine of root': `select 1;\ncreate definer = 'root'@'localhost' procedure p() select 1;`,
  'a server elsewhere': `select 1;\ncreate server s foreign data wrapper mysql options (host 'x');`,
  'a process': `select 1;\nkill 1;`,
});

describe('PostgreSQL refuses, in every form of text, and changes nothing', () => {
  it.each(numbered(postgresAttacks()))('%s', async (name, index) => {
    const sql = `${postgresAttacks()[name] ?? ''}\n`;
    for (const path of await formsOf(sql, index)) {
      await expect(load('postgres', 'fresh', path, { create: true }), path).rejects.toMatchObject({
        code: 'DATABASE_FAILED',
        detail: expect.stringMatching(/^line 2 \(/),
      });
      expect(traces()).toEqual([]);
    }
    if (isTriedOnOther(index))
      await expect(load('postgres', 'other', write('attack.sql', sql), { replace: true })).rejects.toMatchObject({
        code: 'DATABASE_FAILED',
      });
    expect(await databases.postgres('select count(*)::int as n from kept', 'other')).toEqual([{ n: 0 }]);
    expect(await databases.postgres(LEFT_ROLES)).toEqual([]);
  });

  const LEFT_ROLES = `select rolname from pg_roles where rolname ~ '^kojibox_import_' or rolsuper and rolname <> 'kojibox'`;

  it('what an archive of pg_dump does on its way in', async () => {
    await databases.postgres('create database trap');
    await databases.postgres(
      `create function f(int) returns bool language plpgsql as $$ begin return true; end $$;
       create table t (a int check (f(a))); insert into t values (1);
       create or replace function f(int) returns bool language plpgsql as $$ begin copy (select 1) to program ${program()}; return true; end $$;`,
      'trap',
    );
    const [client] = globSync(world.path('runtime/bin/postgres-client/*/*/usr/lib/postgresql/*/bin/pg_dump'));
    const port = (await world.services()).find(({ id }) => id === 'postgres')?.ports[0]?.port ?? 0;
    const password = await world.call<string>('secrets.get', { key: 'postgres-password', scope: 'service' });
    const archive = join(world.root, 'trap.dump');
    execFileSync(client ?? '', ['-Fc', '-f', archive, 'trap'], {
      env: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'kojibox', PGPASSWORD: password },
    });
    chmodSync(archive, 0o600);
    await expect(load('postgres', 'fresh', archive, { create: true })).rejects.toMatchObject({
      detail: expect.stringContaining('permission denied to COPY to or from an external program'),
    });
    await expect(
      databases.run('databases.copy', { engine: 'postgres', name: 'trap', target: 'fresh' }),
    ).rejects.toMatchObject({ detail: expect.stringContaining('permission denied to COPY') });
    expect(traces()).toEqual([]);
  });

  it('what the server does with it by itself later: nothing belongs to a superuser', async () => {
    const sql = `create function g() returns int language plpgsql as $$ begin copy (select 1) to program ${program()}; return 1; end $$;
create function f(int) returns int language plpgsql immutable as $$ begin
  if current_setting('trap.armed', true) = 'yes' then return public.g(); end if; return 1; end $$;
create table t (a int); insert into t select generate_series(1, 100);
create index on t (f(a));
create view v as select * from t; create type mood as enum ('good'); create sequence s; create schema x;
`;
    await load('postgres', 'armed', write('armed.sql', sql), { create: true });
    const owned = `select count(*)::int as n from pg_class c join pg_roles r on r.oid = relowner where rolsuper and c.oid >= 16384`;
    expect(await databases.postgres(owned, 'armed')).toEqual([{ n: 0 }]);
    await expect(databases.postgres(`set trap.armed = 'yes'; analyze t`, 'armed')).rejects.toThrow(/permission denied/);
    expect(traces()).toEqual([]);
    // The projects, as they log in, use all of it.
    await databases.postgres(
      `insert into t values (7); drop view v; alter table t add column b text; create table mine (a int);
       create or replace function f(int) returns int language sql immutable as 'select 1'; create view w as select * from mine`,
      'armed',
    );
    await databases.run('databases.drop', { engine: 'postgres', name: 'armed' });
    expect(
      await databases.postgres(
        `select rolname from pg_roles where rolname ~ '^kojibox_owner_' and not exists (select from pg_database where datdba = pg_roles.oid)`,
      ),
    ).toEqual([]);
  });
});

describe('MariaDB refuses, in every form, and changes nothing', () => {
  it.each(numbered(mariadbAttacks()))('%s', async (name, index) => {
    const sql = `${mariadbAttacks()[name] ?? ''}\n`;
    for (const path of await formsOf(sql, index)) {
      await expect(load('mariadb', 'fresh', path, { create: true }), path).rejects.toMatchObject({
        code: 'DATABASE_FAILED',
        detail: expect.stringMatching(/^line 2 \(/),
      });
      expect(traces()).toEqual([]);
    }
    for (const replace of isTriedOnOther(index) ? [true, false] : [])
      await expect(load('mariadb', 'other', write('attack.sql', sql), { replace })).rejects.toMatchObject({
        code: 'DATABASE_FAILED',
      });
    expect(await databases.mariadb('select count(*) as n from other.kept')).toEqual([{ n: 0n }]);
  });

  it('files by what gives no error', async () => {
    const sql = `create table t (a text);
insert into t select load_file('${join(open, 'secret.txt')}');
create table u (a int) data directory = '${open}';
`;
    await load('mariadb', 'quiet', write('quiet.sql', sql), { create: true });
    expect(await databases.mariadb('select a from quiet.t')).toEqual([{ a: null }]);
    expect(traces()).toEqual([]);
  });

  it('what runs later, by a project: a trigger has no more rights than its dump had', async () => {
    const sql = `create table t (a int);
delimiter ;;
CREATE DEFINER=\`root\`@\`localhost\` TRIGGER boom BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.a = 7 THEN SELECT 'x' INTO OUTFILE '${mark()}'; END IF; END ;;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE greet() SELECT count(*) AS n FROM t ;;
delimiter ;
insert into t values (1);
`;
    await load('mariadb', 'armed', write('armed.sql', sql), { create: true });
    await databases.mariadb('insert into armed.t values (2)');
    expect(await databases.mariadb('call armed.greet()')).toEqual([[{ n: 2n }], expect.anything()]);
    await expect(databases.mariadb('insert into armed.t values (7)')).rejects.toThrow(/denied/);
    expect(traces()).toEqual([]);
    const accounts = `select json_value(priv, '$.account_locked') as locked from mysql.global_priv where user = 'kojibox_db_armed'`;
    expect(await databases.mariadb(accounts)).toEqual([{ locked: '1' }]);
    await databases.run('databases.drop', { engine: 'mariadb', name: 'armed' });
    expect(await databases.mariadb(accounts)).toEqual([]);
  });
});

const loginOf = (id: string, setting: string): Promise<ProjectLogin> => loginOfProject(world, id, setting);

describe('what a dump leaves behind and a project sets off has the rights of the project alone', () => {
  it.each([
    ['a program', `copy (select 1) to program ${program().replaceAll("'", "''")}`, 'permission denied to COPY'],
    ['a file', `select pg_read_file(''${join(open, 'secret.txt')}'')`, 'permission denied for function pg_read_file'],
    ['a file as target', `copy (select 1) to ''${mark()}''`, 'permission denied to COPY'],
    ['the superuser', 'set role kojibox', 'permission denied to set role'],
    ['the superuser after a reset', 'reset session authorization; set role kojibox', 'permission denied to set role'],
    ['a role', 'create role mine', 'permission denied to create role'],
  ])('PostgreSQL: a trigger that reaches %s', async (_, statement, said) => {
    const sql = `create table t (a int);
create function boom() returns trigger language plpgsql security invoker as $$ begin
  if new.a = 7 then execute '${statement}'; end if; return new; end $$;
create trigger boom before insert on t for each row execute function boom();
`;
    const env = await loginOf('sprung', 'postgres/sprung');
    await load('postgres', 'sprung', write('sprung.sql', sql), { create: true });
    await asProject(env, 'insert into t values (1); alter table t add column b text; create table u (a int)');
    await expect(asProject(env, 'insert into t values (7)')).rejects.toThrow(said);
    expect(traces()).toEqual([]);
    // So it is for a person who opens this one database.
    const shell = await world.kojiResult('db', 'shell', 'postgres', 'sprung', '--', '-c', 'insert into t values (7)');
    expect(shell).toMatchObject({ stderr: expect.stringContaining(said) });
    expect(traces()).toEqual([]);
    await databases.run('databases.drop', { engine: 'postgres', name: 'sprung' });
  });

  it('MariaDB: a routine with the rights of who calls it', async () => {
    const sql = `create table t (a int);
delimiter ;;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE boom() SQL SECURITY INVOKER SELECT 'x' INTO OUTFILE '${mark()}' ;;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE peek() SQL SECURITY INVOKER SELECT LOAD_FILE('${join(open, 'secret.txt')}') AS a ;;
delimiter ;
`;
    const env = await loginOf('sprung', 'mariadb/sprung');
    await load('mariadb', 'sprung', write('sprung.sql', sql), { create: true });
    await asProjectIn(env, 'insert into t values (1)');
    await asProjectIn(env, 'create table u (a int)');
    await expect(asProjectIn(env, 'call boom()')).rejects.toThrow(/denied/);
    expect((await asProjectIn(env, 'call peek()'))[0]).toEqual([{ a: null }]);
    expect(traces()).toEqual([]);
    await databases.run('databases.drop', { engine: 'mariadb', name: 'sprung' });
  });

  it('a project has what it had before, and the databases of its tests, and no other', async () => {
    // As a former version left it: all of it is the superuser's.
    await databases.postgres('create database former');
    await databases.postgres(
      `create table goods (id int primary key, name text); insert into goods values (1, 'tea');
       create view cheap as select * from goods; create schema more; create table more.x (a int);`,
      'former',
    );
    await databases.mariadb('create database former');
    await databases.mariadb('create table former.goods (id int)');
    const env = await loginOf('former', 'postgres/former');
    expect(await asProject(env, 'select * from goods')).toEqual([{ id: 1, name: 'tea' }]);
    await asProject(env, `alter table goods add column price int; drop view cheap; insert into more.x values (1)`);
    await asProject(env, 'create database test_former');
    await asProject(env, 'create table t (a int)', 'test_former');
    await asProject(env, 'drop database test_former');
    const rights =
      'select rolsuper, rolcreaterole, rolreplication, rolbypassrls from pg_roles where rolname = current_user';
    expect(await asProject(env, rights)).toEqual([
      { rolsuper: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false },
    ]);
    expect(
      await asProject(
        env,
        `select rolname from pg_roles where rolname ~ '^pg_' and rolname <> 'pg_database_owner' and pg_has_role(oid, 'member')`,
      ),
    ).toEqual([]);
    await expect(asProject(env, 'select * from kept', 'other')).rejects.toThrow('permission denied');
    await expect(asProject(env, 'drop database other')).rejects.toThrow('must be owner');

    const maria = await loginOf('former', 'mariadb/former');
    await asProjectIn(maria, 'insert into goods values (1)');
    for (const name of ['test_former', 'former_test']) {
      await asProjectIn(maria, `create database ${name}`);
      await asProjectIn(maria, `drop database ${name}`);
    }
    await expect(asProjectIn(maria, 'select * from other.kept')).rejects.toThrow(/denied/);
    const granted = await asProjectIn(maria, 'show grants');
    expect(JSON.stringify(granted)).toContain('GRANT USAGE ON *.*');
  });

  it('a project that names no database has a place of its own', async () => {
    await databases.postgres('create table old_of_all (a int)');
    const env = await loginOf('nameless', 'mariadb');
    await asProject(env, 'create table own (a int); insert into own values (1)', 'postgres');
    expect(await asProject(env, 'select a from own', 'postgres')).toEqual([{ a: 1 }]);
    await expect(asProject(env, 'create table public.planted (a int)', 'postgres')).rejects.toThrow(
      'permission denied',
    );
  });
});

describe('what dumps need still works', () => {
  it('owners, rights, trusted extensions, keys without triggers, and databases that the superuser owns', async () => {
    await databases.postgres('create database old');
    await databases.postgres(
      `create table goods (id int primary key, name text); insert into goods values (1, 'tea');
       create table orders (good int references goods); create extension hstore; create view cheap as select * from goods;`,
      'old',
    );
    const sql = `SET session_replication_role = replica;
ALTER TABLE ONLY public.orders DISABLE TRIGGER ALL;
COPY public.orders (good) FROM stdin;
99
\\.
ALTER TABLE ONLY public.orders ENABLE TRIGGER ALL;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';
ALTER TABLE public.goods ADD COLUMN price numeric;
CREATE TABLE public.more (id int generated always as identity, name public.citext);
ALTER TABLE public.more OWNER TO kojibox;
CREATE TABLE public.theirs (id int);
ALTER TABLE public.theirs OWNER TO "Theo";
SET SESSION AUTHORIZATION 'Theo';
INSERT INTO public.theirs VALUES (1);
SET SESSION AUTHORIZATION DEFAULT;
CREATE OR REPLACE VIEW public.cheap AS SELECT id, name FROM public.goods;
GRANT SELECT ON TABLE public.more TO reader;
`;
    await load('postgres', 'old', write('merge.sql', sql));
    expect(await databases.postgres('select good from orders', 'old')).toEqual([{ good: 99 }]);
    expect(await databases.postgres(`select tableowner from pg_tables where tablename = 'theirs'`, 'old')).toEqual([
      { tableowner: 'Theo' },
    ]);
    await databases.postgres(`insert into goods values (2, 'x', 1); insert into more (name) values ('A')`, 'old');
    await load('postgres', 'old', write('again.sql', 'create table public.only (a int);\n'), { replace: true });
    expect(await databases.postgres(`select tablename from pg_tables where schemaname = 'public'`, 'old')).toEqual([
      { tablename: 'only' },
    ]);
    const members = `select count(*)::int as n from pg_auth_members where member = '"Theo"'::regrole`;
    expect(await databases.postgres(members)).toEqual([{ n: 0 }]);
  });

  it('names in a database never make an export or its way back run anything', async () => {
    await databases.postgres('create database odd');
    await databases.postgres(
      `create function strpos(name, text) returns int language plpgsql as $$ begin copy (select 1) to program ${program()}; return 1; end $$;
       create function format(text, variadic name[]) returns text language plpgsql as $$ begin copy (select 1) to program ${program()}; return ''; end $$;
       create table "a
\\! touch ${mark()}
" (a int); comment on table "a
\\! touch ${mark()}
" is E'x\\n\\\\! touch ${mark()}\\n';
       alter database odd set search_path = public, pg_catalog;`,
      'odd',
    );
    await databases.mariadb('create database odd');
    await databases.mariadb(
      `create table odd.\`a\n\\! touch ${mark()}\nb\` (a int) comment 'x\n\\! touch ${mark()}\n'`,
    );
    for (const engine of ['postgres', 'mariadb']) {
      await world.call('databases.tables', { engine, name: 'odd' });
      await databases.run('databases.copy', { engine, name: 'odd', target: 'odd2' });
      expect(traces()).toEqual([]);
    }
    expect(existsSync(mark())).toBe(false);
  });
});

describe('a dump of MySQL 8', () => {
  const eight = join(process.cwd(), 'tests/fixtures/dumps/mysqldump-8.0.sql');
  const join8 = 'select u.id from %.users u join %.mine m on u.name = m.name';
  const orderOf = async (name: string): Promise<unknown> =>
    (
      await databases.mariadb(
        `select default_collation_name as c from information_schema.schemata where schema_name = '${name}'`,
      )
    )[0]?.['c'];

  it('is read whole, in each form, and new tables can be joined with its tables', async () => {
    await databases.mariadb('create database prepared');
    for (const [name, more] of [
      ['eight', { create: true }],
      ['prepared', {}],
      ['eight', { replace: true }],
    ] as const) {
      const { tasks } = await load('mariadb', name, eight, more);
      const said = tasks.at(-1)?.detail ?? '';
      expect(said).toContain('SQL_LOG_BIN, GTID_PURGED, CHANGE MASTER');
      if (!('replace' in more)) expect(said).toContain('utf8mb4_uca1400_nopad_ai_ci');
      await databases.mariadb(`create table ${name}.mine (name varchar(191))`);
      await databases.mariadb(`insert into ${name}.mine values ('ZOE')`);
      expect(await databases.mariadb(join8.replaceAll('%', name))).toEqual([{ id: 1 }]);
      expect((await databases.mariadb(`call ${name}.find_user('zoe')`))[0]).toEqual([{ id: 1 }]);
      expect(await databases.mariadb(`select city, upper_name from ${name}.users where id = 1`)).toEqual([
        { city: 'Köln', upper_name: 'ZOË' },
      ]);
    }
  });

  it('says so where a database has tables of its own, and leaves its order as it was when it fails', async () => {
    await databases.mariadb('create database mixed collate utf8mb4_unicode_ci');
    await databases.mariadb('create table mixed.a (x int)');
    await databases.mariadb('create table mixed.b (x int)');
    await load('mariadb', 'mixed', eight);
    expect(await orderOf('mixed')).toBe('utf8mb4_unicode_ci');
    await databases.mariadb('create database failing collate utf8mb4_unicode_ci');
    const bad = readFileSync(eight, 'utf8').replace('DROP TABLE IF EXISTS `users`;', 'SELECT nonsense;');
    await expect(load('mariadb', 'failing', write('bad8.sql', bad))).rejects.toMatchObject({
      detail: expect.stringContaining('SELECT nonsense'),
    });
    expect(await orderOf('failing')).toBe('utf8mb4_unicode_ci');
  });
});
