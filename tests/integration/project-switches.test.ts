/** Programs of projects: which start with the stack, what one that fails costs, and what is said of their ports. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
import type { ProjectConfig, ServiceConfig } from '../../contract/config.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { createEdgeOnlyWorld, makeSite } from './edge-only-world.ts';
import type { StackWorld } from './stack-world.ts';
import { openTerminal } from './terminal.ts';

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
  // Not everything is ready; what is, is shown.
  expect(up.code).toBe(1);
  expect(up.stdout).toMatch(/^edge +● running/m);
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

/** A package manager that needs no network: it says what it does, makes its folder and waits for the file `go`. */
const MANAGER = `#!/bin/sh
mkdir node_modules
echo fetching express
[ -f go ] || { sleep 300 & echo $! > helper; wait; }
echo all is there
`;

/** A zombie has ended; proc(5). */
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

it('missing packages: named at creation, installed with live output, undone by a cancel, and offered by up in a terminal', async () => {
  const folder = makeSite(world, 'bare');
  mkdirSync(join(folder, 'vendor/bin'), { recursive: true });
  writeFileSync(join(folder, 'vendor/bin/bun'), MANAGER, { mode: 0o755 });
  writeFileSync(join(folder, '.env.example'), 'A=1\n');
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ dependencies: { express: '5' }, packageManager: 'bun@1.2.0' }),
  );
  // Root runs it as another user.
  chmodSync(folder, 0o777);
  const created = await world.kojiResult(
    ...['project', 'create', 'folder', 'bare', '--path', folder, '--command', SERVER],
  );
  expect(created.code).not.toBe(0);
  expect(created.stderr.match(/koji project install bare/g)).toHaveLength(1);
  expect(await world.call('projects.missing', { id: 'bare' })).toMatchObject([
    {
      project: 'bare',
      missing: ['node_modules', '.env'],
      commands: ['cp -n .env.example .env', 'bun install'],
      needed: true,
    },
  ]);

  const { id } = await world.call<Change>('projects.install', { id: 'bare' });
  const change = (): Promise<Change> => world.call<Change>('changes.get', { id });
  await expect.poll(async () => (await change()).tasks.at(-1)?.detail, { timeout: 20_000 }).toBe('fetching express');
  expect(existsSync(join(folder, '.env'))).toBe(true);
  await expect.poll(() => existsSync(join(folder, 'helper'))).toBe(true);
  await world.call('changes.cancel', { id });
  await expect.poll(async () => (await change()).status, { timeout: 20_000 }).toBe('cancelled');
  // Nothing half is left, and nothing runs on.
  expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  const helper = Number(readFileSync(join(folder, 'helper'), 'utf8'));
  await expect.poll(() => isAlive(helper)).toBe(false);

  expect((await world.kojiResult('up')).stderr).toContain(
    'bare: node_modules is missing. Run: koji project install bare',
  );
  writeFileSync(join(folder, 'go'), '');
  const terminal = openTerminal('./koji up', {
    ...process.env,
    KOJIBOX_HOME: world.home,
    KOJIBOX_HOSTS_FILE: join(world.root, 'hosts'),
  });
  await terminal.waitFor('bare: node_modules is missing. Run bun install?');
  terminal.type('\r');
  await terminal.waitFor('all is there');
  await expect.poll(async () => (await world.get('/', 'bare.test')).status, { timeout: 20_000 }).toBe(200);
  await terminal.close();
  expect(await world.call('projects.missing', {})).toEqual([]);
  await world.koji('project', 'remove', 'bare');
});
