import { describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import { detectProject } from '../projects/detect.ts';
import { localDomain, toCandidate, type CandidateWorld } from './candidates.ts';
import { ddev } from './ddev.ts';
import { site } from './importer.ts';
import { memoryFiles } from './testing/memory-files.ts';
import { herd, valet } from './valet.ts';

const LOCAL = ['test', 'localhost', 'local'];

it.each([
  ['shop.test', 'shop.test'],
  ['My_Shop.TEST', 'my-shop.test'],
  ['news.ddev.site', 'news.test'],
  ['api.news.ddev.site', 'api.news.test'],
  ['example.com', 'example.test'],
  ['blog', 'blog.test'],
  ['-a-.test', 'a.test'],
  ['a..b.local', 'a.b.local'],
  ['../../etc', 'etc.test'],
  ['', 'project.test'],
  ['bücher.test', 'bucher.test'],
])('"%s" is %s here', (written, here) => {
  expect(localDomain(written, LOCAL)).toBe(here);
});

const files = memoryFiles({
  '/code/shop/index.php': '',
  '/code/empty/notes.txt': '',
  '/code/rails/Gemfile': '',
  '/code/rails/config/master.key': '',
  '/code/rails/public/404.html': '',
  '/code/node/server.js': '',
});
const project = (change: Partial<ProjectConfig>): ProjectConfig => ({
  id: 'shop',
  name: 'Shop',
  path: '/elsewhere',
  domain: 'other.test',
  stack: 'php',
  overrides: {},
  ...change,
});
const world = (change: Partial<CandidateWorld> = {}): CandidateWorld => ({
  projects: [],
  domainOwner: () => null,
  localDomains: LOCAL,
  versions: {
    php: { available: ['8.2', '8.4'], standard: '8.2' },
    node: { available: ['22', '24'], standard: '24' },
  },
  detect: (path) => detectProject(files, path),
  realFolder: async (path) => ((await files.stat(path))?.type === 'directory' ? path : null),
  isServable: async () => true,
  proxyFolder: '/kojibox/projects',
  ...change,
});
const shop = site({ name: 'shop', path: '/code/shop', source: 'x' });

describe('a candidate', () => {
  it('is what would be created', async () => {
    const { project: proposed, problem, key } = await toCandidate('valet', { ...shop, phpVersion: '8.4' }, world());
    expect([problem, key]).toEqual([null, 'valet:shop']);
    expect(proposed).toEqual(
      project({ name: 'shop', path: '/code/shop', domain: 'shop.test', overrides: { PHP_VERSION: '8.4' } }),
    );
  });

  it.each([
    ['8.1', undefined, 'it had PHP 8.1, and gets PHP 8.2'],
    ['8.3', '8.4', 'it had PHP 8.3, and gets PHP 8.4'],
    ['8.2', undefined, undefined],
  ])('that had PHP %s gets %s', async (had, gets, warning) => {
    const { project: proposed, warnings } = await toCandidate('valet', { ...shop, phpVersion: had }, world());
    expect(proposed.overrides['PHP_VERSION']).toBe(gets);
    expect(warnings[0]).toBe(warning);
  });

  it.each([
    ['path-missing', { path: '/code/gone' }, {}],
    ['path-missing', { path: null }, {}],
    ['already-there', {}, { projects: [project({ path: '/code/shop' })] }],
    ['domain-taken', {}, { projects: [project({ domain: 'shop.test' })] }],
    ['domain-taken', {}, { domainOwner: () => 'a rule' }],
    ['path-unreadable', {}, { isServable: async () => false }],
    ['nothing-to-serve', { path: '/code/empty' }, {}],
    ['nothing-to-serve', { path: '/code/empty', documentRoot: '/code/empty' }, {}],
    ['nothing-to-serve', { path: '/code/rails' }, {}],
    [null, { path: '/code/rails', documentRoot: '/code/rails/public' }, {}],
    [null, { path: '/code/empty', command: 'run $PORT' }, {}],
    ['nothing-to-serve', { target: 'http://10.0.0.1:80' }, {}],
    ['nothing-to-serve', { target: 'http://127.0.0.1.evil.test' }, {}],
    [null, { target: 'http://localhost:3000', path: null }, {}],
  ] as const)('has the problem %s: %j', async (expected, found, change) => {
    const { problem, reason } = await toCandidate('valet', { ...shop, ...found }, world(change));
    expect(problem).toBe(expected);
    expect(reason === '').toBe(expected === null);
  });

  it('takes no id that another project has', async () => {
    const { project: proposed } = await toCandidate('valet', shop, world({ projects: [project({})] }));
    expect(proposed.id).toBe('shop-2');
  });

  it('leaves no folder by its document root', async () => {
    const found = { ...shop, documentRoot: '/code/node' };
    expect((await toCandidate('valet', found, world())).project.overrides).toEqual({});
  });

  it('that is a Node program keeps its command and version', async () => {
    const found = site({ name: 'node', path: '/code/node', nodeVersion: '22', command: 'node x.js', source: 'x' });
    expect((await toCandidate('flyenv', found, world())).project).toMatchObject({
      stack: 'node',
      overrides: { COMMAND: 'node x.js', NODE_VERSION: '22' },
    });
  });
});

describe('reading folders', () => {
  const config = JSON.stringify({ tld: 'test', paths: ['/home/me/.config/valet/Sites', '/home/me/park'] });

  it('links that go round in circles are no sites, and spoil no others', async () => {
    const home = memoryFiles(
      { '/home/me/.config/valet/config.json': config, '/home/me/park/a/index.php': '', '/home/me/park/.git/x': '' },
      { '/home/me/.config/valet/Sites/loop': '/home/me/.config/valet/Sites/loop' },
    );
    const found = await valet.read(home, '/home/me/.config/valet');
    expect(found?.sites.map(({ name, path }) => [name, path])).toEqual([
      ['loop', '/home/me/.config/valet/Sites/loop'],
      ['a', '/home/me/park/a'],
    ]);
  });

  it('Valet and Herd are told apart by their folders', async () => {
    const at = (place: string) => memoryFiles({ [`${place}/config.json`]: config });
    expect(await herd.read(at('/u/.config/valet'), '/u/.config/valet')).toBeNull();
    expect(await valet.read(at('/u/.config/herd/config/valet'), '/u/.config/herd/config/valet')).toBeNull();
    expect((await herd.read(at('/u/.config/herd/config/valet'), '/u/.config/herd'))?.place).toBe(
      '/u/.config/herd/config/valet',
    );
  });

  it('DDEV of old keeps its list in the global settings', async () => {
    const old = memoryFiles({
      '/u/.ddev/global_config.yaml': 'instrumentation_opt_in: false\nproject_info:\n  a:\n    approot: /u/a\n',
      '/u/a/.ddev/config.yaml': 'name: a\ntype: php\ndocroot: ""\n',
    });
    expect((await ddev.read(old, '/u/.ddev'))?.sites).toMatchObject([{ name: 'a', path: '/u/a' }]);
  });
});
