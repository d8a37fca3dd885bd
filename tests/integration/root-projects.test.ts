/** A daemon that runs as root, and projects of users: each runs as the owner of its folder, and nothing that root reads is anyone else's. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorCheck } from '../../contract/doctor.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { isRoot, phpSite, usersOf } from './root-world.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

/** Users without an account; no one else has files of theirs. */
const [ANN, BOB] = [4321, 4322];

/**
 * What other users than root own or write, relative to the home. Root makes these folders in folders of its own, and then leaves what is in
 * them alone, or reaches it through the module for folders of others.
 */
const OF_OTHERS = [
  /^runtime\/data\/(postgres|mariadb|redis)\/[^/]+(\/|$)/,
  /^runtime\/temp\/[^/]+(\/|$)/,
  /^runtime\/sessions\/[^/]+(\/|$)/,
  /^runtime\/mail-drop(\/|$)/,
  // The folder is root's; a service may open its log again.
  /^runtime\/logs\/[^/]+\.log$/,
  // Another name of the same log, so that a removed one is not lost.
  /^runtime\/logs\/\.[^/]+\.log\.keep$/,
  // Sticky, and for the edge alone.
  /^runtime\/logs\/(access|errors)(\/|$)/,
  /^run\/u\d+(\/|$)/,
  /^app\/projects\/[^/]+(\/|$)/,
];

describe.runIf(isRoot)('as root', () => {
  let world: StackWorld;
  let ann: (code: string) => Promise<unknown>;
  let bob: (code: string) => Promise<unknown>;
  let root: (code: string) => Promise<unknown>;
  beforeAll(async () => {
    world = createStackWorld();
    await upPrepared(world.home, () => world.koji('up', '--json'));
    ann = await phpSite(world, 'ann', ANN);
    bob = await phpSite(world, 'bob', BOB);
    root = await phpSite(world, 'plain', 0);
  });
  afterAll(() => world.remove());
  const status = (): Promise<StackStatus> => world.call('stack.status');

  it('the code of a project is its owner, and may write where it lies', async () => {
    const whoami = `file_put_contents('made.txt', 'x'); return [posix_getuid(), posix_getgid(), posix_getgroups(), fileowner('made.txt')];`;
    expect(await ann(whoami)).toEqual([ANN, ANN, [], ANN]);
    expect(await bob(whoami)).toEqual([BOB, BOB, [], BOB]);
    const ids = (await world.services()).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['php', `php-u${ANN}`, `php-u${BOB}`]));
  });

  it('settings of PHP hold for the PHP of each user', async () => {
    const settings = await world.call<{ env: Record<string, string> }>('config.getService', { id: 'php' });
    await world.call('config.setService', { ...settings, env: { GREETING: 'hello' } });
    for (const site of [ann, bob, root]) expect(await site(`return getenv('GREETING');`)).toBe('hello');
  });

  it('a Node program is its owner too, and so is a worker that runs in the folder', async () => {
    const path = join(world.root, 'program');
    mkdirSync(path);
    const program = `require('http').createServer((_, response) => {
      require('fs').writeFileSync('made.txt', '');
      response.end(JSON.stringify([process.getuid(), process.getgid(), process.getgroups()]));
    }).listen(process.env.PORT, '127.0.0.1');`;
    writeFileSync(join(path, 'server.js'), program);
    for (const name of ['.', 'server.js']) chownSync(join(path, name), ANN, ANN);
    await world.call('config.setProject', {
      id: 'program',
      name: 'P',
      path,
      domain: 'program.test',
      stack: 'node',
      overrides: {},
    });
    expect(JSON.parse((await world.get('/', 'program.test')).body)).toEqual([ANN, ANN, [ANN]]);
    expect(lstatSync(join(path, 'made.txt')).uid).toBe(ANN);
    const worker = { id: 'worker', name: 'W', binary: 'sleep', args: ['1000'], cwd: path };
    await world.call('services.define', worker);
    await world.call('services.start', { id: 'worker' });
    const running = (await world.services()).find(({ id }) => id === 'worker');
    expect(usersOf(running?.pid ?? 0)).toEqual([ANN, ANN, ANN, ANN]);
  });

  it('no user reaches the socket of another, and the edge is a user of its own', async () => {
    const edge = (await world.services()).find(({ id }) => id === 'edge');
    const [user] = usersOf(edge?.pid ?? 0);
    for (const other of [0, 65_534, ANN, BOB]) expect(user).not.toBe(other);
    for (const uid of [ANN, 65_534]) {
      const socket = world.path('run', `u${BOB}`, `php-u${BOB}.sock`);
      const code = `$s = @stream_socket_client('unix://${socket}', $n, $text, 1); exit($s ? 0 : 9);`;
      const php = world.path('runtime/bin/php');
      const [version = ''] = readdirSync(php);
      const binary = join(php, version, 'linux-x64/usr/bin');
      const name = readdirSync(binary).find((file) => /^php\d\.\d$/.test(file)) ?? '';
      const run = (as: number) =>
        spawnSync(join(binary, name), ['-n', '-r', code], { uid: as, gid: as, encoding: 'utf8' });
      expect(run(uid).status).toBe(9);
      expect(run(BOB).status).toBe(0);
    }
  });

  it('a session of one site is none of another', async () => {
    const begin = `session_start(); $_SESSION['admin'] = true; return [session_id(), session_save_path()];`;
    const [id, folder] = (await root(begin)) as [string, string];
    expect(folder).toBe(world.path('runtime/sessions/plain.test-u65534'));
    const second = await phpSite(world, 'other', 0);
    const look = `session_id('${id}'); session_start(); return $_SESSION['admin'] ?? false;`;
    expect(await root(look)).toBe(true);
    expect(await second(look)).toBe(false);
    expect(await ann(look)).toBe(false);
    // A program may still choose another place.
    expect(await second(`session_save_path('/tmp'); return session_save_path();`)).toBe('/tmp');
    expect(await root(`return session_save_path();`)).toBe(folder);
  });

  it('whose socket is replaced by a link to that of another owner is not run as that owner', async () => {
    const user = `return posix_getuid();`;
    expect([await ann(user), await bob(user)]).toEqual([ANN, BOB]);
    const own = world.path(`run/u${ANN}/php-u${ANN}.sock`);
    await ann(`return unlink('${own}') && symlink('../u${BOB}/php-u${BOB}.sock', '${own}');`);
    // More at once than there are connections to the former socket.
    const users = await Promise.all(Array.from({ length: 12 }, () => ann(`sleep(1); ${user}`).catch(String)));
    expect(users).not.toContain(BOB);
    expect(await bob(user)).toBe(BOB);
    await world.koji('restart', `php-u${ANN}`, '--json');
    expect(await ann(user)).toBe(ANN);
  });

  it('says of a folder of root that its code cannot write there, until it can', async () => {
    const told = async (): Promise<string[]> => (await status()).notices.filter((text) => text.includes('chown -R'));
    expect((await told()).join(' ')).toContain(join(world.root, 'plain'));
    expect((await told()).join(' ')).not.toContain(join(world.root, 'ann'));
    const doctor = async () => (await world.call<DoctorCheck[]>('doctor.run')).find(({ id }) => id === 'user');
    expect(await doctor()).toMatchObject({ status: 'warning' });
    expect(JSON.stringify(await doctor())).toContain(join(world.root, 'plain'));
    const path = join(world.root, 'late');
    mkdirSync(path);
    writeFileSync(join(path, 'index.php'), '<?php echo 1;');
    const created = await world.koji('project', 'create', 'folder', 'Late', '--path', path);
    expect(created).toContain(`chown -R USER ${path}`);
    for (const id of ['plain', 'other', 'late']) execFileSync('chown', ['-R', `${ANN}:${ANN}`, join(world.root, id)]);
    expect(await doctor()).toMatchObject({ status: 'passed' });
    expect(await told()).toEqual([]);
  });

  it('a new project belongs to the owner of the folder that it lies in', async () => {
    const sites = join(world.root, 'sites');
    mkdirSync(sites);
    chownSync(sites, BOB, BOB);
    await world.koji('project', 'create', 'php', 'Fresh', '--path', join(sites, 'fresh'), '--json');
    for (const name of ['', 'index.php'])
      expect(lstatSync(join(sites, 'fresh', name))).toMatchObject({ uid: BOB, gid: BOB });
    expect((await world.get('/', 'fresh.test')).status).toBe(200);
  });

  it.each([
    ['a terminal', (file: string) => symlinkSync('/dev/ptmx', file)],
    ['a FIFO', (file: string) => execFileSync('mkfifo', [file])],
    ['1.9 GB of nothing', (file: string) => (writeFileSync(file, ''), truncateSync(file, 1_900_000_000))],
    ['a link to a file of root', (file: string) => symlinkSync(world.path('app/daemon.json'), file)],
  ])('%s in the place of package.json holds up nothing', async (_, make) => {
    const path = join(world.root, `odd-${Math.random().toString(36).slice(2)}`);
    mkdirSync(path);
    chownSync(path, ANN, ANN);
    for (const name of ['package.json', 'composer.json', '.nvmrc']) make(join(path, name));
    writeFileSync(join(path, 'server.js'), '');
    const results = await Promise.all(Array.from({ length: 6 }, () => world.call('projects.detect', { path })));
    expect(results[0]).toMatchObject({ stack: 'node', command: 'node server.js' });
    expect((await status()).services.length).toBeGreaterThan(0);
  });

  it('nothing that root uses belongs to another user, or may be written by one', () => {
    const wrong: string[] = [];
    const visit = (path: string): void => {
      const name = relative(world.home, path);
      const stat = lstatSync(path);
      const isOthers =
        stat.uid !== 0 ||
        (!stat.isSymbolicLink() && (stat.mode & 0o022) !== 0 && (stat.gid !== 0 || (stat.mode & 0o002) !== 0));
      if (isOthers && !OF_OTHERS.some((pattern) => pattern.test(name)))
        wrong.push(`${name} ${stat.uid}:${stat.gid} ${(stat.mode & 0o7777).toString(8)}`);
      // What is below a folder of another user is that user's.
      if (stat.isDirectory() && stat.uid === 0 && !name.startsWith('runtime/bin/'))
        for (const entry of readdirSync(path)) visit(join(path, entry));
    };
    visit(world.home);
    expect(wrong).toEqual([]);
  });

  it('a service that was taken over and has lost its socket is started again', async () => {
    const running = async () => (await world.services()).find(({ id }) => id === 'php');
    const before = await running();
    const { pid } = world.daemonFile();
    await world.call('daemon.quit', { keepServices: true });
    await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
    rmSync(world.path('run/u65534/php.sock'));
    await world.call('stack.status');
    await expect.poll(async () => (await running())?.pid).not.toBe(before?.pid);
    await expect.poll(async () => (await running())?.state).toBe('running');
    expect((await world.get('/', 'hello.test')).status).toBe(200);
  });

  it("what an earlier version left with the services' user is taken back at the next start", async () => {
    const kept = [
      'runtime/config/edge.json',
      'runtime/config/php',
      'runtime/config/php/fpm.conf',
      'app/certs/hello.test.key',
      'run',
      'runtime/data/mail',
    ];
    for (const name of kept) chownSync(world.path(name), 65_534, 65_534);
    chmodSync(world.path('runtime/config/edge.json'), 0o666);
    await world.koji('quit');
    await world.koji('up', '--json');
    for (const name of kept) {
      expect(lstatSync(world.path(name)).uid, name).toBe(0);
      expect(lstatSync(world.path(name)).mode & 0o022, name).toBe(0);
    }
    expect((await world.get('/', 'hello.test')).status).toBe(200);
    expect(readFileSync(world.path('runtime/config/edge.json'), 'utf8')).toContain('hello.test');
  });
});
