/** The history of resource use on real disks, by both SQLite libraries; the figures of a real daemon. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { freemem, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MetricsHistory, MetricsSnapshot } from '../../contract/metrics.ts';
import type { Sample } from '../../core/metrics/sample.ts';
import { createHandClock, type HandClock } from '../../core/services/testing/hand-clock.ts';
import { createMetricsStore, type MetricsStore } from '../../daemon/metrics/metrics-store.ts';
import { loadBetterSqlite, loadNodeSqlite, loadSqlite, type SqliteEngine } from '../../daemon/metrics/sqlite.ts';
import { systemNetwork } from '../../daemon/system/network.ts';
import { hostUsage, usages } from '../../daemon/system/process-usage.linux.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const HOUR = 3_600_000;
const WINDOW = 5 * 60_000;

describe.each([
  ['better-sqlite3', loadBetterSqlite],
  ['node:sqlite', loadNodeSqlite],
] as const)('the history in %s', (name, load) => {
  let folder: string;
  let file: string;
  let clock: HandClock;
  let messages: string[];
  const open: MetricsStore[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kojibox-metrics-'));
    file = join(folder, 'metrics.db');
    clock = createHandClock();
    await clock.advance(48 * HOUR - (clock.now() % WINDOW));
    messages = [];
  });
  afterEach(() => {
    for (const store of open.splice(0)) store.close();
    rmSync(folder, { recursive: true });
  });

  const createStore = (loadEngine: () => Promise<SqliteEngine> = load): MetricsStore => {
    const say = (text: string): void => void messages.push(text);
    const log = { debug: say, info: say, warn: say, error: say };
    const store = createMetricsStore({ file, clock, log, load: loadEngine, notice: (text) => say(`notice: ${text}`) });
    open.push(store);
    return store;
  };
  const sample = (cpu: number, restarts = 0): Sample => ({
    ts: clock.now(),
    host: { cpuPercent: cpu, memMB: 1000, restarts },
    services: [{ id: 'redis', cpuPercent: cpu * 2, memMB: 10, restarts }],
  });
  /** A sample every 5 s. */
  const record = async (store: MetricsStore, ms: number, cpu = 10): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 5000) {
      store.add(sample(cpu));
      await clock.advance(5000);
    }
  };
  const fine = (store: MetricsStore): Promise<MetricsHistory> =>
    store.history({ resolution: 'fine', from: 0, to: clock.now() });
  const coarse = (store: MetricsStore): Promise<MetricsHistory> =>
    store.history({ resolution: 'coarse', from: 0, to: clock.now() });

  it('is the library that it says', async () => {
    expect((await load()).name).toBe(name);
  });

  it('keeps 5 s for an hour and 5 minutes for a day, prunes the rest, and outlives the daemon', async () => {
    const store = createStore();
    await record(store, 26 * HOUR);
    const { host, services } = await fine(store);
    expect(host).toHaveLength(720);
    expect(services.map(({ id, points }) => [id, points.length])).toEqual([['redis', 720]]);
    const means = await coarse(store);
    expect(means.host.length).toBeGreaterThanOrEqual(287);
    expect(means.host.length).toBeLessThanOrEqual(288);
    expect(means.host.every(({ ts }) => Date.parse(ts) % WINDOW === 0)).toBe(true);
    store.close();
    expect(statSync(file).size).toBeLessThan(1_000_000);
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const next = createStore();
    expect((await fine(next)).host).toEqual(host);
    expect((await coarse(next)).host).toEqual(means.host);
    expect(messages).toEqual([]);
  });

  it('makes means of whole windows: average use, highest restarts', async () => {
    const store = createStore();
    for (let index = 0; index < 60; index++) {
      store.add(sample(index < 30 ? 10 : 40, index === 30 ? 3 : 2));
      await clock.advance(5000);
    }
    store.add(sample(99));
    const { host, services } = await coarse(store);
    const ts = new Date(clock.now() - WINDOW).toISOString();
    expect(host).toEqual([{ ts, cpuPercent: 25, memMB: 1000, restarts: 3 }]);
    expect(services).toEqual([{ id: 'redis', points: [{ ts, cpuPercent: 50, memMB: 10, restarts: 3 }] }]);
  });

  it('answers for one service, and for a part of the time', async () => {
    const store = createStore();
    await record(store, 60_000);
    const from = clock.now() - 30_000;
    const part = await store.history({ resolution: 'fine', service: 'redis', from, to: clock.now() - 10_000 });
    expect(part.host).toEqual([]);
    expect(part.services[0]?.points.map(({ ts }) => Date.parse(ts) - from)).toEqual([0, 5000, 10_000, 15_000, 20_000]);
  });

  it('opens the file only some time after the start, and loses nothing meanwhile', async () => {
    const store = createStore();
    await record(store, 30_000);
    expect(existsSync(file)).toBe(false);
    await record(store, 60_000);
    await expect.poll(() => existsSync(file)).toBe(true);
    expect((await fine(store)).host).toHaveLength(18);
  });

  it.each([
    ['text', (): void => writeFileSync(file, 'this is not a database\n'.repeat(1000))],
    [
      'pages of zeros in the middle',
      (): void => {
        const bytes = readFileSync(file);
        writeFileSync(file, bytes.fill(0, 4096, Math.floor(bytes.length / 2)));
      },
    ],
  ])('sets a file aside that is damaged (%s), begins a new one and says so', async (_, damage) => {
    const first = createStore();
    await record(first, 20 * 60_000);
    first.close();
    damage();
    const store = createStore();
    await record(store, 20_000);
    expect((await fine(store)).host).toHaveLength(4);
    expect(readdirSync(folder).filter((entry) => entry.includes('.corrupt-'))).toHaveLength(1);
    expect(messages.filter((text) => text.startsWith('notice: '))).toHaveLength(1);
    expect(messages.join()).toContain('it starts empty');
  });

  it('goes on in memory on a full disk, says so once, and writes everything down when there is room again', async () => {
    let pages = 5;
    const store = createStore(async () => {
      const engine = await load();
      return {
        ...engine,
        open(path) {
          const connection = engine.open(path);
          connection.exec(`PRAGMA max_page_count = ${pages}`);
          return {
            exec: (sql) => connection.exec(sql),
            prepare(sql) {
              const statement = connection.prepare(sql);
              return {
                all: (...values) => statement.all(...values),
                run(...values) {
                  connection.exec(`PRAGMA max_page_count = ${pages}`);
                  return statement.run(...values);
                },
              };
            },
            close: () => connection.close(),
          };
        },
      };
    });
    await record(store, HOUR / 2);
    expect(messages).toEqual([expect.stringContaining('cannot be recorded')]);
    expect((await fine(store)).host).toHaveLength(360);
    pages = 100_000;
    await record(store, 2 * 60_000);
    expect(messages).toEqual([expect.any(String), expect.stringContaining('recorded again')]);
    expect((await fine(store)).host).toHaveLength(384);
    store.close();
    expect((await fine(createStore())).host).toHaveLength(384);
  });

  it('is not confused by a clock that went back', async () => {
    const store = createStore();
    await record(store, HOUR);
    store.close();
    clock = createHandClock();
    await clock.advance(36 * HOUR - (clock.now() % WINDOW));
    const next = createStore();
    await record(next, 2 * WINDOW);
    expect((await fine(next)).host).toHaveLength(120);
    expect((await coarse(next)).host).toHaveLength(2);
  });
});

describe('without any library', () => {
  it('the daemon goes on, and the last hour is answered from memory', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kojibox-metrics-'));
    const clock = createHandClock();
    const warnings: string[] = [];
    const say = (text: string): void => void warnings.push(text);
    const store = createMetricsStore({
      file: join(folder, 'metrics.db'),
      clock,
      log: { debug: say, info: say, warn: say, error: say },
      notice: say,
      load: () => Promise.reject(new Error('no such module')),
    });
    store.add({ ts: clock.now(), host: { cpuPercent: 1, memMB: 2, restarts: 0 }, services: [] });
    await clock.advance(100_000);
    expect((await store.history({ resolution: 'fine', from: 0, to: clock.now() })).host).toHaveLength(1);
    expect(warnings.join()).toContain('no SQLite');
    store.close();
    rmSync(folder, { recursive: true });
  });
});

describe('what the system tells', () => {
  it('prefers better-sqlite3, which brings its binary along', async () => {
    expect((await loadSqlite()).name).toBe('better-sqlite3');
  });

  it('the ports on which a process and its children listen, and no others', async () => {
    const listen =
      "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
    const parent = `${listen}; require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(listen)}], { stdio: 'inherit' })`;
    const child = spawn(process.execPath, ['-e', parent], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const other = createServer().listen(0, '127.0.0.1');
    try {
      let text = '';
      await new Promise<void>((resolve) =>
        child.stdout.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          if (text.trim().split('\n').length === 2) resolve();
        }),
      );
      const ports = text.trim().split('\n').map(Number);
      expect(await systemNetwork.listeningPorts([child.pid!])).toEqual(ports.sort((a, b) => a - b));
      expect(await systemNetwork.listeningPorts([])).toEqual([]);
      const used = (await usages([child.pid!, 2 ** 22])).get(child.pid!);
      expect(used?.memoryBytes).toBeGreaterThan(1_000_000);
    } finally {
      process.kill(-child.pid!, 'SIGKILL');
      other.close();
    }
  });

  it('memory and processor time of the host', async () => {
    const host = await hostUsage();
    expect(host!.busyMs).toBeGreaterThan(0);
    expect(host!.busyMs).toBeLessThan(host!.totalMs);
    expect(Math.abs(host!.memoryBytes - (totalmem() - freemem()))).toBeLessThan(0.2 * totalmem());
  });
});

describe('a daemon', () => {
  let world: StackWorld;
  beforeAll(() => {
    world = createStackWorld();
  });
  afterAll(() => world.remove());

  it('tells resource use, keeps it over its own death, and begins a new history after damage', async () => {
    const snapshot = await world.call<MetricsSnapshot>('metrics.snapshot');
    expect(Object.keys(snapshot).slice(0, 5)).toEqual(['ts', 'uptimeSec', 'portsInUse', 'cpuPercent', 'memMB']);
    expect(snapshot.portsInUse).toEqual([]);
    expect(snapshot.memMB).toBeGreaterThan(10);
    expect(snapshot.services.map(({ id }) => id)).toContain('edge');

    const points = async (): Promise<number> => (await world.call<MetricsHistory>('metrics.history')).host.length;
    await expect.poll(points).toBeGreaterThan(1);
    await world.koji('quit');
    const kept = await points();
    expect(kept).toBeGreaterThan(1);

    await world.koji('quit');
    writeFileSync(world.path('app/metrics.db'), 'damaged '.repeat(1000));
    expect(await points()).toBeLessThan(kept);
    const { notices } = await world.call<{ notices: string[] }>('stack.status');
    expect(notices.join()).toContain('history of resource use');
    expect(readdirSync(world.path('app')).some((name) => name.startsWith('metrics.db.corrupt-'))).toBe(true);
  });

  it('shows it on the command line, and says what is wrong with a question', async () => {
    expect(await world.koji('metrics')).toMatch(/SERVICE +CPU +MEMORY +RESTARTS/);
    await expect.poll(() => world.koji('metrics', 'history')).toMatch(/host .*%.*MiB/);
    expect((await world.kojiResult('metrics', 'history', 'nonsense')).stderr).toContain('NOT_FOUND');
    expect((await world.kojiResult('metrics', 'history', '--from', 'yesterday')).stderr).toContain('VALIDATION_FAILED');
    expect(await world.call('metrics.history', { service: 'redis' })).toEqual({
      resolution: 'fine',
      host: [],
      services: [{ id: 'redis', points: [] }],
    });
  });
});
