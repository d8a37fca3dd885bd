/** The first run against a real daemon: what is chosen comes up, what is not is neither installed nor started. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FirstRunStatus, FoundProgram, PortCheck } from '../../contract/first-run.ts';
import type { RuntimeListEntry } from '../../contract/runtimes.ts';
import { freePort } from '../fixtures/free-port.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'kojibox-first-'));
  world = createStackWorld({ HOME: home, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` });
});
afterAll(() => {
  world.remove();
  rmSync(home, { recursive: true, force: true });
});

const status = (): Promise<FirstRunStatus> => world.call('firstRun.status');
const installed = async (): Promise<string[]> =>
  (await world.call<RuntimeListEntry[]>('runtime.list'))
    .filter((entry) => entry.installed !== null)
    .map(({ name, series }) => `${name} ${series}`);
/** Of what is not stopped. */
const serviceIds = async (): Promise<string[]> =>
  (await world.services())
    .filter(({ state }) => state !== 'stopped')
    .map(({ id }) => id)
    .sort();
const refusal = async (answers: object): Promise<{ code: string; detail: string }> => {
  const { body } = await world.rpc(JSON.stringify({ method: 'firstRun.answer', params: { answers } }));
  expect(body.error, JSON.stringify(body)).toBeDefined();
  return body.error ?? { code: '', detail: '' };
};

describe('a fresh home', () => {
  it('says what there is to choose, and what it costs; nothing is done yet', async () => {
    const now = await status();
    expect(now).toMatchObject({ state: 'new', step: 'place', data: { folder: world.home, decidedBy: 'environment' } });
    expect(now.data.freeBytes).toBeGreaterThan(0);
    expect(now.downloads.find(({ name }) => name === 'postgres')).toMatchObject({ series: '17', installed: false });
    const size = (name: string): number => now.downloads.find((one) => one.name === name)?.size ?? 0;
    expect(now.missingBytes).toBe(['php', 'postgres', 'mariadb', 'redis'].reduce((sum, name) => sum + size(name), 0));
    expect(await installed()).toEqual([]);
  });

  it('keeps answers over a kill, and refuses what cannot be', async () => {
    await world.rpc(
      JSON.stringify({ method: 'firstRun.answer', params: { step: 'stack', answers: { services: ['redis'] } } }),
    );
    const { pid } = world.daemonFile();
    process.kill(pid, 'SIGKILL');
    expect(await status()).toMatchObject({ state: 'open', step: 'stack', answers: { services: ['redis'] } });

    expect(await refusal({ projectsFolder: 'relative' })).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect((await refusal({ projectsFolder: '/proc/version/x' })).detail).toContain('is not a folder');
    expect(await refusal({ phpVersion: '5.6' })).toMatchObject({ code: 'RUNTIME_UNSUPPORTED' });
    expect((await refusal({ ports: { 'edge.https': 9443 } })).detail).toContain(
      'there is no port edge.https to choose',
    );
    expect((await refusal({ ports: { 'redis.redis': 7001, 'mariadb.db': 7001 } })).detail).toContain('wanted twice');
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = blocker.address() as AddressInfo;
      const taken = await refusal({ ports: { 'redis.redis': port } });
      expect(taken.code).toBe('PORT_CONFLICT');
      expect(taken.detail).toContain(`process ${process.pid} `);
    } finally {
      blocker.close();
    }
    expect((await status()).answers).toMatchObject({ services: ['redis'], projectsFolder: '', ports: {} });
  });

  it('shows programs of this machine with their version, and the Node that runs this test', async () => {
    const programs = await world.call<FoundProgram[]>('firstRun.programs');
    const node = programs.find(({ name }) => name === 'node');
    expect(node).toMatchObject({ version: process.version.slice(1), offer: 'same-version', series: '24' });
  });
});

describe('what was chosen', () => {
  it('comes up alone; hosts file left alone; new projects go where they were wanted', async () => {
    const projects = join(world.root, 'code');
    mkdirSync(projects, { mode: 0o755 });
    const before = readFileSync(join(world.root, 'hosts'), 'utf8');
    await world.call('firstRun.answer', { answers: { hosts: false, projectsFolder: projects } });
    await world.koji('setup', '--yes', '--json');
    expect(await installed()).toEqual(['redis 7.0']);
    expect(await serviceIds()).toEqual(['edge', 'redis']);
    // No PHP, no Node: the first page is plain files.
    expect((await world.get('/', 'hello.test')).status).toBe(200);
    expect(readFileSync(join(world.root, 'hosts'), 'utf8')).toBe(before);
    await world.koji('project', 'create', 'static', 'Shop', '--json');
    expect(readFileSync(join(projects, 'shop/index.html'), 'utf8')).toContain('<');
    expect(await status()).toMatchObject({
      state: 'done',
      step: 'done',
      answers: { services: ['redis'], hosts: false },
    });
  });

  it('is chosen anew: another port, a standard version, and what is not wanted is removed', async () => {
    const ports = await world.call<PortCheck[]>('firstRun.ports');
    expect(ports.find(({ key }) => key === 'mail.smtp')?.proposed).toBeGreaterThan(0);
    const free = await freePort();
    await world.koji(
      ...['setup', '--services', 'postgres', '--port', `postgres.db=${free}`, '--remove-unused', '--yes', '--json'],
    );
    expect(await installed()).toEqual(['postgres 17']);
    expect(await serviceIds()).toEqual(['edge', 'postgres']);
    expect((await world.services()).find(({ id }) => id === 'postgres')?.ports[0]?.port).toBe(free);
    expect((await world.call<PortCheck[]>('firstRun.ports')).find(({ key }) => key === 'postgres.db')).toMatchObject({
      proposed: free,
    });
    await world.call('firstRun.answer', { answers: { nodeVersion: '22' } });
    expect((await status()).answers).toMatchObject({ nodeVersion: '22', services: ['postgres'] });
  });

  it('is left as it is when somebody leaves', async () => {
    await world.koji('setup', 'skip');
    expect((await status()).state).toBe('skipped');
    expect(await serviceIds()).toEqual(['edge', 'postgres']);
    // A home in use is never greeted again, also by the next daemon.
    process.kill(world.daemonFile().pid, 'SIGKILL');
    expect((await status()).state).toBe('skipped');
    expect((await world.kojiResult('setup')).stderr).toContain('it cannot ask you here');
  });
});
