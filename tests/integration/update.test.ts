/** Updates of a headless installation against a release server of the test. Redis runs from the first test to the last and keeps its pid. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceState } from '../../contract/services.ts';
import type { UpdateCheck } from '../../contract/updater.ts';
import { spread } from '../long-form.ts';
import { visitThroughEdge } from './daemon-calls.ts';
import { createUpdateWorld, makeKey, type UpdateWorld } from './update-world.ts';

let world: UpdateWorld;
let redisPid: number | null = null;
let good: ReturnType<UpdateWorld['publish']>;
let crashing: typeof good;

/** Not for `--version`: it passes the check before the switch, as a fault that only shows in real use would. */
const unlessAsked = (code: string): string => `if (!process.argv.includes('--version')) { ${code} }\n`;

beforeAll(async () => {
  world = await createUpdateWorld();
  good = world.publish('1.1.0');
  crashing = world.publish('1.2.0', { daemonStart: unlessAsked("throw new Error('cannot start: made for a test')") });
  await world.freshInstallation('1.0.0');
  expect((await world.koji('runtime', 'install', 'redis')).code).toBe(0);
  redisPid = (await world.call<{ pid: number }>('services.start', { id: 'redis' })).pid;
});
afterAll(() => world.remove());
afterEach(async () => {
  expect((await world.service('redis')).pid).toBe(redisPid);
});

describe('a good update', () => {
  it('keeps every service and every visitor, and can be undone by hand', async () => {
    const site = join(world.root, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'index.html'), 'still here');
    await world.call('config.setProject', {
      id: 's',
      name: 'S',
      path: site,
      domain: 's.test',
      stack: 'static',
      overrides: {},
    });
    await world.call('services.start', { id: 'edge' });
    const edgePid = (await world.service('edge')).pid;
    const visits = visitAllTheTime();
    world.offer([good]);
    expect(await world.call<UpdateCheck>('updater.check')).toMatchObject({
      available: true,
      version: '1.1.0',
      current: '1.0.0',
    });

    const result = await world.koji('update', 'apply');
    expect(result.stderr).toMatch(/Kojibox 1\.1\.0: check/);
    expect(result).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Kojibox 1.1.0 runs; it was 1.0.0') as string,
    });
    await world.expectOneWorking('1.1.0', ['1.0.0']);
    expect((await world.service('edge')).pid).toBe(edgePid);
    expect((await world.service('redis')).pid).toBe(redisPid);
    expect(await world.call<UpdateCheck>('updater.check')).toMatchObject({ available: false, version: '1.1.0' });

    const back = await world.koji('update', 'rollback', '--json');
    expect(JSON.parse(back.stdout)).toMatchObject({ outcome: 'updated', from: '1.1.0', to: '1.0.0' });
    await world.expectOneWorking('1.0.0', ['1.1.0']);
    const { visited, failed } = await visits.end();
    expect(failed).toEqual([]);
    expect(visited).toBeGreaterThan(5);
    // Somebody went back from it: it is not offered again by itself.
    expect(await world.call<UpdateCheck>('updater.check')).toMatchObject({ available: false });
    await world.call('services.stop', { id: 'edge' });
  });

  it('leaves a daemon behind that is started again when it is killed during the next update', async () => {
    // This one was tried by an update, so it still knows the name of that trial.
    const { pid } = world.daemonFile();
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toMatch(/KOJIBOX_TRIAL=\S+\.trial/);
    world.offer([world.publish('1.5.0')]);
    let release = (): void => undefined;
    world.server.hold = new Promise((resolve) => (release = resolve));
    await world.call('updater.apply');
    expect((await world.status()).phase).toBe('fetch');
    process.kill(pid, 'SIGKILL');
    // Nobody runs koji meanwhile: that would start one as well.
    const isAnother = async (): Promise<boolean> => {
      const now = world.daemonFile();
      return now.pid !== pid && (await fetch(`${now.url}/healthz`).catch(() => null))?.status === 200;
    };
    await expect.poll(isAnother).toBe(true);
    world.server.hold = null;
    release();
    await world.settled();
    await world.expectOneWorking('1.0.0', ['1.1.0']);
  });

  it('replaces an edge of the version before that refuses what the new one writes', async () => {
    await world.freshInstallation('1.0.0', { variant: { deafEdge: true } });
    const edge = await world.call<ServiceState>('services.start', { id: 'edge' });
    world.offer([good]);
    expect((await world.koji('update', 'apply')).code).toBe(0);
    expect((await world.service('edge')).pid).toBe(edge.pid);

    await world.call('config.setProject', {
      id: 'late',
      name: 'Late',
      path: join(world.root, 'site'),
      domain: 'late.test',
      stack: 'static',
      overrides: {},
    });
    await expect.poll(async () => (await world.service('edge')).pid).not.toBe(edge.pid);
    await expect.poll(() => visit('late.test')).toBe('200 still here');
    await world.call('services.stop', { id: 'edge' });
  });

  it('counts when any key of the build signed it', async () => {
    await world.freshInstallation('1.0.0');
    world.offer([good], { key: world.keys.second });
    expect(await world.call<UpdateCheck>('updater.check')).toMatchObject({ available: true, version: '1.1.0' });
  });
});

describe('a feed or an archive that cannot be trusted', () => {
  it.each<[string, string, () => void]>([
    [
      'was altered',
      'UPDATE_SIGNATURE_INVALID',
      () => {
        world.offer([good]);
        world.server.files.set('feed.json', String(world.server.files.get('feed.json')).replace('1.1.0', '9.9.9'));
      },
    ],
    ['was signed by a stranger', 'UPDATE_SIGNATURE_INVALID', () => world.offer([good], { key: makeKey() })],
    [
      'is older than one that was seen',
      'UPDATE_STALE',
      () => world.offer([good], { createdAt: '2029-12-31T00:00:00Z' }),
    ],
    ['has no release for this machine', 'NOT_FOUND', () => world.offer([{ ...good, arch: 'arm64' }])],
    ['has only older versions', 'NOT_FOUND', () => world.offer([{ ...good, version: '0.9.0' }])],
    [
      'names an archive that is cut off',
      'DIGEST_MISMATCH',
      () => {
        const { url } = good;
        world.server.files.set('cut.tar.gz', (world.server.files.get(url) as Buffer).subarray(0, 5000));
        world.offer([{ ...good, url: 'cut.tar.gz' }]);
      },
    ],
    [
      'names another size than the archive has',
      'DIGEST_MISMATCH',
      () => world.offer([{ ...good, size: good.size + 1 }]),
    ],
    ['names an archive of another version', 'UPDATE_INVALID', () => world.offer([{ ...good, version: '1.5.0' }])],
    [
      'names an archive for another machine',
      'UPDATE_INVALID',
      () => world.offer([world.publish('1.3.0', { described: { os: 'windows', arch: 'x64' } })]),
    ],
    [
      'names a version whose programs do not start',
      'UPDATE_INVALID',
      () => world.offer([world.publish('1.3.0', { daemonStart: 'syntax error\n' })]),
    ],
  ])('%s: %s, and nothing was touched', async (_, code, prepare) => {
    prepare();
    expect(await world.refusal('update', 'apply')).toBe(code);
    await world.expectOneWorking('1.0.0');
  });

  it('is an older version than the one that runs, unless that is what was asked for', async () => {
    await world.freshInstallation('2.0.0');
    world.offer([good]);
    expect(await world.refusal('update', 'apply', '1.1.0')).toBe('UPDATE_DOWNGRADE');
    expect((await world.koji('update', 'apply', '1.1.0', '--allow-downgrade')).code).toBe(0);
    await world.expectOneWorking('1.1.0', ['2.0.0']);
  });
});

describe('when something goes wrong on the way', () => {
  beforeAll(() => world.freshInstallation('1.0.0'));

  it('a server that dies is asked again for the rest only', async () => {
    world.offer([good]);
    world.server.dieAfterBytes = 100_000;
    world.server.ranges.length = 0;
    expect(await world.refusal('update', 'apply')).toBe('DOWNLOAD_FAILED');
    await world.expectOneWorking('1.0.0');
    world.server.dieAfterBytes = null;
    world.server.ranges.length = 0;
    expect((await world.koji('update', 'apply')).code).toBe(0);
    // What the tries before had brought is not fetched again.
    expect(world.server.ranges).toEqual([expect.stringMatching(/^bytes=\d{5,}-$/)]);
    await world.expectOneWorking('1.1.0', ['1.0.0']);
  });

  it('there is one update at a time, and it can be cancelled', async () => {
    await world.freshInstallation('1.0.0');
    world.offer([good]);
    let release = (): void => undefined;
    world.server.hold = new Promise((resolve) => (release = resolve));
    await world.call('updater.apply');
    expect(await world.refusal('update', 'apply')).toBe('UPDATE_RUNNING');
    const { changeId, phase } = await world.status();
    expect(phase).toBe('fetch');
    await world.call('changes.cancel', { id: changeId });
    world.server.hold = null;
    await world.settled();
    release();
    await world.expectOneWorking('1.0.0');
  });

  it.runIf(process.getuid?.() === 0)('a disk that fills up leaves all as it was', async () => {
    const disk = join(world.root, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=711', 'tmpfs', disk]);
    try {
      await world.freshInstallation('1.0.0', { at: join(disk, 'install') });
      world.offer([world.publish('1.4.0', { zeros: 20_000_000 })]);
      expect(await world.refusal('update', 'apply')).toBe('DISK_FULL');
      await world.expectOneWorking('1.0.0');
      await world.freshInstallation('1.0.0');
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('a version that crashes at its start is gone back from, told, and not offered again', async () => {
    world.offer([crashing]);
    const { stdout } = await world.koji('update', 'apply', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'UPDATE_FAILED', detail: expect.stringContaining('made for a test') as string },
    });
    await world.expectOneWorking('1.0.0');
    expect(await world.status()).toMatchObject({
      last: { outcome: 'rolled-back', from: '1.0.0', to: '1.2.0' },
      failed: [{ version: '1.2.0' }],
    });
    expect(await world.call<UpdateCheck>('updater.check')).toMatchObject({ available: false });
    await expect
      .poll(async () => (await world.call<{ notices: string[] }>('stack.status')).notices.join())
      .toContain('Kojibox 1.2.0 did not work here');
    // Another build of the same version is another chance.
    world.offer([{ ...crashing, sha256: 'a'.repeat(64) }]);
    expect(await world.call<UpdateCheck>('updater.check')).toMatchObject({ available: true, version: '1.2.0' });
  });

  it('a version that never answers is gone back from after the deadline', async () => {
    await world.freshInstallation('1.0.0', { env: { KOJIBOX_UPDATE_DEADLINE_MS: '2500' } });
    world.offer([
      world.publish('1.3.0', { daemonStart: unlessAsked('await new Promise((r) => setTimeout(r, 3_600_000));') }),
    ]);
    const { stdout } = await world.koji('update', 'apply', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'UPDATE_FAILED' } });
    await world.expectOneWorking('1.0.0');
  });
});

describe('kill -9 at each step', () => {
  beforeAll(() => world.freshInstallation('1.0.0'));

  it.each(spread(['unpack', 'fetch', 'place', 'verify', 'check'], 2))('%s: undone', async (step) => {
    world.offer([good]);
    world.killAt(step);
    const said = await world.koji('update', 'apply');
    expect(world.killed(), said.stderr + world.updateLog()).toBe(true);
    await world.settled();
    await world.expectOneWorking('1.0.0');
  });

  it.each(spread(['swap', 'stop', 'confirm', 'start'], 2))('%s: gone on from', async (step) => {
    if (readdirSync(join(world.install(), 'versions')).length > 1) await world.freshInstallation('1.0.0');
    world.offer([good]);
    world.killAt(step);
    const said = await world.koji('update', 'apply');
    expect(world.killed(), said.stderr + world.updateLog()).toBe(true);
    await world.settled();
    await world.expectOneWorking('1.1.0', ['1.0.0']);
  });

  it.each(spread(['swap-back', 'end-new', 'start-old'], 1))('%s, on the way back: gone on from', async (step) => {
    if (readdirSync(join(world.install(), 'versions')).length > 1) await world.freshInstallation('1.0.0');
    world.offer([crashing]);
    world.killAt(step);
    const said = await world.koji('update', 'apply', '1.2.0');
    expect(world.killed(), said.stderr + world.updateLog()).toBe(true);
    expect((await world.settled()).last).toMatchObject({ outcome: 'rolled-back', to: '1.2.0' });
    await world.expectOneWorking('1.0.0');
  });
});

describe('a newer list of runtimes', () => {
  const offerManifest = (text: string, createdAt: string): void => {
    world.server.files.set('manifest.json', text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    world.offer([], { runtimeManifest: { url: 'manifest.json', sha256, createdAt } });
  };
  const inUse = async (): Promise<string> =>
    (await world.call<{ bundle: { createdAt: string } }>('runtime.getManifest')).bundle.createdAt;

  it('is taken over when it is signed and newer, and kept', async () => {
    const createdAt = '2031-01-01T00:00:00Z';
    offerManifest(world.manifestOf(createdAt), createdAt);
    expect(await world.call<UpdateCheck>('updater.check')).toMatchObject({ manifest: createdAt });
    expect(await world.call('updater.applyManifest')).toEqual({ changed: true, createdAt });
    expect(await inUse()).toBe(createdAt);
    await world.koji('quit', '--keep-services');
    expect(await inUse()).toBe(createdAt);
    expect(await world.call('updater.applyManifest')).toEqual({ changed: false, createdAt });
  });

  it('is refused when a stranger signed it, and one that was altered on the disk is not used', async () => {
    const createdAt = '2032-01-01T00:00:00Z';
    offerManifest(world.manifestOf(createdAt, makeKey()), createdAt);
    expect(await world.refusal('update', 'manifest')).toBe('MANIFEST_KEY_UNKNOWN');
    expect(await inUse()).toBe('2031-01-01T00:00:00Z');
    const stored = join(world.home, 'runtime/manifest.json');
    writeFileSync(stored, readFileSync(stored, 'utf8').replace('2031', '2033'));
    await world.koji('quit', '--keep-services');
    expect(await inUse()).toBe(world.manifestCreatedAt);
  });
});

/** What a site says over HTTPS: status and text, or why it could not be asked. */
const visit = (domain: string): Promise<string> => visitThroughEdge(world.home, domain);

/** Asks the first site again and again. */
function visitAllTheTime(): { end(): Promise<{ visited: number; failed: string[] }> } {
  let stopped = false;
  let visited = 0;
  const failed: string[] = [];
  const all = (async () => {
    while (!stopped) {
      const said = await visit('s.test');
      visited += 1;
      if (said !== '200 still here') failed.push(said);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { visited, failed };
  })();
  return {
    end() {
      stopped = true;
      return all;
    },
  };
}
