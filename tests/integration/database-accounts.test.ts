/** Real servers: each account from each place, without a password and with a wrong one. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabasesWorld, type DatabasesWorld } from './databases-world.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let databases: DatabasesWorld;

beforeAll(async () => {
  world = createStackWorld();
  await upPrepared(world.home, () => world.koji('up', '--json'));
  databases = createDatabasesWorld(world);
});
afterAll(() => world.remove());

const portOf = async (id: string): Promise<number> =>
  (await world.services()).find((service) => service.id === id)?.ports[0]?.port ?? 0;
const passwordOf = (id: string): Promise<string> =>
  world.call('secrets.get', { key: `${id}-password`, scope: 'service' });
const run = (name: string): string => world.path('run', name);
/** No password, an empty one, a wrong one. */
const GUESSES = [undefined, '', 'wrong'] as const;

/** The accounts that got in, as `account@place with guess`. */
async function letIn(
  accounts: readonly string[],
  places: Readonly<Record<string, object>>,
  tryIt: (account: string, place: object, password: string | undefined) => Promise<void>,
): Promise<string[]> {
  const open: string[] = [];
  for (const account of accounts)
    for (const [name, place] of Object.entries(places))
      for (const password of GUESSES)
        await tryIt(account, place, password).then(
          () => open.push(`${account}@${name} with ${password ?? 'nothing'}`),
          () => undefined, // Refused, as it must be; that the right password is taken is tested beside it.
        );
  return open;
}

async function openMariadb(): Promise<string[]> {
  const rows = await databases.mariadb('SELECT DISTINCT User AS name FROM mysql.global_priv');
  const accounts = [...new Set(['root', '', 'mysql', 'nobody', ...rows.map(({ name }) => String(name))])];
  const places = {
    tcp: { host: '127.0.0.1', port: await portOf('mariadb') },
    socket: { socketPath: run('mariadb.sock') },
  };
  return letIn(accounts, places, async (user, place, password) => {
    const connection = await createConnection({ ...place, user, ...(password === undefined ? {} : { password }) });
    await connection.end();
  });
}

async function openPostgres(): Promise<string[]> {
  const rows = await databases.postgres('SELECT rolname FROM pg_roles WHERE rolcanlogin');
  const port = await portOf('postgres');
  const places = { tcp: { host: '127.0.0.1', port }, socket: { host: run(''), port } };
  const accounts = [...new Set(['postgres', 'root', ...rows.map(({ rolname }) => String(rolname))])];
  return letIn(accounts, places, async (user, place, password) => {
    const client = new Client({ ...place, user, database: 'postgres', password: password ?? '' });
    await client.connect();
    await client.end();
  });
}

/** The last line that Redis answers to these commands. */
function askRedis(place: { port: number } | { path: string }, commands: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect('port' in place ? { ...place, host: '127.0.0.1' } : place);
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
      const lines = text.split('\r\n');
      if (lines.length <= commands.length) return;
      socket.destroy();
      resolve(lines[commands.length - 1] ?? '');
    });
    socket.on('error', reject);
    socket.write(commands.map((command) => `${command}\r\n`).join(''));
  });
}

async function openRedis(): Promise<string[]> {
  const places = { tcp: { port: await portOf('redis') }, socket: { path: run('redis.sock') } };
  return letIn(['default'], places, async (user, place, password) => {
    const commands = password === undefined ? ['PING'] : [`AUTH ${user} "${password}"`, 'PING'];
    const answer = await askRedis(place as { port: number }, commands);
    if (answer !== '+PONG') throw new Error(answer);
  });
}

describe('a new home', () => {
  it('has no account of MariaDB, PostgreSQL or Redis that gets in without its password', async () => {
    expect([...(await openMariadb()), ...(await openPostgres()), ...(await openRedis())]).toEqual([]);
  });

  it('lets in who has the password: programs, the site, and what a person starts', async () => {
    expect(await databases.mariadb('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await databases.postgres('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await world.koji('redis-cli', 'PING')).trim()).toBe('PONG');
    const site = JSON.parse((await world.get('/status.json', 'hello.test')).body) as Record<string, unknown>;
    expect(site).toEqual(
      Object.fromEntries(['php', 'postgres', 'mariadb', 'redis'].map((name) => [name, expect.any(String)])),
    );
  });

  it('has the password on no command line', async () => {
    const secrets = await Promise.all(['mariadb', 'postgres', 'redis'].map(passwordOf));
    for (const { pid } of await world.services()) {
      if (pid === null || !existsSync(`/proc/${pid}/cmdline`)) continue;
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      expect(secrets.filter((secret) => line.includes(secret))).toEqual([]);
    }
  });
});

describe('a home of a former version', () => {
  it('is repaired at the next start, and what has a password of its own keeps it', async () => {
    for (const sql of [
      "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1', 'root'@'::1', 'root'@'this-machine', ''@'localhost', ''@'%'",
      "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1', 'root'@'::1'",
      "CREATE USER 'shop'@'%'",
      "CREATE USER 'kept'@'127.0.0.1' IDENTIFIED BY 'of-its-own'",
      'CREATE ROLE readers',
    ])
      await databases.mariadb(sql);
    await databases.postgres('CREATE ROLE visitor LOGIN SUPERUSER');
    const access = world.path('runtime/data/postgres/17/pg_hba.conf');
    writeFileSync(access, `local all all trust\nhost all all 127.0.0.1/32 trust\n${readFileSync(access, 'utf8')}`);
    expect(await openMariadb()).not.toEqual([]);

    for (const id of ['mariadb', 'postgres']) await world.koji('restart', id);

    expect([...(await openMariadb()), ...(await openPostgres())]).toEqual([]);
    const left = await databases.mariadb(
      "SELECT CONCAT(User, '@', Host) AS name, JSON_EXTRACT(Priv, '$.account_locked') AS locked FROM mysql.global_priv ORDER BY 1",
    );
    const names = left.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['kept@127.0.0.1', 'root@localhost', 'shop@%', 'readers@']));
    for (const gone of ['root@127.0.0.1', 'root@::1', 'root@this-machine', '@localhost', '@%'])
      expect(names).not.toContain(gone);
    expect(left.find(({ name }) => name === 'kept@127.0.0.1')?.['locked']).toBeFalsy();
    const kept = await createConnection({
      host: '127.0.0.1',
      port: await portOf('mariadb'),
      user: 'kept',
      password: 'of-its-own',
    });
    await kept.end();
  });

  it('gets the password of the home where a snapshot brought another one', async () => {
    await databases.mariadb("ALTER USER 'kojibox'@'127.0.0.1' IDENTIFIED BY 'of-another-home'");
    await expect(databases.mariadb('SELECT 1')).rejects.toThrow(/Access denied/);
    await world.koji('restart', 'mariadb');
    expect(await databases.mariadb('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('with a Redis that still runs without a password is closed by the next probe', async () => {
    const port = await portOf('redis');
    const password = await passwordOf('redis');
    expect(await askRedis({ port }, [`AUTH ${password}`, 'CONFIG SET requirepass ""'])).toBe('+OK');
    expect(await openRedis()).not.toEqual([]);
    await expect.poll(openRedis, { interval: 500 }).toEqual([]);
    expect(await askRedis({ port }, [`AUTH ${password}`, 'PING'])).toBe('+PONG');
  });
});
