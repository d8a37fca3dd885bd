/** Nothing that cannot be applied is stored, through whichever door; what becomes inapplicable costs only itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../contract/errors.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { createEdgeOnlyWorld, makeSite, writeStore } from './edge-only-world.ts';
import type { StackWorld } from './stack-world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = createEdgeOnlyWorld();
  await world.koji('up', '--json');
});
afterAll(() => world.remove());

const stored = (): Record<string, unknown> =>
  Object.fromEntries(
    ['projects', 'domains', 'proxy', 'own-services', 'app', 'services'].map((name) => {
      const file = world.path(`app/config/${name}.json`);
      try {
        return [name, (JSON.parse(readFileSync(file, 'utf8')) as { value: unknown }).value];
      } catch {
        return [name, []]; // Never written: as good as empty.
      }
    }),
  );
const refusal = async (method: string, params: unknown): Promise<ErrorBody> => {
  const answer = (await world.rpc(JSON.stringify({ method, params }))).body as { error?: ErrorBody };
  if (answer.error === undefined) throw new Error(`${method} was not refused`);
  return answer.error;
};
const siteOf = (id: string, more: Partial<ProjectConfig> = {}): ProjectConfig => ({
  id,
  name: id,
  path: makeSite(world, id),
  domain: `${id}.test`,
  stack: 'static',
  overrides: {},
  ...more,
});
const status = (): Promise<StackStatus> => world.call('stack.status');
let count = 0;
/** Another project can still be created, and is served. */
const proveAlive = async (): Promise<void> => {
  const id = `alive-${(count += 1)}`;
  await world.call('config.setProject', siteOf(id));
  expect((await world.get('/', `${id}.test`)).body).toBe(`I am ${id}`);
  expect((await world.get('/', 'good.test')).body).toBe('I am good');
  await world.call('projects.remove', { id });
};

const BAD_PROJECTS: [what: string, more: Partial<ProjectConfig>, field: string][] = [
  ['a public domain', { domain: 'bad.dev' }, 'domain'],
  ['a domain that only looks local', { domain: 'bad.test.com' }, 'domain'],
  ['a domain that Kojibox uses', { domain: 'adminer.localhost' }, 'domain'],
  ['a domain that another project has', { domain: 'good.test' }, 'domain'],
  ['a folder that is not there', { path: '/no/such/folder' }, 'path'],
  ['an unknown secret', { overrides: { X: 'a ${secret:nope} b' } }, 'overrides.X'],
  ['a secret in the command', { stack: 'program', overrides: { COMMAND: 'x ${secret:nope}' } }, 'overrides.COMMAND'],
  ['a target elsewhere', { stack: 'proxy', overrides: { TARGET: 'http://169.254.169.254/' } }, 'overrides.TARGET'],
  ['a target that is no address', { stack: 'proxy', overrides: { TARGET: 'x' } }, 'overrides.TARGET'],
  ['an unknown PHP', { overrides: { PHP_VERSION: '9.9' } }, 'overrides.PHP_VERSION'],
  ['an unknown Node', { overrides: { NODE_VERSION: '1' } }, 'overrides.NODE_VERSION'],
  ['a name that is no variable', { overrides: { 'A B': 'x' } }, 'overrides.A B'],
  ['a value that no program can receive', { overrides: { X: 'a\0b' } }, 'overrides.X'],
];

describe('a project with', () => {
  it.each(BAD_PROJECTS)('%s is refused at its field, new or changed', async (_, more, field) => {
    const good = siteOf('changed');
    await world.call('config.setProject', good);
    const before = stored();
    for (const id of ['changed', 'fresh']) {
      const error = await refusal('config.setProject', { ...siteOf(id), ...more });
      expect(error.code).not.toBe('INTERNAL');
      expect(error.field).toBe(field);
      const { path, ...rest } = more;
      expect((await refusal('projects.update', { id, path: path ?? siteOf(id).path, ...rest })).field).toBe(field);
    }
    expect(stored()).toEqual(before);
    await proveAlive();
  });

  it('a bad setting of a new one is refused before its files are made', async () => {
    const before = stored();
    for (const [wanted, field] of [
      [{ kind: 'static', name: 'Fresh', domain: 'fresh.dev' }, 'domain'],
      [{ kind: 'static', name: 'Fresh', php: '9.9' }, 'overrides.PHP_VERSION'],
      [{ kind: 'static', name: 'Fresh', command: '${secret:nope}' }, 'overrides.COMMAND'],
      [{ kind: 'proxy', name: 'Fresh', target: 'http://10.0.0.1' }, 'overrides.TARGET'],
      [{ kind: 'proxy', name: 'Fresh' }, 'target'],
    ] as const)
      expect((await refusal('projects.create', wanted)).field, JSON.stringify(wanted)).toBe(field);
    const said = await world.kojiResult('project', 'create', 'static', 'Fresh', '--domain', 'fresh.dev');
    expect(said.code).toBe(2);
    expect(said.stderr).toContain('fresh.dev');
    expect(stored()).toEqual(before);
    await proveAlive();
  });
});

describe('every other door', () => {
  it('refuses a name that is not local, and a secret that is not there', async () => {
    const before = stored();
    const reference = { X: '${secret:nope}' };
    for (const [method, params, field] of [
      ['domains.upsert', { domain: 'a.dev', projectId: 'good', targetPort: 0 }, 'domain'],
      ['domains.upsert', { domain: 'a.dev', projectId: 'good', targetPort: 3000 }, 'domain'],
      ['domains.upsert', { domain: 'a.test', projectId: 'nobody', targetPort: 0 }, 'projectId'],
      [
        'proxy.apply',
        { rules: [{ host: 'a.dev', path: '/', target: 'http://127.0.0.1:3000', tls: false }] },
        'rules.0.host',
      ],
      ['config.setService', { id: 'edge', enabled: true, ports: {}, env: reference, args: [] }, 'env.X'],
      ['config.setApp', { ...(await world.call<object>('config.getApp')), overrides: reference }, 'overrides.X'],
      ['services.define', { id: 'own', binary: '/bin/true', env: reference }, 'env.X'],
      ['services.define', { id: 'own', binary: 'no-such-program' }, 'binary'],
      ['services.define', { id: 'own', binary: '/no/such/program' }, 'binary'],
      ['services.define', { id: 'own', binary: '/bin/true', cwd: '/no/such/folder' }, 'cwd'],
    ] as const) {
      const error = await refusal(method, params);
      expect([method, error.field, error.code]).toEqual([method, field, expect.not.stringMatching('INTERNAL')]);
    }
    expect(stored()).toEqual(before);
    expect((await world.services()).map(({ id }) => id)).not.toContain('own');
    await proveAlive();
  });

  it('a service that does not start is not kept', async () => {
    const before = stored();
    const error = await refusal('services.define', {
      id: 'own',
      binary: '/bin/sh',
      args: ['-c', 'echo broken; exit 7'],
    });
    expect(error.code).toBe('START_FAILED');
    expect(error.detail).toContain('broken');
    expect(stored()).toEqual(before);
    expect((await world.services()).map(({ id }) => id)).not.toContain('own');
  });

  it('one domain has one row, and a project can be changed when a rule is for its domain', async () => {
    await world.call('config.setProject', siteOf('dj'));
    await world.call('domains.upsert', { domain: 'dj.test', projectId: 'dj', targetPort: 0 });
    await world.call('domains.upsert', { domain: 'dj.test', projectId: 'dj', targetPort: 8199 });
    const rows = async (): Promise<unknown[]> =>
      (await world.call<{ domain: string }[]>('domains.list')).filter(({ domain }) => domain === 'dj.test');
    expect(await rows()).toEqual([{ domain: 'dj.test', projectId: 'dj', targetPort: 8199 }]);
    await world.call('domains.upsert', { domain: 'dj.test', projectId: 'dj', targetPort: 0 });
    expect(await rows()).toEqual([{ domain: 'dj.test', projectId: 'dj', targetPort: 0 }]);
    await world.call('proxy.apply', {
      rules: [{ host: 'dj.test', path: '/api', target: 'http://127.0.0.1:3000', tls: false }],
    });
    await world.call('projects.update', { id: 'dj', name: 'Other' });
    await world.call('proxy.apply', { rules: [] });
    await world.call('domains.upsert', { domain: 'alias.test', projectId: 'dj', targetPort: 0 });
    await world.call('projects.remove', { id: 'dj' });
    expect(
      (await world.call<{ projectId: string }[]>('domains.list')).filter(({ projectId }) => projectId === 'dj'),
    ).toEqual([]);
  });

  it('a patch keeps what it does not name', async () => {
    await world.call('config.setProject', siteOf('patched', { overrides: { A: '1', B: '2' } }));
    await world.koji('project', 'set', 'patched', '--overrides', 'C=3', '--unset', 'A', '--no-autostart');
    expect(await world.call('config.getProject', { id: 'patched' })).toMatchObject({
      domain: 'patched.test',
      overrides: { B: '2', C: '3' },
      autostart: false,
    });
    expect((await world.kojiResult('project', 'set', 'nowhere', '--name', 'X')).code).toBe(3);
  });
});

describe('a program that ends at once', () => {
  it('does not end `koji app`, and the other sites are served', async () => {
    await world.call('config.setProject', siteOf('steady'));
    await world.koji('quit');
    const file = world.path('app/config/projects.json');
    const document = JSON.parse(readFileSync(file, 'utf8')) as { value: ProjectConfig[] };
    document.value.push(siteOf('broken', { stack: 'program', overrides: { COMMAND: 'exit 7' } }));
    writeFileSync(file, JSON.stringify(document));
    const env = { ...process.env, KOJIBOX_HOME: world.home, KOJIBOX_HOSTS_FILE: join(world.root, 'hosts') };
    const app = spawn('./koji', ['app', '--headless'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(app, 'exit');
    let said = '';
    for (const stream of [app.stdout, app.stderr])
      stream.setEncoding('utf8').on('data', (piece: string) => (said += piece));
    // Without a cure it ends by itself, and never says this.
    const stays = (async () => {
      while (app.exitCode === null && !said.includes('Ctrl-C stops everything')) await setTimeout(50);
      return 'stays';
    })();
    expect(await Promise.race([stays, ended.then(() => said)])).toBe('stays');
    expect(said).toContain('it ended with code 7');
    // Programs that wait for it are told of a site that answers, and only of that.
    expect(said).toMatch(/^ready https:\/\/\S+$/m);
    expect(said).not.toMatch(/^ready https:\/\/broken\./m);
    expect(said).toMatch(/^not ready https:\/\/broken\.\S+: not served: .+ has failed$/m);
    expect((await world.get('/', 'steady.test')).status).toBe(200);
    app.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await world.koji('project', 'remove', 'broken');
    await world.koji('up', '--json');
  });
});

describe('a runtime that cannot be had', () => {
  it('costs its own site: the others are served, and the exit code says so', async () => {
    // Nothing listens there.
    await world.koji('mirror', 'set', 'debian', 'http://127.0.0.1:9/debian');
    await world.call('config.setProject', siteOf('steady'));
    const hungry = siteOf('hungry', { stack: 'php', overrides: { PHP_VERSION: '8.4' } });
    // Asked for at once, it is refused with the reason.
    expect((await refusal('config.setProject', hungry)).code).not.toBe('INTERNAL');
    await world.koji('quit');
    const file = world.path('app/config/projects.json');
    const document = JSON.parse(readFileSync(file, 'utf8')) as { value: ProjectConfig[] };
    document.value = [...document.value.filter(({ id }) => id !== 'hungry'), hungry];
    writeFileSync(file, JSON.stringify(document));
    const up = await world.kojiResult('up', '--json');
    expect(up.code).toBe(1);
    const said = JSON.parse(up.stdout) as StackStatus & { error: ErrorBody };
    expect(said.ready).toBe(false);
    expect(said.error.remedy).not.toBe('');
    expect(said.services).toContainEqual(expect.objectContaining({ id: 'edge', state: 'running' }));
    // What is missing, and the cure, stand at the service, in the window too.
    const php = said.services.find(({ id }) => id === 'php-8.4');
    expect(php).toMatchObject({ state: 'error', error: { code: said.error.code, remedy: said.error.remedy } });
    expect((await world.get('/', 'steady.test')).status).toBe(200);
    expect((await world.kojiResult('status')).code).toBe(1);
    await world.koji('project', 'remove', 'hungry');
    await world.koji('mirror', 'clear', 'debian');
    await world.koji('up', '--json');
  });
});

describe('what becomes inapplicable', () => {
  it('a folder that goes while its site is served: the site says so, with the cure, until it is back', async () => {
    await world.call('config.setProject', siteOf('moved'));
    expect((await status()).sites.find(({ projectId }) => projectId === 'moved')?.problem).toBeUndefined();
    const [place, away] = [join(world.root, 'sites/moved'), join(world.root, 'sites/moved-away')];
    renameSync(place, away);
    const { sites, ready } = await status();
    const problem = sites.find(({ projectId }) => projectId === 'moved')?.problem;
    expect(problem?.detail).toContain('moved is not there');
    expect(ready).toBe(false);
    const said = await world.kojiResult('status');
    expect([said.code, said.stdout.includes(problem?.cure ?? 'no cure')]).toEqual([1, true]);
    expect((await world.get('/', 'moved.test')).status).toBe(503);
    renameSync(away, place);
    expect((await status()).sites.find(({ projectId }) => projectId === 'moved')?.problem).toBeUndefined();
    expect((await world.get('/', 'moved.test')).status).toBe(200);
    await world.call('projects.remove', { id: 'moved' });
  });

  it('costs its own site, which says so everywhere, and survives a restart', async () => {
    await world.call('secrets.set', { key: 'gone', scope: 'app', value: 'v' });
    await world.call('config.setProject', siteOf('lost', { path: makeSite(world, 'lost') }));
    await world.koji('quit');
    // Records that are older than the rule: a folder of source is not published.
    const source = join(world.root, 'sites/django');
    mkdirSync(join(source, 'shop'), { recursive: true });
    for (const name of ['manage.py', 'shop/settings.py']) writeFileSync(join(source, name), 'SECRET_KEY = 1');
    const assets = join(world.root, 'sites/pictures');
    mkdirSync(assets, { recursive: true });
    writeFileSync(join(assets, 'a.css'), 'a{}');
    const file = world.path('app/config/projects.json');
    const document = JSON.parse(readFileSync(file, 'utf8')) as { value: ProjectConfig[] };
    document.value.push(
      siteOf('foreign', { domain: 'foreign.dev' }),
      siteOf('secretive', { overrides: { X: '${secret:nope}' } }),
      siteOf('versioned', { stack: 'static', overrides: { PHP_VERSION: '9.9' } }),
      siteOf('twin', { domain: 'good.test' }),
      siteOf('source', { path: source }),
      siteOf('source-php', { path: source, stack: 'php' }),
      siteOf('assets', { path: assets }),
    );
    writeFileSync(file, JSON.stringify(document));
    writeStore(world.home, 'domains.json', [
      { domain: 'orphan.test', projectId: 'nobody', targetPort: 0 },
      { domain: 'elsewhere.dev', projectId: 'good', targetPort: 0 },
      { domain: 'also-good.test', projectId: 'good', targetPort: 0 },
      { domain: 7 },
    ]);
    writeStore(world.home, 'proxy.json', [
      { host: 'ruled.dev', path: '/', target: 'http://127.0.0.1:3000', tls: false },
      'nonsense',
    ]);
    renameSync(join(world.root, 'sites/lost'), join(world.root, 'sites/lost-away'));
    const up = await world.kojiResult('up', '--json');
    expect(up.stdout + up.stderr).not.toContain('INTERNAL');
    expect(up.code).toBe(0);

    for (const host of ['good.test', 'also-good.test', 'patched.test'])
      expect((await world.get('/', host)).status, host).toBe(200);
    const { sites, problems, notices } = await status();
    const broken = ['foreign', 'lost', 'secretive', 'source', 'source-php', 'twin', 'versioned'];
    expect(sites.flatMap(({ projectId, problem }) => (problem === undefined ? [] : [projectId])).sort()).toEqual(
      broken,
    );
    expect(problems?.map(({ scope, id }) => `${scope} ${id}`).sort()).toEqual([
      'domain elsewhere.dev',
      'domain orphan.test',
      ...broken.map((id) => `project ${id}`),
      'proxy ruled.dev/',
    ]);
    for (const host of ['source.test', 'source-php.test']) {
      const page = await world.get('/shop/settings.py', host);
      expect(page.status, host).toBe(503);
      expect(page.body).not.toContain('SECRET_KEY');
    }
    expect(sites.find(({ projectId }) => projectId === 'source')?.problem).toMatchObject({
      detail: expect.stringContaining('Django') as string,
      cure: expect.stringContaining('koji project set source --stack program') as string,
    });
    expect((await world.get('/a.css', 'assets.test')).body).toBe('a{}');
    expect(notices.filter((text) => text.includes('set-aside'))).toHaveLength(2);
    for (const [host, why] of [
      ['lost.test', 'lost is not there'],
      ['secretive.test', 'secret:nope'],
      ['versioned.test', '9.9'],
      ['foreign.localhost', 'foreign.dev'],
    ] as const) {
      const answer = await world.get('/', host);
      expect([host, answer.status]).toEqual([host, 503]);
      expect(answer.body).toContain(why);
    }
    expect(readFileSync(join(world.root, 'hosts'), 'utf8')).not.toContain('.dev');
    const said = (await world.kojiResult('status')).stdout;
    for (const id of ['foreign.dev', 'lost.test', 'secretive.test', 'versioned.test']) expect(said).toContain(id);

    // The others can be changed and removed, and so can the bad ones.
    await proveAlive();
    for (const id of broken) await world.koji('project', 'remove', id);
    for (const domain of ['orphan.test', 'elsewhere.dev']) await world.call('domains.remove', { domain });
    await world.call('proxy.apply', { rules: [] });
    expect((await status()).problems).toEqual([]);
  });

  it('a certificate that cannot be made costs its own site', async () => {
    mkdirSync(world.path('app/certs/blocked.test.key/in-the-way'), { recursive: true });
    await world.call('config.setProject', siteOf('blocked'));
    await proveAlive();
    expect((await status()).problems).toEqual([expect.objectContaining({ scope: 'project', id: 'blocked' })]);
    await world.koji('project', 'remove', 'blocked');
  });
});
