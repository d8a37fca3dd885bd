/** The doors of the import and of the first run: what cannot be applied is not stored, and costs only itself. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import type { ErrorBody } from '../../contract/errors.ts';
import type { FirstRunStatus } from '../../contract/first-run.ts';
import type { ImportRecord, ImportScan } from '../../contract/importers.ts';
import { createEdgeOnlyWorld, makeSite } from './edge-only-world.ts';
import type { StackWorld } from './stack-world.ts';

let world: StackWorld;
let place = '';
const from = (): { tool: 'flyenv'; path: string } => ({ tool: 'flyenv', path: place });

/** Entries of a FlyEnv host file, by what is wrong with them. */
const BAD: Readonly<Record<string, (folder: string) => object>> = {
  'a name that Kojibox uses': (root) => ({ name: 'adminer.localhost', type: 'html', root }),
  'another name that Kojibox uses': (root) => ({
    name: 'aliased.test',
    type: 'html',
    root,
    alias: 'adminer.localhost',
  }),
  'an unknown secret': (root) => ({ name: 'secret.test', type: 'node', root, startCommand: 'node ${secret:nope}' }),
  'a target elsewhere': () => ({ name: 'away.test', reverseProxy: [{ path: '/', url: 'http://169.254.169.254/' }] }),
  'a target that is no address': () => ({
    name: 'odd.test',
    reverseProxy: [{ path: '/', url: 'http://127.0.0.1:99999' }],
  }),
  'a domain that another has': (root) => ({ name: 'good.test', type: 'html', root }),
  'no folder': () => ({ name: 'gone.test', type: 'html', root: '/no/such/folder' }),
};

beforeAll(async () => {
  world = createEdgeOnlyWorld();
  place = join(world.root, 'flyenv');
  mkdirSync(join(place, 'server'), { recursive: true });
  const folders = Object.values(BAD).map((entry, index) => entry(makeSite(world, `bad-${index}`)));
  // So that it is a program.
  const program = join(world.root, 'sites', `bad-${Object.keys(BAD).indexOf('an unknown secret')}`);
  writeFileSync(join(program, 'package.json'), '{ "scripts": { "start": "node ." } }');
  const good = ['one', 'two'].map((id) => ({ name: `${id}.test`, type: 'html', root: makeSite(world, id) }));
  writeFileSync(join(place, 'server/host.json'), JSON.stringify([good[0], ...folders, good[1]]));
  await world.koji('up', '--json');
});
afterAll(() => world.remove());

const stored = (): unknown =>
  ['projects', 'domains', 'proxy'].map((name) => {
    try {
      return (JSON.parse(readFileSync(world.path(`app/config/${name}.json`), 'utf8')) as { value: unknown }).value;
    } catch {
      return []; // Never written: as good as empty.
    }
  });
const ids = async (): Promise<string[]> =>
  (await world.call<ProjectConfig[]>('config.listProjects')).map(({ id }) => id).sort();
/** The change at its end, or why there is none. */
const outcome = async (method: string, params: object): Promise<Change | ErrorBody> => {
  const { result, error } = (await world.rpc(JSON.stringify({ method, params }))).body as {
    result?: Change;
    error?: ErrorBody;
  };
  if (result === undefined) return error as ErrorBody;
  if (!('status' in result)) throw new Error(`${method} was not refused: ${JSON.stringify(params)}`);
  for (;;) {
    const change = await world.call<Change>('changes.get', { id: result.id });
    if (change.status !== 'running') return change;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

it.each(Object.keys(BAD))('the import refuses a site with %s, and stores nothing of it', async (what) => {
  const { name } = (BAD[what] ?? Object)('') as { name: string };
  const before = stored();
  const ended = await outcome('imports.apply', { ...from(), keys: [`flyenv:${name}`] });
  const error = 'status' in ended ? ended.error : ended;
  expect(error).toMatchObject({ code: expect.not.stringMatching(/^INTERNAL$/) as string });
  expect(stored()).toEqual(before);
  expect((await world.get('/', 'good.test')).body).toBe('I am good');
  const records = await world.call<ImportRecord[]>('imports.list');
  expect(records.flatMap(({ projects, domains }) => [...projects, ...domains])).toEqual([]);
});

it('the first run keeps no answer that cannot be applied', async () => {
  const before = await world.call<FirstRunStatus>('firstRun.status');
  for (const answers of [
    { phpVersion: '9.9' },
    { nodeVersion: '1' },
    { projectsFolder: 'relative' },
    { projectsFolder: join(place, 'server/host.json') },
    { ports: { 'redis.constructor': 7000 } },
    { ports: { 'postgres.postgres': 7000, 'redis.redis': 7000 } },
  ])
    expect(await outcome('firstRun.answer', { answers }), JSON.stringify(answers)).toHaveProperty('code');
  expect((await world.call<FirstRunStatus>('firstRun.status')).answers).toEqual(before.answers);
});

it('the first run takes over what it can, says what it cannot, and ends', async () => {
  const { sites } = await world.call<ImportScan>('imports.scan', from());
  const keys = sites.map(({ key }) => key);
  expect(keys).toHaveLength(Object.keys(BAD).length + 2);
  await world.call('firstRun.answer', {
    answers: { services: [], node: false, hosts: true, resolver: false, trust: false, imports: [{ ...from(), keys }] },
  });
  const change = (await outcome('firstRun.apply', {})) as Change;
  expect(change).toMatchObject({ status: 'done' });
  const failed = change.tasks.filter(({ status }) => status === 'failed').map(({ id }) => id);
  expect(failed.sort()).toEqual([
    'flyenv:adminer.localhost',
    'flyenv:aliased.test',
    'flyenv:odd.test',
    'flyenv:secret.test',
  ]);
  expect((await world.call<FirstRunStatus>('firstRun.status')).state).toBe('done');
  expect((await ids()).filter((id) => id !== 'good')).toEqual(['one', 'two']);
  for (const id of ['good', 'one', 'two']) expect((await world.get('/', `${id}.test`)).body).toBe(`I am ${id}`);
});
