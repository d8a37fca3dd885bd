import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { PortRegistry } from '../../contract/config.ts';
import { openJsonStore, type JsonStore } from '../../core/config/json-store.ts';
import { createPorts } from '../../core/ports/ports.ts';
import type { ServicePlan } from '../../core/recipes/recipe.ts';
import { noKeychain } from '../../core/secrets/keychain.ts';
import { createSecretKey } from '../../core/secrets/secret-key.ts';
import { createSecrets, SealedSecretsSchema, type SealedSecrets, type Secrets } from '../../core/secrets/secrets.ts';
import { layoutOf } from '../../core/layout.ts';
import { prepareService } from '../../core/services/prepare.ts';
import { ensureRunFolder } from '../../core/services/run-folder.ts';
import { systemFiles } from '../../daemon/system/files.ts';
import { createNodeSystem } from '../../daemon/system/node-system.ts';

let folder: string;
let notices: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-settings-'));
  notices = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const Schema = z.object({ count: z.int() });
const open = (schemaVersion = 1, migrations = {}): Promise<JsonStore<{ count: number }>> =>
  openJsonStore({
    files: systemFiles,
    path: join(folder, 'settings.json'),
    schema: Schema,
    schemaVersion,
    fallback: { count: 0 },
    migrations,
    notice: (text) => notices.push(text),
    now: () => 1,
  });
const memoryStore = <T>(initial: T): JsonStore<T> => {
  let value = initial;
  return { get: () => value, update: (change) => Promise.resolve((value = change(value))) };
};

describe('a settings file', () => {
  it('survives being cut off at every byte: the last good copy comes back, the rest is set aside', async () => {
    const store = await open();
    await store.update(() => ({ count: 41 }));
    await store.update(() => ({ count: 42 }));
    const path = join(folder, 'settings.json');
    const whole = readFileSync(path, 'utf8');
    for (let length = 0; length < whole.trimEnd().length; length++) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      notices = [];
      expect((await open()).get(), `cut at ${length}`).toEqual({ count: 41 });
      expect(notices.join()).toContain('CONFIG_CORRUPT');
      expect(readFileSync(`${path}.corrupt-1`, 'utf8')).toBe(whole.slice(0, length));
    }
  });

  it('takes changes one after another, and none that throws', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 20 }, () => store.update(({ count }) => ({ count: count + 1 }))));
    expect((await open()).get()).toEqual({ count: 20 });
    await expect(
      store.update(() => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(store.get()).toEqual({ count: 20 });
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('changes nothing when the disk refuses', async () => {
    const store = await open();
    await store.update(() => ({ count: 1 }));
    rmSync(join(folder, 'settings.json'));
    mkdirSync(join(folder, 'settings.json'));
    await expect(store.update(() => ({ count: 2 }))).rejects.toMatchObject({ code: 'CONFIG_CORRUPT' });
    expect(store.get()).toEqual({ count: 1 });
  });

  it('is brought up to the newest version step by step', async () => {
    writeFileSync(join(folder, 'settings.json'), JSON.stringify({ schemaVersion: 1, value: { n: 7 } }));
    const store = await open(3, {
      1: (value: { n: number }) => ({ total: value.n }),
      2: (value: { total: number }) => ({ count: value.total }),
    });
    expect(store.get()).toEqual({ count: 7 });
  });
});

describe('secrets', () => {
  const openSecrets = (store: JsonStore<SealedSecrets>): Promise<Secrets> =>
    createSecretKey({
      files: systemFiles,
      keyFile: join(folder, 'key'),
      placeFile: join(folder, 'place'),
      keychain: noKeychain('a test'),
      hasSealed: () => Object.keys(store.get()).length > 0,
      recordEntry: (_account, make) => make(),
      entryRemoved: () => Promise.resolve(),
    }).then((key) => createSecrets({ key, store }));
  const ref = { key: 'postgres-password', scope: 'service' } as const;

  it('are random, sealed, the same the next time, and masked', async () => {
    const store = memoryStore<SealedSecrets>({});
    const secrets = await openSecrets(store);
    const [one, two] = await Promise.all([secrets.ensure(ref), secrets.ensure(ref)]);
    expect(one).toBe(two);
    expect(one).toMatch(/^[A-Za-z0-9]{24}$/);
    expect(JSON.stringify(store.get())).not.toContain(one);
    expect(SealedSecretsSchema.safeParse(store.get()).success).toBe(true);
    expect(await (await openSecrets(store)).get(ref)).toBe(one);
    expect(secrets.mask(`login with ${one} failed`)).toBe('login with •••••• failed');
    expect(statSync(join(folder, 'key')).mode & 0o777).toBe(0o600);
  });

  it('cannot be altered, or put under another name', async () => {
    const store = memoryStore<SealedSecrets>({});
    await (await openSecrets(store)).set(ref, 'correct horse');
    const sealed = store.get()['service/postgres-password']!;
    for (const broken of [
      { ...sealed, data: Buffer.from('x'.repeat(13)).toString('base64') },
      { ...sealed, tag: Buffer.alloc(16).toString('base64') },
    ]) {
      await expect(
        (await openSecrets(memoryStore({ 'service/postgres-password': broken }))).get(ref),
      ).rejects.toMatchObject({ code: 'CONFIG_CORRUPT' });
    }
    await expect(
      (await openSecrets(memoryStore({ 'service/other': sealed }))).get({ key: 'other', scope: 'service' }),
    ).rejects.toMatchObject({ code: 'CONFIG_CORRUPT' });
  });
});

describe('ports', () => {
  it('are the default, then the next free one, then the same again; a chosen one is never moved', async () => {
    const { network } = createNodeSystem({ home: folder, environment: {} });
    const server = createServer();
    const busy = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const ports = createPorts({
      network,
      store: memoryStore<PortRegistry>({ assigned: {}, ranges: {} }),
      nameOf: () => 'PostgreSQL',
      notice: (text) => notices.push(text),
      dropNotice: () => undefined,
    });
    const first = await ports.assign('postgres.db', busy);
    expect(first).toBeGreaterThan(busy);
    expect(notices.join()).toMatch(
      new RegExp(`^PostgreSQL uses port ${first}, because \\S+ \\(pid ${process.pid}\\) has ${busy}\\.$`),
    );
    expect(await ports.assign('postgres.db', busy)).toBe(first);
    expect(await ports.assign('mariadb.db', busy)).not.toBe(first);
    await expect(ports.assign('redis.redis', 6379, busy)).rejects.toMatchObject({
      code: 'PORT_CONFLICT',
      detail: expect.stringContaining(`process ${process.pid}`),
    });
    server.close();
  });
});

describe('preparing a service', () => {
  const plan = (change: Partial<ServicePlan>): ServicePlan => ({
    id: 'x',
    name: 'X',
    runtime: 'x',
    version: '1',
    command: '/bin/true',
    args: [],
    env: {},
    cwd: '/',
    ports: [],
    sockets: [],
    dependsOn: [],
    probe: { type: 'pid' },
    restartPolicy: { maxRetries: 1, backoffMs: 1 },
    probeIntervalMs: 1000,
    startDeadlineMs: 1000,
    stopSignal: 'SIGTERM',
    stopGraceMs: 1000,
    asServiceUser: false,
    folders: [],
    files: [],
    initialise: null,
    connect: null,
    ...change,
  });
  const system = (environment = {}) => createNodeSystem({ home: folder, environment });

  it('refuses a socket path over 107 bytes, and finds a short folder by itself', async () => {
    await expect(prepareService(system(), plan({ sockets: [`/${'x'.repeat(107)}`] }))).rejects.toMatchObject({
      code: 'SOCKET_PATH_TOO_LONG',
      detail: expect.stringContaining('108 bytes'),
    });
    await prepareService(system(), plan({ sockets: [`/${'x'.repeat(106)}`] }));
    const deep = join(folder, 'd'.repeat(120));
    const run = await ensureRunFolder(system(), layoutOf(deep), 'abcd1234');
    expect(run.length).toBeLessThan(60);
    rmSync(run, { recursive: true });
    const chosen = join(folder, 'run');
    expect(await ensureRunFolder(system({ KOJIBOX_RUN_DIR: chosen }), layoutOf(folder), 'abcd1234')).toBe(chosen);
  });

  const plants: [what: string, plant: (place: string) => void][] = [
    ['a link', (place) => symlinkSync(folder, place)],
    ['a file', (place) => writeFileSync(place, '')],
  ];
  // Only root can make what belongs to another.
  if (process.getuid?.() === 0)
    plants.push([
      'a folder of another user',
      (place) => {
        mkdirSync(place);
        chownSync(place, 12_345, 12_345);
      },
    ]);
  it.each(plants)('uses another folder for sockets when %s has the place, and keeps to it', async (_, plant) => {
    const digest = randomBytes(4).toString('hex');
    const layout = layoutOf(join(folder, 'd'.repeat(120)));
    // Both places with a fixed name; without the one in /run, that in /tmp would not be asked for.
    const facts = system();
    const places = [`/run/kojibox-${digest}`, `/tmp/kojibox-${facts.host.serviceUser.uid}-${digest}`];
    const planted = facts.host.isRoot ? places : places.slice(1);
    try {
      for (const place of planted) plant(place);
      const run = await ensureRunFolder(facts, layout, digest);
      expect(run).toMatch(new RegExp(`^${places[1] ?? ''}-[0-9a-f]{8}$`));
      expect(lstatSync(run)).toMatchObject({ uid: process.getuid?.() });
      expect(await ensureRunFolder(facts, layout, digest)).toBe(run);
      rmSync(run, { recursive: true });
    } finally {
      for (const place of planted) rmSync(place, { recursive: true, force: true });
    }
  });

  it('says that PHP needs the time zone database, unless its tree has it', async () => {
    const nowhere = { systemTimeZones: join(folder, 'nothing') };
    await expect(prepareService(system(), plan({ timeZones: join(folder, 'none') }), nowhere)).rejects.toMatchObject({
      code: 'ZONEINFO_MISSING',
      remedy: expect.stringContaining('tzdata'),
    });
    await prepareService(system(), plan({ timeZones: folder }), nowhere);
  });

  it('initialises whole or not at all', async () => {
    const data = join(folder, 'data');
    const steps = (script: string): ServicePlan['initialise'] => ({
      folder: data,
      files: (target) => [{ path: `${target}.password`, content: 'secret' }],
      steps: (target) => [{ command: '/bin/sh', args: ['-c', script, target], env: {}, cwd: '/' }],
    });
    await expect(
      prepareService(system(), plan({ initialise: steps('touch "$0/half"; echo because of this >&2; exit 3') })),
    ).rejects.toMatchObject({ code: 'INIT_FAILED', detail: expect.stringMatching(/code 3.*because of this/) });
    expect(existsSync(data) || existsSync(`${data}.new`) || existsSync(`${data}.new.password`)).toBe(false);
    // What a killed try left behind is no obstacle.
    mkdirSync(`${data}.new/rubbish`, { recursive: true });
    await prepareService(system(), plan({ initialise: steps('cat "$0.password" > "$0/made"') }));
    expect(existsSync(`${data}.new`) || existsSync(`${data}.new.password`)).toBe(false);
    expect(readFileSync(join(data, 'made'), 'utf8')).toBe('secret');
    await prepareService(system(), plan({ initialise: steps('exit 1') }));
  });
});
