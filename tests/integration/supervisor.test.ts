import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMark } from '../../daemon/drivers/process/marker.linux.ts';
import { liveRows } from '../../daemon/drivers/process/process-table.ts';
import * as table from '../../daemon/system/process-facts.linux.ts';
import { atMost } from '../figures.ts';
import { freePort } from '../fixtures/free-port.ts';
import { eventually } from '../fixtures/services/service-spec.ts';
import { createWorld, digestOf, type ServiceUnderTest, type SupervisorWorld } from './supervisor-world.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-supervisor-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let home = '';
let world: SupervisorWorld | null = null;
beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'));
});
afterEach(async () => {
  await world?.supervisor.stopAll();
  world = null;
});
const create = (...services: ServiceUnderTest[]): SupervisorWorld => (world = createWorld(home, services));

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('data', () => (socket.destroy(), resolve(true)));
    socket.on('error', () => resolve(false));
  });
const groupOf = (pid: number): number[] =>
  liveRows(table)
    .filter(({ group, session }) => group === pid || session === pid)
    .map((row) => row.pid);
const carriersOf = (marker: string): number[] =>
  liveRows(table)
    .map(({ pid }) => pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(marker);
      } catch {
        return false;
      }
    });

describe('supervisor over real processes', () => {
  it('brings a killed service back within its own start time and 50 ms', async () => {
    const port = await freePort();
    const { supervisor } = create({ id: 'web', port });
    const first = await supervisor.start('web');
    const startMs = first.readyMs ?? 0;
    const began = performance.now();
    process.kill(first.pid ?? 0, 'SIGKILL');
    await eventually(
      'it accepts again',
      async () => supervisor.state('web').pid !== first.pid && (await accepts(port)),
    );
    const backMs = performance.now() - began;
    console.log(`kill -9 to accepting: ${backMs.toFixed(1)} ms; own start: ${startMs.toFixed(1)} ms`);
    // The start of a Node process itself varies by tens of ms on a busy machine; the benchmark measures the difference exactly.
    expect(backMs).toBeLessThan(atMost(2 * startMs + 50));
    await eventually('it is running', () => supervisor.state('web').state === 'running');
    expect(supervisor.state('web')).toMatchObject({ restarts: 1, error: null });
  });

  it('backs off in a crash loop and ends in an error with the last lines of the log', async () => {
    const port = await freePort();
    const { supervisor, states } = create({ id: 'web', port, args: ['--crash-after', '1000', '--exit-code', '7'] });
    await supervisor.start('web');
    await eventually('it gave up', () => supervisor.state('web').state === 'error');
    const failed = supervisor.state('web');
    expect(failed.error).toMatchObject({
      code: 'SERVICE_EXITED',
      detail: expect.stringContaining('it ended with code 7') as string,
    });
    expect(failed.error?.detail).toContain(`listening on ${port}`);
    expect(failed.restarts).toBe(3);
    expect(states.filter(({ reason }) => reason?.startsWith('restarting in') === true).length).toBe(2);
    expect(carriersOf(`KOJIBOX_SERVICE=web@${digestOf(home)}`)).toEqual([]);
  });

  it('tells at once why a start failed', async () => {
    const { supervisor } = create({
      id: 'web',
      port: await freePort(),
      args: ['--crash-at-start', '--exit-code', '3'],
    });
    await expect(supervisor.start('web')).rejects.toMatchObject({
      code: 'START_FAILED',
      detail: expect.stringMatching(/code 3[^]*cannot go on: this is the reason/) as string,
    });
  });

  it('gives up a start that takes too long, and leaves nothing', async () => {
    const { supervisor } = create({
      id: 'web',
      port: await freePort(),
      args: ['--ready-after', '60000'],
      plan: { startDeadlineMs: 400 },
    });
    await expect(supervisor.start('web')).rejects.toMatchObject({ code: 'START_TIMEOUT' });
    expect(carriersOf(`KOJIBOX_SERVICE=web@${digestOf(home)}`)).toEqual([]);
  });

  it('kills what ignores signals after the grace period, with its children and what escaped its group', async () => {
    const port = await freePort();
    const { supervisor } = create({ id: 'web', port, args: ['--ignore-signals', '--children', '2', '--escape'] });
    const { pid } = await supervisor.start('web');
    await eventually('all children are there', () => carriersOf(`KOJIBOX_SERVICE=web@${digestOf(home)}`).length === 4);
    expect(groupOf(pid ?? 0)).toHaveLength(3);
    const began = performance.now();
    await supervisor.stop('web');
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(480);
    expect(tookMs).toBeLessThan(atMost(1_000));
    expect(carriersOf(`KOJIBOX_SERVICE=web@${digestOf(home)}`)).toEqual([]);
    expect(groupOf(pid ?? 0)).toEqual([]);
  });

  it('finds children that began their own session and show no environment, as those of PostgreSQL do', async () => {
    const port = await freePort();
    const { supervisor, stateFolder } = create({ id: 'web', port, args: ['--hide'] });
    const holders = (): number[] =>
      liveRows(table)
        .map(({ pid }) => pid)
        .filter(
          (pid) =>
            pid !== process.pid &&
            readMark(pid, { marker: '-', aliveFile: join(stateFolder, 'web.alive') }) === 'carries',
        );
    const { pid } = await supervisor.start('web');
    const hidden = holders().filter((holder) => holder !== pid);
    expect(hidden).toHaveLength(1);
    expect(groupOf(pid ?? 0)).not.toContain(hidden[0]);
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually(
      'it is back',
      () => supervisor.state('web').state === 'running' && supervisor.state('web').pid !== pid,
    );
    expect(table.identifyNow(hidden[0] ?? 0)).toBeNull();
    await supervisor.stop('web');
    expect(holders()).toEqual([]);
  });

  it('ends the children of a crashed service before it starts it again', async () => {
    const port = await freePort();
    const { supervisor } = create({ id: 'web', port, args: ['--children', '3'] });
    const { pid } = await supervisor.start('web');
    const children = groupOf(pid ?? 0).filter((member) => member !== pid);
    expect(children).toHaveLength(3);
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually(
      'it is back',
      () => supervisor.state('web').state === 'running' && supervisor.state('web').pid !== pid,
    );
    expect(children.filter((child) => table.identifyNow(child) !== null)).toEqual([]);
  });

  it('restarts a service that is alive but silent, and ends it although it cannot react', async () => {
    const port = await freePort();
    const { supervisor, states } = create({
      id: 'web',
      port,
      plan: { probe: { type: 'http', url: `http://127.0.0.1:${port}/` }, stopGraceMs: 200 },
    });
    const { pid } = await supervisor.start('web');
    process.kill(pid ?? 0, 'SIGSTOP'); // The kernel still accepts connections for it.
    await eventually(
      'it was restarted',
      () => supervisor.state('web').restarts === 1 && supervisor.state('web').state === 'running',
      25_000,
    );
    expect(table.identifyNow(pid ?? 0)).toBeNull();
    expect(states.some(({ lastError }) => lastError?.includes('3 probes in a row failed') === true)).toBe(true);
  });

  it('starts along the graph, and refuses a circle by printing it', async () => {
    const [db, php] = [await freePort(), await freePort()];
    const { supervisor, states } = create(
      { id: 'php', port: php, dependsOn: ['db'] },
      { id: 'db', port: db, args: ['--ready-after', '150'] },
    );
    await supervisor.start('php');
    const order = states.filter(({ state }) => state === 'running').map(({ id }) => id);
    expect([...new Set(order)]).toEqual(['db', 'php']);
    await supervisor.stop('db');
    expect(supervisor.states().map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    supervisor.define({
      id: 'db',
      name: 'db',
      runtime: null,
      version: null,
      dependsOn: ['php'],
      ports: [],
      connect: null,
      driver: 'process',
    });
    await expect(supervisor.start('php')).rejects.toMatchObject({ code: 'DEPENDENCY_CYCLE', detail: 'php → db → php' });
  });
});
