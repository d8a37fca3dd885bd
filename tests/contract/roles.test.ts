/**
 * Roles as reachability: whatever a caller of a level asks for, in whatever order, no secret and no file of the home becomes visible, and no
 * program of the caller's choice runs. Made from the contract's list of operations, against a real daemon with real servers and sites.
 */
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAllowed, type Operation } from '../../contract/define.ts';
import { operations } from '../../contract/index.ts';
import { isLong } from '../long-form.ts';
import { keyOfLevel } from '../integration/page-key.ts';
import { postRpc } from '../integration/daemon-calls.ts';
import { upPrepared } from '../integration/prepared-stack.ts';
import { createStackWorld, type StackWorld } from '../integration/stack-world.ts';
import { reachableInputs, seeded, type Pools } from './reachable-inputs.ts';

/** They end or fetch what the harvest needs, and take no parameter that reaches anything. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'stack.down',
  'services.stop',
  'services.restart',
  'runtime.remove',
  'runtime.use',
  'runtime.ensureService',
  'installer.start',
  'updater.applyManifest',
  'updater.check',
  'projects.remove',
  'programs.install',
  'changes.cancel',
]);
/** Inputs of an operation that reaches something. */
const MANY = isLong ? 25 : 8;
const CANARIES = {
  file: 'canary-of-a-file-7316',
  secret: 'canary-of-a-secret-2904',
  appSecret: 'canary-of-the-app-8850',
  value: 'canary-of-an-override-5512',
  argument: 'canary-of-an-argument-6047',
} as const;

let world: StackWorld;
let pools: Pools;
const mark = (): string => join(world.root, 'code', 'it-ran');

beforeAll(async () => {
  world = createStackWorld();
  const code = join(world.root, 'code');
  for (const name of ['printer', 'quiet', 'app']) mkdirSync(join(code, name), { recursive: true });
  mkdirSync(join(world.root, 'private'), { mode: 0o755 });
  for (const folder of [world.root + '/private']) {
    writeFileSync(join(folder, 'canary.txt'), CANARIES.file, { mode: 0o600 });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ main: CANARIES.file, scripts: { dev: CANARIES.file } }),
    );
    writeFileSync(join(folder, 'server.js'), `require('fs').writeFileSync(${JSON.stringify(mark())}, '')`);
  }
  writeFileSync(join(code, 'printer/index.php'), '<?php echo json_encode([$_SERVER, getenv()]);');
  writeFileSync(join(code, 'quiet/index.php'), 'quiet');
  chmodSync(code, 0o777);
  await upPrepared(world.home, () => world.koji('up', '--json'));
  writeFileSync(world.path('app', 'canary.txt'), CANARIES.file, { mode: 0o600 });
  symlinkSync(world.home, join(code, 'link'));
  await world.call('secrets.set', { key: 'canary', scope: 'project', value: CANARIES.secret });
  await world.call('secrets.set', { key: 'canary-app', scope: 'app', value: CANARIES.appSecret });
  const project = async (id: string, overrides: object): Promise<unknown> =>
    world.call('config.setProject', {
      id,
      name: id,
      path: join(code, id),
      domain: `${id}.test`,
      stack: 'php',
      overrides,
    });
  await project('printer', {});
  await project('quiet', { STRIPE: CANARIES.value });
  await world.call('services.define', {
    id: 'own',
    binary: 'sleep',
    args: ['86400'],
    env: { KEY: CANARIES.value },
  });
  await world.call('config.setService', {
    id: 'redis',
    enabled: true,
    ports: {},
    env: { KEY: CANARIES.value },
    args: ['--syslog-ident', CANARIES.argument],
  });
  const paths = [
    world.home,
    world.path('app'),
    world.path('app', 'canary.txt'),
    join(world.root, 'private'),
    join(world.root, 'private', 'canary.txt'),
    join(code, 'link'),
    join(code, 'link', 'app'),
    join(code, 'printer'),
    '/',
  ];
  const ids = ['printer', 'quiet', 'php', 'postgres', 'redis', 'own'];
  const names = ['printer.test', 'quiet.test', 'taken.test'];
  const touch = `touch ${mark()}`;
  const daemonUrl = world.daemonFile().url;
  const settings = [
    { COMMAND: touch },
    { COMMAND: touch, X: '${secret:canary} ${secret:canary-app} ${secret:postgres-password}' },
    { X: '${secret:canary} ${secret:canary-app}' },
    { DOCUMENT_ROOT: '../../private' },
    { DOCUMENT_ROOT: '../../home/app' },
    { TARGET: daemonUrl },
    { NODE_OPTIONS: `--require ${join(world.root, 'private/server.js')}` },
    { PHP_VERSION: '8.2' },
  ];
  pools = {
    path: paths,
    folder: paths,
    file: paths,
    cwd: paths,
    source: [...paths, `file://${join(world.root, 'private')}`],
    locked: paths,
    projectsFolder: paths,
    id: ids,
    project: ids,
    projectId: ids,
    service: ids,
    engine: ['postgres', 'mariadb', 'redis'],
    domain: names,
    host: names,
    name: ['Taken', 'printer', 'taken'],
    stack: ['php', 'static', 'node', 'proxy', 'program'],
    command: [touch],
    target: [daemonUrl, 'shop'],
    targetPort: [0, Number(new URL(daemonUrl).port)],
    overrides: settings,
    env: settings,
    unset: [[], ['DOCUMENT_ROOT'], ['STRIPE']],
    args: [['-c', touch]],
    binary: ['/bin/sh'],
    version: ['8.2'],
    text: ['postgres', 'x'],
  };
});
afterAll(() => world.remove());

/** Everything that can be seen without the command line. */
async function pages(): Promise<string> {
  const hosts = (await world.call<{ domain: string }[]>('domains.list')).map(({ domain }) => domain);
  const seen: string[] = [];
  for (const host of new Set([...hosts, 'taken.test', 'printer.test']))
    for (const path of ['/', '/index.php', '/canary.txt', '/app/canary.txt', '/private/canary.txt', '/daemon.json'])
      // A name that no site has gets a certificate of another one.
      seen.push((await world.get(path, host).catch(() => ({ body: '' }))).body);
  return seen.join('\n');
}

const found = (text: string): string[] =>
  [...Object.entries(CANARIES), ['token', world.daemonFile().token] as const]
    .filter(([, canary]) => text.includes(canary))
    .map(([name]) => name);

describe.each(['read', 'operate'] as const)('a caller of level %s', (level) => {
  it('makes nothing visible and runs nothing, whatever it asks for', { timeout: 600_000 }, async () => {
    const daemon = { ...world.daemonFile(), token: await keyOfLevel(world, level) };
    const events: string[] = [];
    const socket = new WebSocket(`${daemon.url.replace('http', 'ws')}/events`, ['kojibox', `bearer.${daemon.token}`]);
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    socket.on('message', (data) => events.push((data as Buffer).toString('utf8')));
    socket.send(JSON.stringify({ subscribe: { logs: ['php', 'edge', 'own', 'app-printer'], metrics: false } }));

    const random = seeded(level === 'read' ? 1 : 2);
    const calls = operations
      .filter(({ name, access }) => !LEFT_OUT.has(name) && isAllowed(access, 'operate'))
      .flatMap((operation: Operation) => {
        const isOpen =
          operation.reaches === undefined && !/path|overrides|domain/.test(JSON.stringify(operation.example ?? ''));
        return reachableInputs(operation, pools, isOpen ? 3 : MANY, random).map((params) => ({
          method: operation.name,
          params,
        }));
      });
    // What is admin as a whole is asked for too: it must be refused, with every parameter.
    const forbidden = operations
      .filter(({ access }) => !isAllowed(access, 'operate'))
      .flatMap((operation: Operation) =>
        reachableInputs(operation, pools, isLong ? 5 : 2, random).map((params) => ({ method: operation.name, params })),
      );
    const order = [...calls, ...forbidden]
      .map((call) => ({ call, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ call }) => call);
    expect(order.length).toBeGreaterThan(isLong ? 500 : 250);

    const seen: string[] = [];
    for (const [index, call] of order.entries()) {
      const { body } = await postRpc(daemon, JSON.stringify(call));
      const text = JSON.stringify(body);
      expect(found(text), `${JSON.stringify(call)} shows it: ${text}`).toEqual([]);
      if (forbidden.includes(call)) expect(body.error?.code, JSON.stringify(call)).toBe('PERMISSION_DENIED');
      // After each that was done, what is served may have changed; once in a while is enough where nothing is.
      if (call.method.startsWith('projects.') || call.method.startsWith('config.') || index % 50 === 0)
        if (body.error === undefined && operations.find(({ name }) => name === call.method)?.kind === 'command')
          expect(found(await pages()), `served after ${JSON.stringify(call)}`).toEqual([]);
      expect(existsSync(mark()), `a program ran after ${JSON.stringify(call)}`).toBe(false);
      seen.push(text);
    }
    // What was begun comes to its end before the last look.
    await expect
      .poll(
        async () => (await world.call<{ status: string }[]>('changes.list')).some(({ status }) => status === 'running'),
        {
          timeout: 120_000,
          interval: 500,
        },
      )
      .toBe(false);
    for (const method of [
      'activity.list',
      'changes.list',
      'stack.status',
      'config.listProjects',
      'services.definitions',
    ])
      seen.push(JSON.stringify((await postRpc(daemon, JSON.stringify({ method, params: {} }))).body));
    socket.close();
    expect(events.length).toBeGreaterThan(0);
    expect(found(seen.join('\n') + events.join('\n') + (await pages()))).toEqual([]);
    expect(existsSync(mark())).toBe(false);
  });
});
