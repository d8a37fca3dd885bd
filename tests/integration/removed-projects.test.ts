/** What a removed project leaves: all of it stays while the removal can be undone, and goes with the next start. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import { createEdgeOnlyWorld, makeSite } from './edge-only-world.ts';
import type { StackWorld } from './stack-world.ts';

const STAMP = '2026-01-01T00-00-00-000Z';
/** The logs of a project by its ID, its sessions by its name; certificates are made when it is served. */
const filesOf = (id: string, domain: string): string[] => [
  ...['access', 'errors'].flatMap((kind) => [
    `runtime/logs/${kind}/${id}.log`,
    `runtime/logs/${kind}/${id}.${STAMP}.log.gz`,
    `runtime/logs/${kind}/.${id}.log.start`,
  ]),
  `runtime/logs/app-${id}.log`,
  `runtime/logs/app-${id}.${STAMP}.log.gz`,
  `runtime/sessions/${domain}/sess_1`,
  `runtime/sessions/${domain}-u1000/sess_1`,
];
const certificatesOf = (domain: string): string[] => ['pem', 'key'].map((ending) => `app/certs/${domain}.${ending}`);

let world: StackWorld;
const site = (id: string, domain = `${id}.test`): ProjectConfig => ({
  id,
  name: id,
  path: makeSite(world, id),
  domain,
  stack: 'static',
  overrides: {},
});
const left = (paths: readonly string[]): string[] => paths.filter((path) => existsSync(world.path(path)));
const restart = async (): Promise<void> => {
  await world.koji('quit');
  await world.koji('up', '--json');
};

/** Longer names of others that begin like the removed ones. */
const NEIGHBOURS = ['shop-2', 'shop.uk'];
const kept = NEIGHBOURS.flatMap((id) => [...filesOf(id, `${id}.test`), ...certificatesOf(`${id}.test`)]);
const undone = [...filesOf('back', 'back.test'), ...certificatesOf('back.test')];
const gone = [...filesOf('shop', 'shop.test'), ...certificatesOf('shop.test'), ...certificatesOf('alias.test')];

beforeAll(async () => {
  world = createEdgeOnlyWorld();
  await world.koji('up', '--json');
  for (const id of ['shop', 'back', ...NEIGHBOURS]) {
    await world.call('config.setProject', site(id));
    for (const path of filesOf(id, `${id}.test`)) {
      mkdirSync(dirname(world.path(path)), { recursive: true });
      writeFileSync(world.path(path), 'x');
    }
  }
  await world.call('domains.upsert', { domain: 'alias.test', projectId: 'shop', targetPort: 0 });
  await world.koji('certs', 'generate', 'alias.test');
});
afterAll(() => world.remove());

it('stays while the removal can be undone, and goes with the next start', async () => {
  const before = await world.call<ProjectConfig>('config.getProject', { id: 'back' });
  for (const id of ['shop', 'back']) await world.koji('project', 'remove', id);
  expect(left([...gone, ...undone, ...kept])).toEqual([...gone, ...undone, ...kept]);
  await world.call('config.setProject', before);

  await restart();
  expect(left(gone)).toEqual([]);
  expect(left([...undone, ...kept])).toEqual([...undone, ...kept]);
  expect((await world.get('/', 'back.test')).body).toBe('I am back');
  expect(JSON.parse(readFileSync(world.path('app/config/leftovers.json'), 'utf8'))).toMatchObject({ value: [] });
  for (const name of ['root-ca.pem', 'ca-bundle.pem', 'good.test.key', 'kojibox.localhost.pem'])
    expect(readdirSync(world.path('app/certs'))).toContain(name);
});

it('goes for a name that a project gave up, but not for one that another has taken', async () => {
  await world.call('config.setProject', site('back', 'new.test'));
  await world.call('config.setProject', site('shop-2', 'back.test'));
  await restart();
  expect(left(certificatesOf('back.test'))).toEqual(certificatesOf('back.test'));
  expect(left(certificatesOf('shop-2.test'))).toEqual([]);
  expect(left([`runtime/sessions/shop-2.test`, 'runtime/logs/access/shop-2.log'])).toEqual([
    'runtime/logs/access/shop-2.log',
  ]);
});
