/** Sites of other tools, from their settings to a page over HTTPS, and back. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import type { DomainMapping } from '../../contract/domains.ts';
import type { ImportCandidate, ImportRecord, ImportScan } from '../../contract/importers.ts';
import { fingerprintOf, layOutImportHome } from './import-home.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let home: string;
let before: string;
const upstream = createServer((_, response) => response.end('mailpit itself'));

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  home = mkdtempSync(join(tmpdir(), 'kojibox-import-'));
  layOutImportHome(home);
  const proxy = join(home, '.config/valet/Nginx/mailpit.test');
  writeFileSync(proxy, readFileSync(proxy, 'utf8').replace(':8025', `:${port}`));
  before = fingerprintOf(home);
  world = createStackWorld({ HOME: home });
});
afterAll(() => {
  upstream.close();
  world.remove();
  rmSync(home, { recursive: true, force: true });
});

const scan = (params: object = {}): Promise<ImportScan> => world.call('imports.scan', params);
const find = ({ sites }: ImportScan, key: string): ImportCandidate => {
  const found = sites.find((site) => site.key === key);
  if (found === undefined) throw new Error(`${key} is none of ${sites.map((site) => site.key).join(', ')}`);
  return found;
};
const projects = (): Promise<ProjectConfig[]> => world.call('config.listProjects');

describe('what is found', () => {
  it('is every tool in its usual place, with what is wrong in its settings', async () => {
    const { sources } = await scan();
    expect(sources.map(({ tool }) => tool).sort()).toEqual([
      'ddev',
      'flyenv',
      'herd',
      'laragon',
      'mamp',
      'valet',
      'xampp',
    ]);
    expect(sources.find(({ tool }) => tool === 'valet')?.warnings).toEqual([
      `the parked folder ${home}/gone is not there`,
    ]);
    expect(sources.find(({ tool }) => tool === 'flyenv')?.warnings[0]).toContain('host 3 has no name');
  });

  it('has names, folders, versions and databases as the tool has them', async () => {
    const found = await scan();
    const project = (key: string): ProjectConfig => find(found, key).project;
    expect(project('laragon:shop.test')).toEqual({
      id: 'shop',
      name: 'shop.test',
      path: `${home}/laragon/www/shop`,
      domain: 'shop.test',
      stack: 'php',
      overrides: { DOCUMENT_ROOT: 'public', PHP_VERSION: '8.4' },
    });
    expect(find(found, 'laragon:shop.test').databases).toEqual(['mysql 8.0.30']);
    expect(project('laragon:blog')).toMatchObject({ stack: 'static', domain: 'blog.test' });
    expect(project('xampp:intranet.local')).toMatchObject({
      path: `${home}/xampp/htdocs/intranet`,
      domain: 'intranet.local',
    });
    expect(find(found, 'xampp:intranet.local').aliases).toEqual(['www.intranet.local', 'help.intranet.local']);
    expect(project('xampp:api.example.com')).toMatchObject({
      stack: 'proxy',
      domain: 'api.example.test',
      overrides: { TARGET: 'http://127.0.0.1:3000/' },
    });
    expect(project('mamp:portfolio.dev')).toMatchObject({ domain: 'portfolio.test', stack: 'static' });
    expect(find(found, 'mamp:portfolio.dev').warnings).toContain('it was portfolio.dev, and becomes portfolio.test');
    expect(project('valet:api').overrides).toEqual({ DOCUMENT_ROOT: 'public', PHP_VERSION: '8.4' });
    expect(project('valet:docs')).toMatchObject({ domain: 'docs.test', path: `${home}/sites/wiki` });
    expect(project('herd:store')).toMatchObject({ domain: 'store.test', overrides: { PHP_VERSION: '8.4' } });
    expect(find(found, 'herd:store').aliases).toEqual(['checkout.test']);
    expect(find(found, 'herd:admin').warnings).toEqual(['it had PHP 8.3, and gets PHP 8.4']);
    expect(find(found, 'flyenv:fly.test').aliases).toEqual(['www.fly.test', 'fly2.test']);
    expect(project('flyenv:ml.test').overrides).toEqual({ TARGET: 'http://127.0.0.1:5000' });
    expect(project('ddev:news')).toMatchObject({
      domain: 'news.test',
      path: `${home}/code/news`,
      overrides: { DOCUMENT_ROOT: 'web', PHP_VERSION: '8.4' },
    });
    expect(find(found, 'ddev:news').databases).toEqual(['mariadb 10.11']);
    expect(find(found, 'ddev:news').aliases).toEqual(['intern.test']);
  });

  it('says what cannot be taken over, and why', async () => {
    const found = await scan();
    const problem = (key: string): [string | null, string] => [find(found, key).problem, find(found, key).reason];
    expect(problem('laragon:my_crm.test')).toEqual(['path-missing', '/mnt/d/projects/crm/public is not there']);
    expect(problem('laragon:empty')[0]).toBe('nothing-to-serve');
    expect(problem('valet:lost')[0]).toBe('path-missing');
    // The same folder by its link and by its parked folder.
    expect(problem('valet:wiki')).toEqual(['already-there', 'project docs has this folder']);
    expect(problem('ddev:old-site')).toEqual(['path-missing', `${home}/code/old-site is not there`]);
  });

  it('is one project or one tool where a folder is named', async () => {
    const { sites } = await scan({ path: join(home, 'code/news') });
    expect(sites.map(({ key }) => key)).toEqual(['ddev:news']);
    const refused = await world.kojiResult('import', 'laragon', join(home, 'sites'), '--dry-run', '--json');
    expect(refused.code).toBe(3);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: 'NOT_FOUND', detail: 'laragon has no settings there' },
    });
    expect((await world.kojiResult('import', join(home, 'nowhere'), '--dry-run')).stderr).toContain('no such folder');
  });

  it('a folder that may not be read and settings that are broken are words, not failures', async () => {
    const broken = mkdtempSync(join(tmpdir(), 'kojibox-broken-'));
    layOutImportHome(broken);
    for (const file of ['.config/valet/config.json', '.config/FlyEnv/server/host.json', '.ddev/project_list.yaml'])
      writeFileSync(join(broken, file), '{"a": [&x');
    writeFileSync(join(broken, 'xampp/etc/extra/httpd-vhosts.conf'), '<VirtualHost *>\nServerName "x');
    writeFileSync(join(broken, 'laragon/usr/laragon.ini'), Buffer.from([0xff, 0xfe, 0, 1, 2]));
    chmodSync(join(broken, 'laragon/www/blog'), 0o700);
    try {
      const valet = await scan({ tool: 'valet', path: join(broken, '.config/valet') });
      expect(valet.sources[0]?.warnings[0]).toContain('is not JSON');
      const xampp = await scan({ tool: 'xampp', path: join(broken, 'xampp') });
      expect(xampp.sources[0]?.warnings[0]).toContain('a quotation mark is not closed');
      expect((await scan({ tool: 'ddev', path: join(broken, '.ddev') })).sites).toEqual([]);
      const laragon = await scan({ tool: 'laragon', path: join(broken, 'laragon') });
      expect(find(laragon, 'laragon:shop.test').problem).toBe(null);
      if (process.getuid?.() === 0) expect(find(laragon, 'laragon:blog').problem).toBe('path-unreadable');
    } finally {
      rmSync(broken, { recursive: true, force: true });
    }
  });
});

describe('an import', () => {
  it('as a dry run shows all, and changes nothing', async () => {
    const text = await world.koji('import', '--dry-run');
    expect(text).toContain('laragon:shop.test');
    expect(text).toContain('left out: /mnt/d/projects/crm/public is not there');
    expect(await projects()).toEqual([]);
    expect(await world.call('imports.list')).toEqual([]);
    // Nobody is there to be asked.
    expect((await world.kojiResult('import')).stderr).toContain('give --yes or --dry-run');
  });

  it('is served over HTTPS, by all its names, and its files stay as they are', async () => {
    await world.koji('setup', '--services', 'php', '--php', '8.4', '--yes', '--json');
    const text = await world.koji(
      'import',
      ...['xampp:intranet.local', 'laragon:blog', 'valet:mailpit', 'ddev:news'].flatMap((key) => ['--only', key]),
      '--yes',
    );
    expect(text).toContain('koji import undo import-1');
    for (const host of ['intranet.local', 'www.intranet.local', 'help.intranet.local'])
      expect(await world.get('/', host), host).toMatchObject({ status: 200, body: 'intranet of xampp' });
    expect((await world.get('/', 'blog.test')).body).toContain('blog of laragon');
    expect((await world.get('/', 'mailpit.test')).body).toBe('mailpit itself');
    expect((await world.get('/', 'news.test')).body).toMatch(/^news of ddev, PHP 8\.4\./);
    expect(fingerprintOf(home)).toBe(before);
    expect(find(await scan(), 'xampp:intranet.local')).toMatchObject({
      problem: 'already-there',
      reason: 'project intranet has this folder',
    });
  });

  it('takes no name that somebody has', async () => {
    const other = join(home, 'sites/api');
    await world.call('config.setProject', { id: 'mine', name: 'Mine', path: other, domain: 'shop.test', stack: 'php' });
    expect(find(await scan(), 'laragon:shop.test')).toMatchObject({
      problem: 'domain-taken',
      reason: 'mine has the domain shop.test',
    });
    const refused = await world.kojiResult('import', 'laragon', '--only', 'laragon:shop.test', '--yes', '--json');
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: 'VALIDATION_FAILED', detail: 'mine has the domain shop.test' },
    });
    expect((await projects()).map(({ id }) => id)).not.toContain('shop');
  });

  it('is undone whole, and alone', async () => {
    const [record] = await world.call<ImportRecord[]>('imports.list');
    expect(record?.projects.map(({ id }) => id).sort()).toEqual(['blog', 'intranet', 'mailpit', 'news']);
    // Taken out by hand before: as undone as can be.
    await world.koji('project', 'remove', 'blog');
    await world.koji('import', 'undo', 'import-1');
    expect((await projects()).map(({ id }) => id).sort()).toEqual(['hello', 'mine']);
    expect(await world.call<DomainMapping[]>('domains.list')).toEqual([
      expect.objectContaining({ domain: 'hello.test' }),
      expect.objectContaining({ domain: 'shop.test' }),
    ]);
    expect((await world.get('/', 'intranet.local').catch(() => ({ status: 0 }))).status).not.toBe(200);
    expect(fingerprintOf(home)).toBe(before);
    // Once more is no harm, also when somebody made a project of that id since.
    await world.call('config.setProject', {
      id: 'intranet',
      name: 'Mine too',
      path: join(home, 'xampp/htdocs/intranet'),
      domain: 'intranet.test',
      stack: 'php',
    });
    await world.koji('import', 'undo', 'import-1');
    expect((await projects()).map(({ id }) => id)).toContain('intranet');
    expect((await world.kojiResult('import', 'undo', 'import-9')).code).toBe(3);
  });
});
