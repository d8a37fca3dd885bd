/** A bundle of a real daemon, into whose settings, secrets and logs secrets were planted; every entry is searched for each of them. */
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPromise } from 'yauzl';
import type { DiagnosticsBundle } from '../../contract/diagnostics.ts';
import { writeBundle } from '../../daemon/diagnostics/bundle.ts';
import { lastBytesWithArchives } from '../../daemon/system/log-tail.ts';
import { atMost } from '../figures.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

/** Text of every entry, unpacked. */
async function unpack(path: string): Promise<Map<string, string>> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  const entries = new Map<string, string>();
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    entries.set(entry.fileName, Buffer.concat(chunks).toString('utf8'));
  }
  zip.close();
  return entries;
}

const random = (): string => randomBytes(12).toString('base64url').replaceAll(/[-_]/g, 'x');
const planted = {
  stored: `st-${random()}`,
  short: 'q7Zk',
  environmentToken: `en-${random()}`,
  plainVariable: `pl-${random()}`,
  argument: `ar-${random()}`,
  inheritedVariable: `in-${random()}`,
  connection: `co/${random()}@${random()}`,
  databaseUrl: `du-${random()}`,
  assigned: `as-${random()}`,
  quoted: `qu ${random()}`,
  json: `js-${random()}`,
  bearer: `be.${random()}`,
  basic: Buffer.from(`ann:${random()}`).toString('base64'),
  cookie: `ck-${random()}`,
  amazon: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
  pemLine: randomBytes(48).toString('base64'),
  cutPemLine: randomBytes(48).toString('base64'),
  archived: `ac-${random()}`,
  jwtPart: randomBytes(30).toString('base64url'),
  override: `ov-${random()}`,
  person: `person${random().toLowerCase()}`,
};
const keyMark = (edge: 'BEGIN' | 'END'): string => [`-----${edge} PRIVATE`, 'KEY-----'].join(' ');

let world: StackWorld;
let bundle: DiagnosticsBundle;
let entries: Map<string, string>;

beforeAll(async () => {
  world = createStackWorld({ SOME_API_KEY: planted.inheritedVariable, SUDO_USER: planted.person });
  await world.koji('info');
  await world.call('secrets.set', { key: 'mail-password', scope: 'app', value: planted.stored });
  await world.call('secrets.set', { key: 'pin', scope: 'project', value: planted.short });
  await world.call('config.setService', {
    id: 'redis',
    enabled: true,
    ports: {},
    env: {
      MAIL_TOKEN: planted.environmentToken,
      GREETING: planted.plainVariable,
      DATABASE_URL: `postgresql://ann:${planted.databaseUrl}@127.0.0.1/app`,
      PORT: '8080',
    },
    args: ['--requirepass', planted.argument, '--maxmemory', '10mb'],
  });
  const shop = join(world.root, 'shop');
  mkdirSync(shop, { mode: 0o755 });
  writeFileSync(join(shop, 'index.html'), 'shop');
  await world.call('config.setProject', {
    id: 'shop',
    name: 'Shop',
    path: shop,
    domain: 'shop.test',
    stack: 'static',
    overrides: { API_SECRET: planted.override },
  });
  // The next daemon has opened none of the secrets.
  await world.koji('quit');
  await world.koji('info');
  const { token } = world.daemonFile();
  const everything = [
    ...Object.values(planted)
      .slice(0, 6)
      .map((value) => `a library printed ${value} for no reason`),
    `encoded ${encodeURIComponent(planted.stored)} ${Buffer.from(planted.stored).toString('base64')}`,
    `GET /#token=${token} and ${token}`,
    `connecting to mysql://ann:${planted.connection}@db.test:3306/app?x=1`,
    `using ${planted.databaseUrl}`,
    `password=${planted.assigned}, next=1`,
    `define('DB_PASSWORD', 1); password: "${planted.quoted}"`,
    JSON.stringify({ level: 'info', message: 'login', payload: JSON.stringify({ clientSecret: planted.json }) }),
    `Authorization: Bearer ${planted.bearer}`,
    `> authorization: Basic ${planted.basic}`,
    `Cookie: session=${planted.cookie}`,
    `key ${planted.amazon}`,
    `jwt eyJhbGciOiJIUzI1NiJ9.${planted.jwtPart}.${planted.jwtPart}`,
    `${keyMark('BEGIN')}\n${planted.pemLine}\n${keyMark('END')}`,
    `${planted.person} opened ${homedir()}/code and /home/${planted.person}/x on ${hostname()}`,
    'this line is harmless and stays',
    '',
  ].join('\n');
  writeFileSync(world.path('runtime/logs/redis.log'), everything);
  writeFileSync(
    world.path('runtime/logs/redis.2026-01-01T00-00-00-000Z.log.gz'),
    gzipSync(`${planted.cutPemLine}\n${keyMark('END')}\nfrom the archive, secret=${planted.archived}\n`),
  );
  for (const kind of ['errors', 'access']) {
    mkdirSync(world.path('runtime/logs', kind), { recursive: true });
    writeFileSync(world.path('runtime/logs', kind, 'shop.log'), everything);
  }
  appendFileSync(
    world.path('app/logs/daemon.log'),
    `${JSON.stringify({ level: 'warn', message: 'x', password: planted.assigned, at: `${homedir()}/y` })}\n${everything}`,
  );
  mkdirSync(world.path('runtime/config/redis'), { recursive: true });
  writeFileSync(
    world.path('runtime/config/redis/redis.conf'),
    `requirepass ${planted.argument}\nmasterauth ${planted.assigned}\n`,
  );
  writeFileSync(
    world.path('runtime/config/edge.json'),
    JSON.stringify({
      sites: [{ env: { POSTGRES_PASSWORD: planted.assigned, POSTGRES_DB: 'postgres', ANY: planted.plainVariable } }],
    }),
  );
  bundle = await world.call<DiagnosticsBundle>('diagnostics.create');
  entries = await unpack(bundle.path);
});
afterAll(() => world.remove());

describe('a diagnostic bundle', () => {
  it('is in the cache, readable by its owner alone, and says what it holds', () => {
    expect(bundle.path).toMatch(/\/app\/cache\/diag-[\dTZ-]+\.zip$/);
    expect(statSync(bundle.path).mode & 0o777).toBe(0o600);
    expect([...entries.keys()].sort()).toEqual([...bundle.includes].sort());
    expect(bundle.includes).toEqual(
      expect.arrayContaining([
        'system.json',
        'services.json',
        'changes.json',
        'ports.json',
        'doctor.json',
        'runtimes.json',
        'manifest.json',
        'config/services.json',
        'config/projects.json',
        'config/services/edge.json',
        'config/services/redis/redis.conf',
        'logs/daemon/daemon.log',
        'logs/services/redis.log',
        'logs/services/errors/shop.log',
        'logs/services/access/shop.log',
      ]),
    );
    expect(bundle.includes.join()).not.toMatch(/secrets|token|\.key/);
  });

  it.each(Object.entries(planted))('holds no planted secret: %s', (_, value) => {
    for (const [name, text] of entries) expect(text.includes(value), name).toBe(false);
  });

  it('holds no token, no stored password in any spelling, no home folder, no name of person or machine', async () => {
    const { token } = world.daemonFile();
    const passwords = await Promise.all(
      ['redis', 'postgres'].map((id) =>
        world.call<string>('secrets.get', { key: `${id}-password`, scope: 'service' }).catch(() => 'no such password'),
      ),
    );
    const host = new RegExp(String.raw`(?<![A-Za-z0-9])${hostname()}(?![A-Za-z0-9])`, 'i');
    const user = userInfo().username;
    for (const [name, text] of entries) {
      for (const secret of [token, ...passwords, Buffer.from(planted.stored).toString('base64')])
        expect(text.includes(secret), name).toBe(false);
      expect(text.includes(`${homedir()}/`), name).toBe(false);
      expect(host.test(text), name).toBe(false);
      if (user !== 'root') expect(text, name).not.toMatch(new RegExp(String.raw`\b${user}\b`));
    }
  });

  it('still tells what happened', () => {
    const log = entries.get('logs/services/redis.log') ?? '';
    expect(log).toContain('this line is harmless and stays');
    for (const kind of ['errors', 'access'])
      expect(entries.get(`logs/services/${kind}/shop.log`)).toContain('this line is harmless and stays');
    expect(log).toContain('from the archive, secret=<redacted>');
    expect(log).toContain('<user> opened ~/code and ~/x on <host>');
    expect(entries.get('logs/daemon/daemon.log')).toContain('"message":"ready"');
    // Common words of the settings stay readable elsewhere.
    expect(entries.get('services.json')).toContain('"id": "postgres"');
    const system = JSON.parse(entries.get('system.json') ?? '{}') as Record<string, unknown>;
    expect(system).toMatchObject({ os: { type: 'Linux' }, versions: { node: process.versions.node } });
    for (const name of bundle.includes.filter((entry) => entry.endsWith('.json')))
      expect(() => void JSON.parse(entries.get(name) ?? ''), name).not.toThrow();
    const services = JSON.parse(entries.get('config/services.json') ?? '') as { value: unknown[] };
    expect(services.value[0]).toMatchObject({
      id: 'redis',
      env: { PORT: '8080', GREETING: '<redacted>' },
      args: ['--requirepass', '<redacted>', '--maxmemory', '10mb'],
    });
    expect([...entries.values()].join()).not.toContain('could not be read');
  });

  it('has at most 2 MB of each log, its end, in whole lines', async () => {
    const file = world.path('runtime/logs/flood.log');
    const line = (index: number): string => `line ${String(index).padStart(8, '0')} of a service that talks a lot\n`;
    writeFileSync(file, Array.from({ length: 100_000 }, (_, index) => line(index)).join(''));
    const { path } = await world.call<DiagnosticsBundle>('diagnostics.create');
    const text = (await unpack(path)).get('logs/services/flood.log') ?? '';
    expect(text.length).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(text.length).toBeGreaterThan(2 * 1024 * 1024 - 100);
    expect(text.startsWith('line ')).toBe(true);
    expect(text.endsWith(line(99_999))).toBe(true);
  });

  it('the command prints its path, and the last three are kept', async () => {
    for (let run = 0; run < 4; run++) {
      const path = (await world.koji('diagnostics')).trim();
      expect(statSync(path).isFile()).toBe(true);
    }
    expect(readdirSync(world.path('app/cache')).filter((name) => name.startsWith('diag-'))).toHaveLength(3);
  });

  it('an answer to others does not wait for it', async () => {
    writeFileSync(world.path('runtime/logs/flood.log'), `${'x'.repeat(200)} password=abcdefgh\n`.repeat(20_000));
    const running = world.call<DiagnosticsBundle>('diagnostics.create');
    let slowest = 0;
    let done = false;
    void running.finally(() => (done = true));
    const { url, token } = world.daemonFile();
    while (!done) {
      const began = performance.now();
      await fetch(`${url}/rpc`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"method":"daemon.info","params":{}}',
      });
      slowest = Math.max(slowest, performance.now() - began);
    }
    await running;
    console.log(`slowest answer while a bundle was made: ${slowest.toFixed(0)} ms`);
    expect(slowest).toBeLessThan(atMost(1000));
  });
});

describe('the parts', () => {
  it('an entry that cannot be read does not spoil the others', async () => {
    const path = join(tmpdir(), `kojibox-bundle-${process.pid}.zip`);
    await writeBundle(path, [
      { name: 'a.txt', read: () => Promise.resolve('a') },
      { name: 'b.txt', read: () => Promise.reject(Object.assign(new Error('/home/ann'), { code: 'EACCES' })) },
    ]);
    expect([...(await unpack(path))]).toEqual([
      ['a.txt', 'a'],
      ['b.txt', 'This part could not be read (EACCES).\n'],
    ]);
    expect(readFileSync(path).subarray(0, 2).toString()).toBe('PK');
  });

  it('a full disk is said with its own code, and leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kojibox-bundle-'));
    const path = join(folder, 'diag-1.zip');
    symlinkSync('/dev/full', `${path}.tmp`);
    const text = randomBytes(1_000_000).toString('hex');
    await expect(writeBundle(path, [{ name: 'a', read: () => Promise.resolve(text) }])).rejects.toMatchObject({
      code: 'DISK_FULL',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a log that is not there has no last bytes', async () => {
    expect(await lastBytesWithArchives('/no/such/file.log', 10)).toBe('');
  });
});
