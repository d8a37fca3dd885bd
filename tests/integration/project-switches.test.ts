/** Programs of projects: which start with the stack, what one that fails costs, and what is said of their ports. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ProjectConfig, ServiceConfig } from '../../contract/config.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { createEdgeOnlyWorld, makeSite } from './edge-only-world.ts';
import type { StackWorld } from './stack-world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = createEdgeOnlyWorld();
  await world.koji('up', '--json');
});
afterAll(() => world.remove());

const SERVER = 'python3 -m http.server $PORT --bind 127.0.0.1';
const create = (id: string, command: string): Promise<{ code: number; stdout: string; stderr: string }> =>
  world.kojiResult('project', 'create', 'folder', id, '--path', makeSite(world, id), '--command', command, '--json');
const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await world.services()).map(({ id, state }) => [id, state]));
const status = (): Promise<StackStatus> => world.call('stack.status');

it('several programs have ports of their own, and no notice calls them strangers', async () => {
  for (const id of ['one', 'two', 'three']) expect((await create(id, SERVER)).code).toBe(0);
  expect(await states()).toMatchObject({ 'app-one': 'running', 'app-two': 'running', 'app-three': 'running' });
  const { notices, services } = await status();
  // Another home of this machine may have the usual port; programs of this one are no strangers.
  const holders = notices.map((text) => Number(/uses port .* \(pid (\d+)\)/.exec(text)?.[1] ?? 0));
  expect(services.filter(({ pid }) => pid !== null && holders.includes(pid))).toEqual([]);
  for (const id of ['one', 'two', 'three']) expect((await world.get('/', `${id}.test`)).body).toContain(`I am ${id}`);
});

it('the ports in use are shown, and sent back they stay unchosen', async () => {
  const shown = await world.call<ServiceConfig>('config.getService', { id: 'app-two' });
  expect(shown.ports['http']).toBeGreaterThan(3099);
  await world.call('config.setService', shown);
  await world.koji('quit');
  await world.koji('up', '--json');
  expect((await world.call<ServiceConfig>('config.getService', { id: 'app-two' })).ports).toEqual(shown.ports);
});

it('one that was stopped by hand stays stopped over up, restarts and changes, until the user starts it', async () => {
  await world.koji('stop', 'app-one');
  await world.koji('up', '--json');
  expect(await states()).toMatchObject({ 'app-one': 'stopped', 'app-two': 'running' });
  await world.koji('quit');
  await world.koji('up', '--json');
  await world.koji('project', 'set', 'one', '--overrides', 'A=b');
  expect(await states()).toMatchObject({ 'app-one': 'stopped', 'app-two': 'running' });
  expect((await world.get('/', 'one.test')).status).toBeGreaterThanOrEqual(500);
  await world.koji('start', 'app-one');
  await world.koji('quit');
  await world.koji('up', '--json');
  expect(await states()).toMatchObject({ 'app-one': 'running' });
});

it('one without autostart starts only when it is asked for', async () => {
  await world.koji('project', 'set', 'two', '--no-autostart');
  await world.koji('quit');
  await world.koji('up', '--json');
  expect(await states()).toMatchObject({ 'app-one': 'running', 'app-two': 'stopped' });
  await world.koji('start', 'app-two');
  expect(await states()).toMatchObject({ 'app-two': 'running' });
  await world.koji('project', 'set', 'two', '--autostart');
});

it('two that fail are named by up, and all others are served', async () => {
  for (const id of ['broken', 'wrecked']) {
    const created = await create(id, `sh -c 'echo ${id} is here; exit 7'`);
    expect(created.code).not.toBe(0);
    expect(created.stdout).toContain(`${id} is here`);
  }
  const up = await world.kojiResult('up');
  expect(up.code).not.toBe(0);
  for (const id of ['broken', 'wrecked']) expect(up.stdout + up.stderr).toContain(id);
  expect(await states()).toMatchObject({ 'app-one': 'running', 'app-broken': 'error', edge: 'running' });
  for (const host of ['good.test', 'one.test', 'three.test']) expect((await world.get('/', host)).status).toBe(200);
  for (const id of ['broken', 'wrecked']) await world.koji('project', 'remove', id);
});

it('a start that ends at once is a failure with the last lines of its log', async () => {
  await world.koji('stop', 'app-three');
  const refused = await world.kojiResult(
    'service',
    'define',
    'crash',
    '--',
    '/bin/sh',
    '-c',
    'echo last words; exit 7',
  );
  expect(refused.code).toBe(20);
  expect(refused.stderr).toContain('last words');
});

it('Xdebug is one word, and a proxy one command', async () => {
  const overrides = async (): Promise<ProjectConfig['overrides']> =>
    (await world.call<ProjectConfig>('config.getProject', { id: 'good' })).overrides;
  await world.koji('xdebug', 'on', 'good');
  expect(await overrides()).toEqual({ XDEBUG: 'on' });
  await world.koji('xdebug', 'off', 'good');
  expect(await overrides()).toEqual({});
  const port = (await world.call<ServiceConfig>('config.getService', { id: 'app-one' })).ports['http'];
  await world.koji('project', 'create', 'proxy', 'Front', '--target', `http://127.0.0.1:${port}`, '--json');
  expect((await world.get('/', 'front.test')).body).toContain('I am one');
  expect((await world.call<ProjectConfig>('config.getProject', { id: 'front' })).path).toBe(
    join(world.home, 'app/projects'),
  );
});
