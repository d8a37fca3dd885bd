import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemFiles } from '../../daemon/system/files.ts';
import { layoutOf, type Layout } from '../layout.ts';
import type { System } from '../system/system.ts';
import { openStores } from './stores.ts';

let home: string;
let layout: Layout;
let notices: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kojibox-stores-'));
  layout = layoutOf(home);
  notices = [];
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = (): ReturnType<typeof openStores> =>
  openStores(
    { files: systemFiles, clock: { now: () => 1_700_000_000_000 } } as unknown as System,
    layout,
    (text) => void notices.push(text),
  );
type Stores = Awaited<ReturnType<typeof open>>;

const project = (id: string): unknown => ({
  id,
  name: id,
  path: '/srv',
  domain: `${id}.test`,
  stack: 'static',
  overrides: {},
});
const service = (id: string): unknown => ({ id, enabled: true, ports: {}, env: {}, args: [] });
const own = (id: string): unknown => ({ id, name: id, binary: 'x' });
const change = (id: string): unknown => ({
  id,
  kind: 'hosts-block',
  target: '/etc/hosts',
  summary: 's',
  undoCommand: 'u',
  at: '2026-01-01T00:00:00.000Z',
  undoneAt: null,
});
const lock = (version: string): unknown => ({
  name: 'php',
  series: version,
  version,
  digest: `sha256:${'0'.repeat(64)}`,
  source: 'npm',
  os: 'linux',
  arch: 'x64',
  artifacts: [],
  path: 'x',
  sizeOnDisk: 1,
  installedAt: '2026-01-01T00:00:00.000Z',
});
const share = (projectId: string): unknown => ({
  projectId,
  url: 'http://10.0.0.1:8090/',
  address: '10.0.0.1',
  port: 8090,
  expiresAt: '2027-01-01T00:00:00.000Z',
});

const failed: unknown = {
  error: {
    code: 'SERVICE_EXITED',
    message: 'x',
    detail: '',
    retryable: true,
    source: 'services',
    ts: '2026-01-01T00:00:00.000Z',
  },
  restarts: 5,
};

/** Of each store: its file, good records, and where they are in the document. */
const STORES: Record<keyof Stores, { file: (layout: Layout) => string; good: unknown; into: (string | number)[] }> = {
  app: {
    file: (l) => l.appConfig,
    good: { installPath: '/x', updateChannel: 'beta', telemetryOptIn: true },
    into: [],
  },
  services: { file: (l) => l.servicesConfig, good: [service('a'), service('b'), service('c')], into: [] },
  projects: { file: (l) => l.projectsConfig, good: [project('a'), project('b'), project('c')], into: [] },
  domains: {
    file: (l) => l.domainsConfig,
    good: ['a', 'b', 'c'].map((id) => ({ domain: `${id}.test`, projectId: id, targetPort: 0 })),
    into: [],
  },
  rules: {
    file: (l) => l.proxyConfig,
    good: ['a', 'b', 'c'].map((id) => ({ host: `${id}.test`, path: '/', target: 'http://127.0.0.1:3000', tls: false })),
    into: [],
  },
  ports: { file: (l) => l.portsConfig, good: { assigned: { a: 1, b: 2, c: 3 }, ranges: {} }, into: ['assigned'] },
  secrets: {
    file: (l) => l.secrets,
    good: Object.fromEntries(['a', 'b', 'c'].map((id) => [id, { iv: 'i', tag: 't', data: 'd' }])),
    into: [],
  },
  ledger: { file: (l) => l.ledger, good: [change('x-1'), change('x-2'), change('x-3')], into: [] },
  lock: { file: (l) => l.lock, good: [lock('8.2'), lock('8.3'), lock('8.4')], into: [] },
  shares: { file: (l) => l.shares, good: [share('a'), share('b'), share('c')], into: [] },
  ownServices: { file: (l) => l.ownServicesConfig, good: [own('a'), own('b'), own('c')], into: [] },
  leftovers: {
    file: (l) => l.leftovers,
    good: ['a', 'b', 'c'].map((projectId) => ({ projectId, domain: `${projectId}.test` })),
    into: [],
  },
  heldServices: { file: (l) => l.heldServicesConfig, good: ['app-a', 'app-b', 'app-c'], into: [] },
  failedServices: { file: (l) => l.failedServices, good: { a: failed, b: failed, c: failed }, into: [] },
  runtimes: {
    file: (l) => l.runtimeChoices,
    good: { defaults: { php: '8.2', node: '24', redis: '7' }, pins: {} },
    into: ['defaults'],
  },
  php: {
    file: (l) => l.phpConfig,
    good: Object.fromEntries(['8.2', '8.3', '8.4'].map((id) => [id, { off: [], values: {} }])),
    into: [],
  },
};
const names = Object.keys(STORES) as (keyof Stores)[];
/** Values that no record may have. */
const BAD: readonly unknown[] = [null, 7, 'text', [], { id: 5 }, { __proto__: null, name: {} }];

const write = (name: keyof Stores, value: unknown): void => {
  const file = STORES[name].file(layout);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, JSON.stringify({ schemaVersion: 1, value }));
};
const containerOf = (name: keyof Stores, value: unknown): Record<string, unknown> => {
  let at = value as Record<string, unknown>;
  for (const key of STORES[name].into) at = at[key] as Record<string, unknown>;
  return at;
};

describe.each(names)('the store %s', (name) => {
  it('opens its good records', async () => {
    write(name, STORES[name].good);
    const stores = await open();
    expect(notices).toEqual([]);
    expect(stores[name].get()).toMatchObject(STORES[name].good as object);
  });

  it('sets aside one record of a wrong shape, whichever it is, and keeps all others', async () => {
    for (const key of Object.keys(containerOf(name, STORES[name].good))) {
      for (const bad of BAD) {
        const value = structuredClone(STORES[name].good);
        const container = containerOf(name, value);
        if (JSON.stringify(container[key]) === JSON.stringify(bad)) continue;
        container[key] = bad;
        notices = [];
        write(name, value);
        const stores = await open();
        const kept = containerOf(name, stores[name].get()) as unknown;
        const others = Object.entries(containerOf(name, STORES[name].good)).filter(([other]) => other !== key);
        const label = `${key} = ${JSON.stringify(bad)}`;
        // A text is a good value of some fields, and an empty map of some records.
        if (notices.length === 0 && bad !== null) continue;
        expect(notices, label).toHaveLength(1);
        if (Array.isArray(kept)) expect(kept, label).toMatchObject(others.map(([, record]) => record));
        else expect(kept, label).toMatchObject(Object.fromEntries(others));
        const aside = /in (\S+set-aside-\d+)/.exec(notices[0] ?? '')?.[1] ?? '';
        expect(
          (JSON.parse(readFileSync(aside, 'utf8')) as { setAside: { value: unknown }[] }).setAside[0]?.value,
          label,
        ).toEqual(JSON.parse(JSON.stringify(bad)));
        // The next start has nothing to say any more.
        notices = [];
        await open();
        expect(notices, label).toEqual([]);
        rmSync(aside);
      }
    }
  });

  it('puts a whole of a wrong shape aside', async () => {
    for (const text of ['', '{', '[]', '{"schemaVersion":1,"value":7}', '{"schemaVersion":1}', 'null']) {
      notices = [];
      mkdirSync(join(STORES[name].file(layout), '..'), { recursive: true });
      writeFileSync(STORES[name].file(layout), text);
      const stores = await open();
      expect(notices, text).toHaveLength(1);
      expect(stores[name].get()).toBeDefined();
      rmSync(STORES[name].file(layout), { force: true });
    }
  });

  it('opens when something else is in the place of the file', async () => {
    mkdirSync(join(STORES[name].file(layout), 'inside'), { recursive: true });
    await open();
    expect(notices).toHaveLength(1);
    expect(readdirSync(join(STORES[name].file(layout), '..')).some((entry) => entry.includes('.corrupt-'))).toBe(true);
  });
});

it('a file with a mode that shuts its owner out keeps its newest content', async () => {
  // Root may read it all the same.
  const readText = (path: string): Promise<string | null> => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o400;
    if ((mode & 0o400) !== 0) return systemFiles.readText(path);
    return Promise.reject(Object.assign(new Error('permission denied'), { code: 'EACCES' }));
  };
  const files = { ...systemFiles, readText };
  const openHere = (): ReturnType<typeof openStores> =>
    openStores({ files, clock: { now: () => 0 } } as unknown as System, layout, (text) => void notices.push(text));
  for (const id of ['one', 'two'])
    await (await openHere()).projects.update((known) => [...known, project(id) as (typeof known)[number]]);
  chmodSync(layout.projectsConfig, 0);
  expect((await openHere()).projects.get().map(({ id }) => id)).toEqual(['one', 'two']);
  expect(notices).toEqual([]);
  expect(statSync(layout.projectsConfig).mode & 0o777).toBe(0o600);
});
