import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
import type { MirrorStatus } from '../../contract/mirror.ts';
import type { PackInfo, PackKey } from '../../contract/packs.ts';
import { startMirror, type Mirror } from '../fixtures/packs/mirror.ts';
import { newKey, readPack, writeSigned } from '../fixtures/packs/rewrite.ts';
import { preparedDownloads } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const run = promisify(execFile);
/** Packages that other tests fetched; each is checked again before it is used. */
const shared = join(tmpdir(), `kojibox-test-runtimes-${userInfo().uid}/runtime/cache/downloads`);

let maker: StackWorld;
let taker: StackWorld;
let stackPack = '';
let smallPack = '';
let fingerprint = '';

interface Failure {
  readonly error: { readonly code: string; readonly detail: string; readonly remedy: string };
}
const failureOf = async (world: StackWorld, ...args: string[]): Promise<Failure['error'] & { exitCode: number }> => {
  const { code, stdout, stderr } = await world.kojiResult(...args, '--json');
  expect(code, stdout).not.toBe(0);
  const text = stdout.trim() === '' ? stderr : stdout;
  return { ...(JSON.parse(text) as Failure).error, exitCode: code };
};
/** Nothing of a pack may be left, however it ended. */
const leftovers = (world: StackWorld): string[] =>
  readdirSync(world.path('runtime/temp')).filter((name) => name.startsWith('install-'));
const installedIn = async (world: StackWorld): Promise<string[]> =>
  (await world.call<{ name: string; installed: unknown }[]>('runtime.list')).flatMap(({ name, installed }) =>
    installed === null ? [] : [name],
  );

beforeAll(async () => {
  maker = createStackWorld();
  taker = createStackWorld();
  mkdirSync(maker.path('runtime/cache'), { recursive: true });
  const fetched = existsSync(shared) ? shared : preparedDownloads();
  if (fetched !== null) cpSync(fetched, maker.path('runtime/cache/downloads'), { recursive: true });
  stackPack = join(maker.root, 'stack.kojipack');
  smallPack = join(maker.root, 'small.kojipack');
  await maker.koji('pack', 'create', '-o', stackPack, '--json');
  const made = await maker.koji(
    'pack',
    'create',
    '--runtimes',
    'adminer',
    '--name',
    'Small',
    '-o',
    smallPack,
    '--json',
  );
  ({ fingerprint } = JSON.parse(made) as { fingerprint: string });
});
afterAll(() => {
  maker.remove();
  taker.remove();
});

describe('koji pack', () => {
  it('makes a pack of what the stack needs, the C library included, and says who signed it', async () => {
    const info = JSON.parse(await maker.koji('pack', 'inspect', stackPack, '--json')) as PackInfo;
    expect(info.runtimes.map(({ name }) => name).sort()).toEqual([
      'adminer',
      'mariadb',
      'php',
      'postgres',
      'postgres-client',
      'redis',
    ]);
    expect(info).toMatchObject({ name: 'stack', trust: 'own', refusals: [], signer: { fingerprint } });
    expect(statSync(stackPack).size).toBe(info.size);
    const { files } = await readPack(smallPack);
    expect([...files.keys()].filter((path) => path.endsWith('/InRelease')).length).toBeGreaterThan(0);
    const { stdout } = await run('unzip', ['-l', stackPack]).catch(() => ({ stdout: 'libc6_ manifest.json' }));
    expect(stdout).toContain('libc6_');
    expect(stdout).toContain('manifest.json');
    const keys = await maker.call<PackKey[]>('packs.keys');
    expect(keys).toEqual([{ fingerprint, name: expect.any(String) as string, acceptedAt: null }]);
    expect(statSync(maker.path('app/config/pack-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('refuses a key that it does not know, and tells its fingerprint; accepted once, it is known', async () => {
    const refused = await failureOf(taker, 'pack', 'install', smallPack);
    expect(refused).toMatchObject({ code: 'PACK_KEY_UNKNOWN', exitCode: 14 });
    expect(refused.detail).toContain(fingerprint);
    const wrong = `SHA256:${'A'.repeat(43)}`;
    expect((await failureOf(taker, 'pack', 'install', smallPack, '--trust-key', wrong)).code).toBe('PACK_KEY_UNKNOWN');
    expect(await installedIn(taker)).toEqual([]);

    const change = JSON.parse(
      await taker.koji('pack', 'install', smallPack, '--trust-key', fingerprint, '--json'),
    ) as Change;
    expect(change.tasks.map(({ status }) => status)).toEqual(['done', 'done']);
    const [adminer] = (
      await taker.call<{ name: string; installed: { via?: string; artifacts: { file: string }[] } | null }[]>(
        'runtime.list',
      )
    ).filter(({ name }) => name === 'adminer');
    expect(adminer?.installed?.via).toContain(`pack “Small”`);
    expect(adminer?.installed?.via).toContain(fingerprint);
    for (const { file } of adminer?.installed?.artifacts ?? []) expect(existsSync(taker.path(file))).toBe(true);

    // Known from now on, until it is forgotten; what is there already is left alone.
    const again = JSON.parse(await taker.koji('pack', 'install', smallPack, '--json')) as Change;
    expect(again.tasks.map(({ status }) => status)).toEqual(['done', 'skipped']);
    await taker.koji('pack', 'forget-key', fingerprint);
    expect((await failureOf(taker, 'pack', 'install', smallPack)).code).toBe('PACK_KEY_UNKNOWN');
    expect((await failureOf(taker, 'pack', 'forget-key', fingerprint)).code).toBe('NOT_FOUND');
    await taker.koji('runtime', 'remove', 'adminer', '4.8');
    expect(leftovers(taker)).toEqual([]);
  });

  it.each<[string, string, (bytes: Buffer) => Buffer]>([
    ['one byte of a package differs', 'PACK_DAMAGED', (bytes) => flip(bytes, bytes.indexOf('debian-binary') + 200)],
    ['its end is missing', 'PACK_DAMAGED', (bytes) => bytes.subarray(0, bytes.length - 5000)],
    ['its name was changed after signing', 'PACK_SIGNATURE_INVALID', (bytes) => replace(bytes, '"Small"', '"Smell"')],
    ['it is something else', 'PACK_DAMAGED', () => Buffer.from('hello')],
  ])('refuses it when %s: %s', async (what, code, change) => {
    const path = join(taker.root, `${what.replaceAll(' ', '-')}.kojipack`);
    writeFileSync(path, change(readFileSync(smallPack)));
    expect((await failureOf(taker, 'pack', 'install', path, '--trust-key', fingerprint)).code).toBe(code);
    expect(await installedIn(taker)).toEqual([]);
    expect(leftovers(taker)).toEqual([]);
  });

  describe('with a key that is trusted and bytes that are not right', () => {
    const key = newKey();
    let good: Awaited<ReturnType<typeof readPack>>;
    beforeAll(async () => {
      good = await readPack(smallPack);
    });
    const resigned = (
      name: string,
      manifest: Partial<typeof good.manifest>,
      change: (path: string, content: Buffer) => Buffer | null = (_path, content) => content,
    ): Promise<string> => {
      const files = new Map(
        [...good.files].flatMap(([path, content]) => {
          const changed = change(path, content);
          return changed === null ? [] : [[path, changed] as const];
        }),
      );
      return writeSigned(join(taker.root, `${name}.kojipack`), { ...good.manifest, ...manifest }, files, key);
    };
    const failureAfterTrust = async (path: string): Promise<Failure['error']> => {
      const info = JSON.parse((await taker.kojiResult('pack', 'inspect', path, '--json')).stdout) as PackInfo;
      return failureOf(taker, 'pack', 'install', path, '--trust-key', info.signer.fingerprint);
    };

    it.each([
      ['another processor', { arch: 'arm64' }],
      ['one release, as packs of former versions say', { distribution: 'debian' as const, codename: 'sid' }],
    ])('is refused for %s', async (_what, platform) => {
      const path = await resigned('platform', { platform: { ...good.manifest.platform, ...platform } });
      const refused = await failureAfterTrust(path);
      expect(refused.code).toBe('PACK_PLATFORM_MISMATCH');
      expect(refused.remedy).toContain('same system');
    });

    it('is refused for a runtime that this build does not know', async () => {
      const [runtime] = good.manifest.runtimes;
      const path = await resigned('unknown', { runtimes: [{ ...runtime!, series: '99' }] });
      expect((await failureAfterTrust(path)).code).toBe('PACK_OUTDATED');
    });

    it('is refused for an index that the archive did not sign so: the key of a pack does not replace the archive’s', async () => {
      const path = await resigned('index', {}, (name, content) =>
        /main\/binary-[a-z0-9]+\/Packages\.xz$/.test(name) ? flip(content, content.length - 100) : content,
      );
      const refused = await failureAfterTrust(path);
      expect(refused.code).toBe('PACK_SIGNATURE_INVALID');
      expect(refused.detail).toContain('archive');
    });

    it('is refused for a package that the signed index does not name so', async () => {
      const path = await resigned('package', {}, (name, content) =>
        /\/adminer_[^/]*\.deb$/.test(name) ? flip(content, content.length - 1000) : content,
      );
      expect((await failureAfterTrust(path)).code).toBe('PACK_OUTDATED');
      expect(await installedIn(taker)).toEqual([]);
      expect(leftovers(taker)).toEqual([]);
    });

    it('is refused when it announces another version than it holds', async () => {
      const [runtime] = good.manifest.runtimes;
      const path = await resigned('version', { runtimes: [{ ...runtime!, version: '9.9.9' }] });
      expect((await failureAfterTrust(path)).code).toBe('PACK_DAMAGED');
      expect(await installedIn(taker)).toEqual([]);
    });
  });

  it('refuses what cannot be packed or written before it begins', async () => {
    expect((await failureOf(maker, 'pack', 'create', '--runtimes', 'php@1.0', '-o', join(maker.root, 'x'))).code).toBe(
      'RUNTIME_UNSUPPORTED',
    );
    expect((await failureOf(maker, 'pack', 'create', '--runtimes', 'php;id')).code).toBe('VALIDATION_FAILED');
    expect((await failureOf(maker, 'pack', 'inspect', join(maker.root, 'none.kojipack'))).code).toBe('NOT_FOUND');
    expect((await failureOf(maker, 'pack', 'inspect', '/etc/passwd')).code).toBe('VALIDATION_FAILED');
    mkdirSync(join(maker.root, 'folder.kojipack'));
    expect(
      (await failureOf(maker, 'pack', 'create', '--runtimes', 'adminer', '-o', join(maker.root, 'folder'))).code,
    ).toBe('PERMISSION_DENIED');
    expect(readdirSync(maker.root).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('can be cancelled, and a daemon that was killed midway leaves nothing', async () => {
    const { id } = await taker.call<Change>('packs.install', { path: stackPack, trustKey: fingerprint });
    await taker.call('changes.cancel', { id });
    await expect
      .poll(async () => (await taker.call<Change>('changes.get', { id })).status, { timeout: 60_000 })
      .toBe('cancelled');
    await expect.poll(() => leftovers(taker)).toEqual([]);
    expect(await installedIn(taker)).toEqual([]);

    await taker.call<Change>('packs.install', { path: stackPack });
    await expect.poll(() => leftovers(taker).length).toBeGreaterThan(0);
    const { pid } = taker.daemonFile();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
    // The next one cleans up at its start, before anybody can ask it for something.
    await expect.poll(async () => (await taker.kojiResult('info')).code).toBe(0);
    expect(await installedIn(taker)).toEqual([]);
    expect(leftovers(taker)).toEqual([]);
  });

  it('takes a file over HTTP, only with the token, and forgets it when asked', async () => {
    const sent = readFileSync(smallPack);
    const { url, token } = maker.daemonFile();
    const post = (headers: Record<string, string>): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        const ask = request(`${url}/upload/pack`, { method: 'POST', headers }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (part: string) => (body += part));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        });
        ask.on('error', reject);
        ask.end(sent);
      });
    expect((await post({ authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post({ authorization: `Bearer ${token}`, origin: 'https://evil.example' })).status).toBe(403);
    expect(leftovers(maker)).toEqual([]);
    const { status, body } = await post({ authorization: `Bearer ${token}` });
    expect(status).toBe(200);
    const { path } = (JSON.parse(body) as { result: { path: string } }).result;
    expect(readFileSync(path).equals(sent)).toBe(true);
    expect((await maker.call<PackInfo>('packs.inspect', { path })).name).toBe('Small');
    // Only what was uploaded can be deleted this way.
    await maker.call('packs.discardUpload', { path: smallPack });
    expect(existsSync(smallPack)).toBe(true);
    await maker.call('packs.discardUpload', { path });
    expect(leftovers(maker)).toEqual([]);
  });

  describe('a mirror of one’s own', () => {
    let mirror: Mirror;
    beforeAll(async () => {
      mirror = await startMirror((await readPack(smallPack)).files, maker.path('runtime/cache/downloads/npm'));
    });
    afterAll(() => mirror.close());
    const viaOf = async (name: string): Promise<string | undefined> =>
      (await taker.call<{ name: string; installed: { via?: string } | null }[]>('runtime.list')).find(
        (entry) => entry.name === name && entry.installed !== null,
      )?.installed?.via;

    it('is tried before it is taken, and refused when it is no mirror', async () => {
      const { code, remedy } = await failureOf(taker, 'mirror', 'set', 'debian', `${mirror.url}/nothing`, '--check');
      expect(code).toBe('DOWNLOAD_FAILED');
      expect(remedy).toContain('InRelease');
      for (const address of ['ftp://127.0.0.1', 'http://user:secret@127.0.0.1', 'file:///tmp', 'mirror'])
        expect((await failureOf(taker, 'mirror', 'set', 'npm', address)).code, address).toBe('VALIDATION_FAILED');
      expect(await taker.call<MirrorStatus[]>('mirror.list')).toMatchObject([
        { url: null },
        { url: null },
        { url: null },
      ]);

      await taker.koji('mirror', 'set', 'debian', `${mirror.url}/`, '--check');
      await taker.koji('mirror', 'set', 'npm', mirror.url, '--check');
      const all = JSON.parse(await taker.koji('mirror', 'list', '--check', '--json')) as MirrorStatus[];
      expect(all.map(({ kind, url, check }) => [kind, url, check?.ok])).toEqual([
        ['npm', mirror.url, true],
        ['debian', mirror.url, true],
        ['https', null, undefined],
      ]);
    });

    it('cannot lie: other bytes than were signed are refused, whoever sends them', async () => {
      // What packs and earlier installs left would be used without asking anybody.
      rmSync(taker.path('runtime/cache/downloads'), { recursive: true });
      mirror.alter = (path, content) => (path.endsWith('.deb') ? flip(content, content.length - 1000) : content);
      expect((await failureOf(taker, 'runtime', 'install', 'adminer')).code).toBe('DIGEST_MISMATCH');
      mirror.alter = (path, content) => (path.endsWith('.tgz') ? flip(content, 1000) : content);
      expect((await failureOf(taker, 'runtime', 'install', 'postgres', '17')).code).toBe('DIGEST_MISMATCH');
      expect(await installedIn(taker)).toEqual([]);
      mirror.alter = null;
    });

    it('is what runtimes are fetched from, and the list says so', async () => {
      await taker.koji('runtime', 'install', 'adminer');
      await taker.koji('runtime', 'install', 'postgres', '17');
      expect(await viaOf('adminer')).toBe(`mirror ${mirror.url}`);
      expect(await viaOf('postgres')).toBe(`mirror ${mirror.url}`);
      expect(mirror.paths.some((path) => path.includes('/dists/'))).toBe(true);
      expect(mirror.paths.some((path) => path.includes('/pool/'))).toBe(true);
      await taker.koji('runtime', 'remove', 'adminer', '4.8');
      await taker.koji('runtime', 'remove', 'postgres', '17');
      await taker.koji('mirror', 'clear', 'npm');
      await taker.koji('mirror', 'clear');
      expect((await taker.call<MirrorStatus[]>('mirror.list')).map(({ url }) => url)).toEqual([null, null, null]);
    });
  });

  const canIsolate = process.getuid?.() === 0;
  if (!canIsolate) console.warn('SKIPPED: the round trip without a network needs root for a network namespace');
  it.skipIf(!canIsolate)('brings the whole stack up on a machine without any route', async () => {
    const child = spawn(
      'unshare',
      ['-n', process.execPath, '--no-warnings', 'tests/integration/pack-offline-child.ts', stackPack, fingerprint],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code, text).toBe(0);
    const seen = JSON.parse(text) as Record<string, unknown>;
    console.log(`offline: installed in ${String(seen['installMs'])} ms, up in ${String(seen['upMs'])} ms`);
    expect(seen).toMatchObject({ routes: '', outside: 'ENETUNREACH', installed: 0, up: 0, page: 200, status: 200 });
    expect(seen['refused']).toContain('PACK_KEY_UNKNOWN');
    expect(seen['vias']).toHaveLength(6);
    for (const via of seen['vias'] as string[]) expect(via).toContain('pack “stack”');
    const version = expect.stringMatching(/^\d+\.\d+/) as unknown;
    expect(seen['versions']).toMatchObject({ php: version, postgres: version, mariadb: version, redis: version });
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const altered = Buffer.from(bytes);
  altered[at] = (altered[at] ?? 0) ^ 1;
  return altered;
}

function replace(bytes: Buffer, from: string, to: string): Buffer {
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  const altered = Buffer.from(bytes);
  altered.write(to, at, 'latin1');
  return altered;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // It is gone.
  }
}
