import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProjectConfig, ServiceConfig, ServiceEffect } from '../../contract/config.ts';
import type { ServiceState } from '../../contract/services.ts';
import { freePort } from '../fixtures/free-port.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let folder: string;

beforeAll(async () => {
  world = createStackWorld();
  folder = join(world.root, 'code');
  mkdirSync(folder);
  await upPrepared(world.home, () => world.koji('up', '--json'));
});
afterAll(() => world.remove());

const service = async (id: string): Promise<ServiceState> => {
  const found = (await world.services()).find((state) => state.id === id);
  if (found === undefined) throw new Error(`no service ${id}`);
  return found;
};
const settings = (id: string): Promise<ServiceConfig> => world.call('config.getService', { id });
const project = (id: string): Promise<ProjectConfig> => world.call('config.getProject', { id });

describe('a new project', () => {
  it.each([
    ['php', 'Shop One', 'Your new PHP site'],
    ['static', 'Leaflet', 'Your new site'],
    ['node', 'Node App', 'Your new Node site'],
  ])('of kind %s is served at once', async (kind, name, title) => {
    await world.koji('project', 'create', kind, name, '--json');
    const host = `${name.toLowerCase().replace(' ', '-')}.test`;
    const answer = await world.get('/', host);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(title);
  });

  it('from a Git repository gets the settings that its files ask for', async () => {
    const repository = join(folder, 'repository');
    mkdirSync(join(repository, 'web'), { recursive: true });
    writeFileSync(join(repository, 'web/index.php'), '<?php echo "from git";');
    const git = (...args: string[]): unknown =>
      execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { stdio: 'pipe' });
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'first');
    await world.koji('project', 'create', 'git', 'Cloned', '--source', `file://${repository}`, '--json');
    expect(await project('cloned')).toMatchObject({ stack: 'php', overrides: { DOCUMENT_ROOT: 'web' } });
    expect((await world.get('/', 'cloned.test')).body).toBe('from git');
  });

  it('from a zip file loses the one folder around it', async () => {
    const zip = join(folder, 'site.zip');
    mkdirSync(join(folder, 'site-main'));
    writeFileSync(join(folder, 'site-main/index.html'), '<h1>from zip</h1>');
    execFileSync('python3', ['-m', 'zipfile', '-c', zip, 'site-main'], { cwd: folder });
    await world.koji('project', 'create', 'zip', 'Zipped', '--source', zip, '--json');
    expect((await world.get('/', 'zipped.test')).body).toContain('from zip');
  });

  it('that cannot be made leaves nothing behind', async () => {
    const missing = await world.kojiResult(
      'project',
      'create',
      'git',
      'Nowhere',
      '--source',
      'file:///no/such/repo',
      '--json',
    );
    expect(missing.code).not.toBe(0);
    expect(missing.stdout).toContain('DOWNLOAD_FAILED');
    expect(existsSync(world.path('app/projects/nowhere'))).toBe(false);
    expect(existsSync(world.path('app/projects/nowhere.new'))).toBe(false);
    const refusal = async (params: object): Promise<string | undefined> =>
      (await world.rpc(JSON.stringify({ method: 'projects.create', params }))).body.error?.code;
    for (const source of ['--upload-pack=touch /tmp/x', 'ext::sh -c id', ''])
      expect(await refusal({ kind: 'git', name: 'Bad', source })).toBe('VALIDATION_FAILED');
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    writeFileSync(join(taken, 'mine.txt'), 'mine');
    expect(await refusal({ kind: 'php', name: 'T', path: taken })).toBe('VALIDATION_FAILED');
    expect(readFileSync(join(taken, 'mine.txt'), 'utf8')).toBe('mine');
  });
});

describe('the settings of a project', () => {
  it('reach its code: base, service, project, user, the later wins; secrets are filled in', async () => {
    const path = join(folder, 'env');
    mkdirSync(path);
    writeFileSync(
      join(path, 'index.php'),
      '<?php echo json_encode([getenv("A"), getenv("B"), getenv("C"), $_SERVER["TOKEN"] ?? null, getenv("POSTGRES_HOST")]);',
    );
    chmodSync(path, 0o755);
    await world.call('secrets.set', { key: 'api-token', scope: 'project', value: 'hush-hush-123' });
    await world.call('config.setService', {
      ...(await settings('php')),
      env: { A: 'service', B: 'service', C: 'service' },
    });
    await world.call('config.setProject', {
      id: 'env',
      name: 'Env',
      path,
      domain: 'env.test',
      stack: 'php',
      overrides: { B: 'project', C: 'project', TOKEN: '${secret:api-token}' },
    });
    const app = await world.call<Record<string, unknown>>('config.getApp');
    await world.call('config.setApp', { ...app, overrides: { C: 'user' } });
    expect(JSON.parse((await world.get('/', 'env.test')).body)).toEqual([
      'service',
      'project',
      'user',
      'hush-hush-123',
      '127.0.0.1',
    ]);
    // Asked for again, the setting still names the secret.
    expect((await project('env')).overrides['TOKEN']).toBe('${secret:api-token}');
    expect(readFileSync(world.path('app/config/projects.json'), 'utf8')).not.toContain('hush-hush');
  });

  it('lets PHP keep sessions and take uploads', async () => {
    const path = join(folder, 'sessions');
    mkdirSync(path);
    writeFileSync(
      join(path, 'index.php'),
      '<?php session_start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; echo $_SESSION["n"], " ", is_writable(ini_get("upload_tmp_dir")) ? "uploads" : "no";',
    );
    chmodSync(path, 0o755);
    await world.call('config.setProject', { id: 's', name: 'S', path, domain: 's.test', stack: 'php', overrides: {} });
    const first = await world.get('/', 's.test');
    expect(first.body).toBe('1 uploads');
    const [cookie = ''] = (first.headers['set-cookie'] as string[])[0]?.split(';') ?? [];
    expect((await world.get('/', 's.test', { cookie })).body).toBe('2 uploads');
  });

  it('switch Xdebug on for one project alone, which then reaches the editor', async () => {
    const path = join(folder, 'debugged');
    mkdirSync(path);
    writeFileSync(join(path, 'index.php'), '<?php echo json_encode([extension_loaded("xdebug"), PHP_VERSION]);');
    chmodSync(path, 0o755);
    const config = { id: 'debugged', name: 'Debugged', path, domain: 'debugged.test', stack: 'php', overrides: {} };
    await world.call('config.setProject', config);
    expect(JSON.parse((await world.get('/', 'debugged.test')).body)).toMatchObject([false, expect.any(String)]);
    await world.call('config.setProject', { ...config, overrides: { XDEBUG: 'on' } });
    const editor = createServer().listen(9003, '127.0.0.1');
    const called = new Promise<string>((resolve) =>
      editor.once('connection', (socket) => {
        socket.once('data', (data) => {
          resolve(data.toString());
          socket.destroy();
        });
      }),
    );
    try {
      expect(JSON.parse((await world.get('/', 'debugged.test')).body)).toMatchObject([true, expect.any(String)]);
      expect(await called).toContain('xdebug');
    } finally {
      editor.close();
    }
    expect(await service('php-xdebug')).toMatchObject({ state: 'running' });
    await world.call('config.setProject', config);
    expect(JSON.parse((await world.get('/', 'debugged.test')).body)).toMatchObject([false, expect.any(String)]);
    // Nobody debugs any more.
    expect((await world.services()).map(({ id }) => id)).not.toContain('php-xdebug');
  });

  it('start a Node program again', async () => {
    const before = await service('app-node-app');
    const old = await project('node-app');
    await world.call('config.setProject', { ...old, overrides: { ...old.overrides, GREETING: 'x' } });
    const after = await service('app-node-app');
    expect(after.state).toBe('running');
    expect(after.pid).not.toBe(before.pid);
    expect((await world.get('/', 'node-app.test')).status).toBe(200);
    await world.call('projects.remove', { id: 'node-app' });
    expect((await world.services()).map(({ id }) => id)).not.toContain('app-node-app');
  });
});

describe('the settings of a service', () => {
  it('say what they restart, and then do', async () => {
    const config = await settings('redis');
    const before = await service('redis');
    const same = await world.call<ServiceEffect>('config.previewService', {
      ...config,
      ports: { redis: before.ports[0]?.port },
    });
    expect(same).toEqual({ restarts: [], starts: [], stops: [] });
    const port = await freePort();
    const wanted = { ...config, ports: { redis: port }, env: {}, args: ['--maxmemory', '64mb'] };
    expect(await world.call('config.previewService', wanted)).toEqual({ restarts: ['redis'], starts: [], stops: [] });
    await world.call('config.setService', wanted);
    const after = await service('redis');
    expect(after).toMatchObject({ state: 'running', ports: [{ port }] });
    expect(after.pid).not.toBe(before.pid);
    // PHP hears of the new port by itself.
    expect(JSON.parse((await world.get('/status.json', 'hello.test')).body)).toMatchObject({
      redis: expect.any(String),
    });
  });

  it('that it does not start with are taken back, and it runs as before', async () => {
    const config = await settings('redis');
    const refused = await world.kojiResult(
      'call',
      'config.setService',
      JSON.stringify({ ...config, args: ['--no-such-option', 'x'] }),
    );
    expect(refused.stdout + refused.stderr).toContain('cannot use the new settings of redis');
    expect(await settings('redis')).toEqual(config);
    expect(await service('redis')).toMatchObject({ state: 'running', health: 'healthy' });
  });

  it('are refused for a port that is held, with the name of the holder, and for a secret that is not there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const config = await settings('postgres');
    const held = await world.kojiResult(
      'call',
      'config.setService',
      JSON.stringify({ ...config, ports: { db: port } }),
    );
    server.close();
    expect(held.stdout + held.stderr).toMatch(new RegExp(`PORT_CONFLICT[\\s\\S]*process ${process.pid}`));
    const secret = await world.kojiResult(
      'call',
      'config.setService',
      JSON.stringify({ ...config, env: { X: '${secret:none}' } }),
    );
    expect(secret.stdout + secret.stderr).toContain('koji secrets set none');
    expect(await service('postgres')).toMatchObject({ state: 'running' });
  });

  it('can switch it off and on, also after the daemon was started again', async () => {
    const config = await settings('mariadb');
    await world.call('config.setService', { ...config, enabled: false });
    expect(await service('mariadb')).toMatchObject({ state: 'stopped' });
    await world.call('daemon.quit', { keepServices: true });
    await expect.poll(() => service('redis')).toMatchObject({ state: 'running' });
    expect(await settings('mariadb')).toMatchObject({ enabled: false });
    await world.call('config.setService', { ...config, enabled: true });
    expect(await service('mariadb')).toMatchObject({ state: 'running' });
  });
});

describe('Adminer', () => {
  it.each([
    ['postgres', 'PostgreSQL'],
    ['mariadb', 'MySQL'],
  ])('opens %s logged in for who has the link, and for nobody else', async (engine, name) => {
    await world.call('databases.create', { engine, name: 'viewed' });
    const { url } = await world.call<{ url: string }>('databases.openAdminer', { engine, name: 'viewed' });
    const link = new URL(url);
    expect(link.hostname).toBe('adminer.localhost');
    expect((await world.get('/', 'adminer.localhost')).status).toBe(403);
    for (const guess of ['ticket=guessed', 'key=guessed', `ticket=${'0'.repeat(48)}`])
      expect((await world.get(`/?${guess}&open=postgres`, 'adminer.localhost')).status).toBe(403);

    // As a browser goes: the ticket becomes a cookie, then Adminer logs in and redirects.
    const jar = new Map<string, string>();
    let path = link.pathname + link.search;
    let answer = await world.get(path, 'adminer.localhost');
    for (let step = 0; step < 6; step++) {
      for (const cookie of [answer.headers['set-cookie'] ?? []].flat() as string[]) {
        const [pair = ''] = cookie.split(';');
        jar.set(pair.split('=')[0] ?? '', pair);
      }
      const next =
        (answer.headers['location'] as string | undefined) ??
        /http-equiv="refresh" content="0;url=([^"]+)"/.exec(answer.body)?.[1]?.replaceAll('&amp;', '&');
      if (next === undefined) break;
      const to = new URL(next, new URL(path, link.origin));
      path = to.pathname + to.search;
      answer = await world.get(path, 'adminer.localhost', { cookie: [...jar.values()].join('; ') });
    }
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(name);
    expect(answer.body).toContain('viewed');
    expect(answer.body).toContain('Logout');

    // The link was good once, and the cookie is one that only this host can set.
    expect((await world.get(link.pathname + link.search, 'adminer.localhost')).status).toBe(403);
    const session = [...jar.values()].find((pair) => pair.startsWith('__Host-kojibox-adminer=')) ?? '';
    const [end = '', proof = ''] = session.split('=')[1]?.split('.') ?? [];
    expect(Number(end)).toBeLessThan(Date.now() / 1000 + 9 * 3600);
    for (const forged of [`${Number(end) + 1}.${proof}`, `${end}.${'0'.repeat(64)}`, `${end}.`, '9999999999.'])
      expect((await world.get('/', 'adminer.localhost', { cookie: `__Host-kojibox-adminer=${forged}` })).status).toBe(
        403,
      );

    if (engine !== 'mariadb') return;
    // What its page asks for in the background is JSON alone.
    await world.koji('mariadb', '-e', 'CREATE TABLE viewed.sized (id int)');
    const server = `127.0.0.1:${(await service(engine)).ports[0]?.port ?? 0}`;
    const sizes = await world.get(
      `/?server=${server}&username=kojibox_app_viewed&db=viewed&script=db`,
      'adminer.localhost',
      {
        cookie: [...jar.values()].join('; '),
      },
    );
    expect(JSON.parse(sizes.body)).toMatchObject({ 'Rows-sized': expect.anything() });
  });

  it('refuses the session of an earlier daemon', async () => {
    const { url } = await world.call<{ url: string }>('databases.openAdminer', { engine: 'postgres' });
    const link = new URL(url);
    const entered = await world.get(link.pathname + link.search, 'adminer.localhost');
    const cookie = ([entered.headers['set-cookie'] ?? []].flat() as string[])[0]?.split(';')[0] ?? '';
    expect((await world.get('/', 'adminer.localhost', { cookie })).status).toBe(200);
    const { pid } = world.daemonFile();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => world.daemonFile().pid).not.toBe(pid);
    await world.call('daemon.info');
    await expect.poll(async () => (await world.get('/', 'adminer.localhost', { cookie })).status).toBe(403);
  });
});
