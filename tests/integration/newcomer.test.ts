import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createWorld,
  get,
  koji,
  kojiboxHome,
  processesOf,
  startAsNewcomer,
  type Started,
  type World,
} from './newcomer-world.ts';

/** For hangs alone: how long it takes is a figure of `npm run bench`. */
const FRESH_DEADLINE_MS = 300_000;
const AGAIN_DEADLINE_MS = 100_000;
const isRoot = process.getuid?.() === 0;

/** As whoever runs the tests, and, when that is root, as a plain user too. */
describe.each(
  isRoot
    ? [
        { who: 'root', plain: false },
        { who: 'a plain user', plain: true },
      ]
    : [{ who: 'a plain user', plain: false }],
)('a newcomer as $who', ({ plain }) => {
  let world: World;
  let started: Started;
  let rows = 0;

  beforeAll(() => {
    world = createWorld(plain);
  });
  afterAll(async () => {
    if (started?.child.exitCode === null) await started.stop('SIGTERM');
    world?.remove();
  });

  it('gets a real site from one command', { timeout: 400_000 }, async () => {
    started = await startAsNewcomer(world, FRESH_DEADLINE_MS);
    console.log(`fresh home to HTTPS 200: ${(started.msToReady / 1000).toFixed(1)} s`);
    const page = await get(world, `${started.url}/`);
    expect(page.status).toBe(200);
    expect(page.body).toContain('It works, and it is real.');
    const status = await get(world, `${started.url}/status.json`);
    expect(JSON.parse(status.body)).toEqual({
      php: expect.stringMatching(/^8\.2\.\d+/),
      postgres: expect.stringMatching(/^17\.\d+/),
      mariadb: expect.stringMatching(/^10\.11\.\d+/),
      redis: expect.stringMatching(/^7\.0\.\d+/),
    });
    rows = Number(/row (\d+) written/.exec(page.body)?.[1]);
    expect(rows).toBeGreaterThan(0);
  });

  it('has the name that this user may have', () => {
    const hosts = readFileSync(world.hostsFile, 'utf8');
    if (plain) {
      expect(hosts).not.toContain('hello.test');
      expect(started.url).toMatch(/^https:\/\/hello\.localhost:\d+$/);
      // Asked for all the same, it says what is missing and how to go on, and the file stays as it was.
      const refused = koji(world, 'domains', 'apply', '--json');
      expect(refused.code).toBe(4);
      expect(JSON.parse(refused.stdout)).toMatchObject({
        error: {
          code: 'PERMISSION_DENIED',
          message: 'Insufficient permission to modify hosts file',
          detail: expect.stringContaining('User declined permission or requires elevated privileges'),
          remedy: expect.stringContaining(world.hostsFile),
        },
      });
      expect(readFileSync(world.hostsFile, 'utf8')).toBe(hosts);
    } else {
      expect(hosts).toMatch(/# BEGIN kojibox [\s\S]*127\.0\.0\.1 hello\.test\n/);
      expect(started.url).toMatch(/^https:\/\/hello\.test(:\d+)?$/);
    }
  });

  it('keeps keys, tokens and passwords to this user', () => {
    const home = kojiboxHome(world);
    for (const file of [
      'app/daemon.json',
      'app/certs/root-ca.key',
      'app/config/secrets.key',
      'app/config/secrets.json',
      'app/config/page-secret',
      'runtime/config/edge.json',
    ]) {
      // Below root the edge reads its configuration by a group of its own.
      const others = !plain && file.endsWith('edge.json') ? 0o037 : 0o077;
      expect(statSync(join(home, file)).mode & others, file).toBe(0);
    }
  });

  it('never serves dotfiles, sources or what lies outside', async () => {
    for (const path of [
      '/.env',
      '/.git/config',
      '/checks.php/../../../../config/page-secret',
      '/%2e%2e/%2e%2e/config/page-secret',
      '/..%2f..%2fconfig%2ftoken',
    ]) {
      const { status, body } = await get(world, `${started.url}${path}`);
      expect(body).not.toMatch(/^[0-9a-f]{48}$/);
      expect([400, 403, 404], path).toContain(status);
    }
    expect((await get(world, `${started.url}/nothing-here`)).status).toBe(404);
  });

  it('stops everything on a signal and leaves no process', async () => {
    expect(await started.stop('SIGINT')).toBe(0);
    expect(processesOf(world)).toEqual([]);
  });

  it('serves again within seconds, with the data still there', async () => {
    started = await startAsNewcomer(world, AGAIN_DEADLINE_MS);
    console.log(`second start to HTTPS 200: ${(started.msToReady / 1000).toFixed(1)} s`);
    const page = await get(world, `${started.url}/`);
    expect(Number(/row (\d+) written/.exec(page.body)?.[1])).toBeGreaterThan(rows);
    expect(await started.stop('SIGTERM')).toBe(0);
    expect(processesOf(world)).toEqual([]);
  });

  it('ends when another terminal has ended everything', async () => {
    started = await startAsNewcomer(world, AGAIN_DEADLINE_MS);
    expect(koji(world, 'quit').code).toBe(0);
    expect(await started.ended).toBe(0);
    expect(processesOf(world)).toEqual([]);
  });
});
