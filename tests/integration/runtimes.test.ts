import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { InstallProgress } from '../../core/runtimes/source.ts';
import { tgzOf, type TarItem } from '../fixtures/archives/hostile.ts';
import { cutAfter, sha512, startRegistry, type Registry } from '../fixtures/registry/registry.ts';
import {
  createRuntimesWorld,
  manifestOf,
  never,
  silent,
  type RuntimesWorld,
  type WorldOptions,
} from './runtimes-world.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-runtimes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A real program, so that the link check has something to check. */
const program = readFileSync('/bin/true');
const packageOf = (...more: TarItem[]): Buffer =>
  tgzOf([
    { name: 'package/package.json', content: '{"name":"demo"}' },
    { name: 'package/bin/demo', content: program, mode: 0o755 },
    { name: 'package/filler', content: randomBytes(2_000_000) },
    ...more,
  ]);

function demo(content: Buffer, series = '1', change: Partial<ServiceBinary> = {}): ServiceBinary {
  return {
    name: 'demo',
    version: `${series}.0`,
    series,
    os: 'linux',
    arch: process.arch,
    checksum: `sha512:${sha512(content)}`,
    size: content.length,
    binPath: `runtime/bin/demo/${series}.0/linux-${process.arch}/bin/demo`,
    defaultPorts: [],
    env: {},
    args: [],
    isDefault: series === '1',
    source: { type: 'npm', name: '@demo/demo', version: `${series}.0`, sha512: sha512(content) },
    ...change,
  };
}

let home = '';
let registry: Registry;
const honest = packageOf();
beforeEach(async () => {
  home = mkdtempSync(join(root, 'home-'));
  registry = await startRegistry(honest);
});
afterEach(() => registry.close());

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, npm_config_registry: `${registry.url}/` });
const open = (options: WorldOptions = {}): Promise<RuntimesWorld> =>
  createRuntimesWorld(home, { manifest: manifestOf(demo(registry.content)), environment: environment(), ...options });
const ensure = ({ runtimes }: RuntimesWorld, progress = silent, signal = never()) =>
  runtimes.ensure('demo', undefined, progress, signal);
const lockText = (): string =>
  existsSync(join(home, 'runtime/lock.json')) ? readFileSync(join(home, 'runtime/lock.json'), 'utf8') : '';

function expectNothingHalfDone({ layout, runtimes }: RuntimesWorld): void {
  expect(readdirSync(layout.temp)).toEqual([]);
  expect(readdirSync(layout.bin)).toEqual([]);
  expect(runtimes.installed('demo')).toBeNull();
  expect(lockText()).not.toContain('demo');
}

describe('an install', () => {
  it('puts the tree in its place and its digests into the lock, and is not repeated', async () => {
    const world = await open();
    const steps: string[] = [];
    let bytes = 0;
    const installed = await ensure(world, { step: (step) => steps.push(step), bytes: (done) => (bytes = done) });
    expect(steps).toEqual(['resolve', 'fetch', 'verify', 'unpack', 'link-check', 'activate']);
    expect(bytes).toBe(honest.length);
    expect(installed).toMatchObject({
      name: 'demo',
      version: '1.0',
      series: '1',
      source: 'npm',
      path: `runtime/bin/demo/1.0/linux-${process.arch}`,
    });
    expect(installed.artifacts).toEqual([
      {
        file: 'runtime/cache/downloads/npm/@demo+demo-1.0.tgz',
        size: honest.length,
        digest: `sha512:${sha512(honest)}`,
        version: '1.0',
      },
    ]);
    expect(spawnSync(join(world.runtimes.treePath(installed), 'bin/demo')).status).toBe(0);
    expect(readdirSync(world.layout.temp)).toEqual([]);

    const next = await open();
    expect(await ensure(next)).toEqual(installed);
    expect(registry.requests).toHaveLength(1);
  });

  it('is one for all who ask at the same time', async () => {
    const world = await open();
    const heard = [0, 0];
    const both = await Promise.all(
      [0, 1].map((index) => ensure(world, { ...silent, step: () => (heard[index] = (heard[index] ?? 0) + 1) })),
    );
    expect(both[0]).toEqual(both[1]);
    expect(registry.requests).toHaveLength(1);
    expect(heard[0]).toBeGreaterThan(3);
    expect(heard[1]).toBe(heard[0]);
  });

  it('of two versions leaves both side by side; removing one keeps the other, and the data', async () => {
    const world = await open({ manifest: manifestOf(demo(honest), demo(honest, '2')) });
    await Promise.all(['1', '2'].map((series) => world.runtimes.ensure('demo', series, silent, never())));
    mkdirSync(join(world.layout.data, 'demo'), { recursive: true });
    writeFileSync(join(world.layout.data, 'demo/rows'), 'precious');
    await world.runtimes.remove('demo', '1');
    expect(world.runtimes.list(new Map()).map(({ series, installed }) => [series, installed?.version ?? null])).toEqual(
      [
        ['1', null],
        ['2', '2.0'],
      ],
    );
    expect(readdirSync(join(world.layout.bin, 'demo'), { recursive: true })).not.toContain(`1.0/linux-${process.arch}`);
    expect(readFileSync(join(world.layout.data, 'demo/rows'), 'utf8')).toBe('precious');
    await expect(world.runtimes.remove('demo', '1')).rejects.toMatchObject({ code: 'RUNTIME_MISSING' });
  });

  it('says what there is when something else is asked for', async () => {
    const world = await open();
    expect(() => world.runtimes.resolve('demo', '9')).toThrow(
      expect.objectContaining({ code: 'RUNTIME_UNSUPPORTED', detail: 'there is demo 1' }),
    );
  });

  it('replaces a folder that a killed activation left without an entry', async () => {
    const world = await open();
    const orphan = join(world.layout.bin, `demo/1.0/linux-${process.arch}`);
    mkdirSync(orphan, { recursive: true });
    writeFileSync(join(orphan, 'half'), 'x');
    await ensure(world);
    expect(readdirSync(orphan)).toContain('bin');
    expect(readdirSync(orphan)).not.toContain('half');
  });

  it('leaves nothing when it is cancelled, and works the next time', async () => {
    const world = await open();
    const stop = new AbortController();
    const step: InstallProgress['step'] = (name) => {
      if (name === 'unpack') stop.abort();
    };
    await expect(ensure(world, { ...silent, step }, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    expectNothingHalfDone(world);
    await ensure(world);
    expect(registry.requests).toHaveLength(1);
  });
});

describe('a bad download', () => {
  it('goes on where it was cut off', async () => {
    const half = Math.floor(honest.length / 2);
    registry.fault = (_request, response) => {
      if (registry.requests.length > 1) return false;
      cutAfter(response, honest, half);
      return true;
    };
    await ensure(await open());
    expect(registry.requests).toHaveLength(2);
    expect(registry.requests[1]?.from).toBeGreaterThan(0);
    expect(registry.requests[1]?.from).toBeLessThanOrEqual(half);
  });

  it('begins again when the server knows no ranges', async () => {
    registry.fault = (_request, response) => {
      if (registry.requests.length === 1) cutAfter(response, honest, 1_000_000);
      else response.writeHead(200, { 'content-length': honest.length }).end(honest);
      return true;
    };
    const world = await open();
    const installed = await ensure(world);
    expect(installed.artifacts[0]?.size).toBe(honest.length);
    expect(registry.requests).toHaveLength(2);
    expect(registry.requests[1]?.from).toBeGreaterThan(0);
  });

  it('gives up in the end when it is always cut off, and keeps what came', async () => {
    registry.fault = (request, response) => {
      cutAfter(response, honest, request.from > 0 ? 0 : 1000);
      return true;
    };
    const world = await open();
    await expect(ensure(world)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expectNothingHalfDone(world);
    registry.fault = null;
    await ensure(world);
  });

  it('is refused when its digest is wrong, and thrown away', async () => {
    const world = await open();
    registry.content = packageOf();
    await expect(ensure(world)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(registry.requests).toHaveLength(2);
    expectNothingHalfDone(world);
    expect(readdirSync(join(world.layout.downloads, 'npm'))).toEqual([]);
  });

  it('is not tried again where trying cannot help', async () => {
    registry.fault = (_request, response) => {
      response.writeHead(404).end();
      return true;
    };
    const world = await open();
    await expect(ensure(world)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', detail: 'the server answered 404' });
    expect(registry.requests).toHaveLength(1);
    expectNothingHalfDone(world);
  });

  it('of a file that was altered in the cache is noticed, and made good', async () => {
    const world = await open();
    const installed = await ensure(world);
    await world.runtimes.remove('demo', '1');
    const file = join(home, installed.artifacts[0]?.file ?? '');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(await ensure(world)).toMatchObject({ digest: installed.digest });
    expect(registry.requests).toHaveLength(2);
    expect(sha512(readFileSync(file))).toBe(sha512(honest));
  });

  it('with an unsafe archive, though signed for, is not unpacked', async () => {
    registry.content = packageOf({ name: 'package/out', type: '2', target: '/etc' });
    const world = await open();
    await expect(ensure(world)).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE' });
    expectNothingHalfDone(world);
  });

  it('with links that lead out of the package is not activated', async () => {
    registry.content = packageOf({
      name: 'package/native/pg-symlinks.json',
      content: JSON.stringify([{ source: 'bin/demo', target: '../../../../escape' }]),
    });
    const world = await open();
    await expect(ensure(world)).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE' });
    expectNothingHalfDone(world);
  });

  it('of a program that misses a library is not activated', async () => {
    const broken = Buffer.from(program.toString('latin1').replaceAll('libc.so.6', 'libq.so.6'), 'latin1');
    registry.content = tgzOf([{ name: 'package/bin/demo', content: broken, mode: 0o755 }]);
    const world = await open();
    await expect(ensure(world)).rejects.toMatchObject({
      code: 'LINK_CHECK_FAILED',
      detail: expect.stringContaining('libq.so.6') as string,
    });
    expectNothingHalfDone(world);
  });
});

describe('a full disk', () => {
  it('is noticed before anything is fetched', async () => {
    const world = await open({
      change: (system) => ({ ...system, files: { ...system.files, freeBytes: () => Promise.resolve(1_000_000) } }),
    });
    await expect(ensure(world)).rejects.toMatchObject({
      code: 'DISK_FULL',
      detail: expect.stringContaining('1 MB free') as string,
    });
    expect(registry.requests).toHaveLength(0);
  });

  it('that takes everything but the entry of the lock leaves no tree, and the former one where there was one', async () => {
    let refused: string | null = null;
    const world = await open({
      change: (system) => ({
        ...system,
        files: {
          ...system.files,
          writeAtomic: (path, ...rest) =>
            refused === path
              ? Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
              : system.files.writeAtomic(path, ...rest),
          rename: (from, to) =>
            refused === to && from.includes('install-')
              ? Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
              : system.files.rename(from, to),
        },
      }),
    });
    const tree = join(world.layout.bin, `demo/1.0/linux-${process.arch}`);
    refused = world.layout.lock;
    await expect(ensure(world)).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect([existsSync(tree), readdirSync(world.layout.temp), lockText()]).toEqual([false, [], '']);

    refused = null;
    const before = await ensure(world);
    const again = (): Promise<unknown> =>
      world.runtimes.installExactly('demo', { series: '1', version: '1.0' }, silent, never());
    for (const place of [world.layout.lock, tree]) {
      writeFileSync(join(tree, 'mark'), 'the former one');
      refused = place;
      await expect(again(), place).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(readFileSync(join(tree, 'mark'), 'utf8')).toBe('the former one');
      expect(readdirSync(world.layout.temp)).toEqual([]);
      expect(world.runtimes.installed('demo')).toEqual(before);
    }
    refused = null;
    await again();
    expect(existsSync(join(tree, 'mark'))).toBe(false);
  });

  const canMount = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0;
  it.runIf(canMount).each([
    ['while fetching', 1_000_000],
    ['while unpacking', 5_000_000],
  ])('(needs root to mount one) is survived %s', async (_when, size) => {
    const full = join(home, 'full');
    mkdirSync(full);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', full]).status).toBe(0);
    try {
      // Too small a disk is noticed beforehand; here it fills up while the install runs.
      const change: WorldOptions['change'] = (system) => ({
        ...system,
        files: { ...system.files, freeBytes: () => Promise.resolve(1e12) },
      });
      const world = await createRuntimesWorld(full, {
        manifest: manifestOf(demo(honest)),
        environment: environment(),
        change: change ?? ((same) => same),
      });
      await expect(ensure(world)).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(readdirSync(world.layout.temp)).toEqual([]);
      expect(world.runtimes.installed('demo')).toBeNull();
      expect(spawnSync('mount', ['-o', 'remount,size=100000000', full]).status).toBe(0);
      await ensure(world);
      expect(world.runtimes.installed('demo')).not.toBeNull();
    } finally {
      spawnSync('umount', [full]);
    }
  });
});

describe('kill -9 in the middle', () => {
  it.each(['resolve', 'fetch', 'verify', 'unpack', 'link-check', 'activate'])(
    'at "%s" leaves nothing half done',
    async (when) => {
      const manifestFile = join(home, 'entries.json');
      writeFileSync(manifestFile, JSON.stringify([demo(honest)]));
      if (when === 'fetch') {
        registry.fault = (_request, response) => {
          response.writeHead(200, { 'content-length': honest.length }).write(honest.subarray(0, 1_000_000));
          return true;
        };
      }
      const child = spawn(
        process.execPath,
        ['--no-warnings', join(import.meta.dirname, 'runtimes-child.ts'), home, manifestFile, 'demo@1'],
        {
          env: environment(),
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const ended = once(child, 'close');
      for await (const line of createInterface(child.stdout)) {
        if (line !== `step ${when}`) continue;
        const partial = join(home, 'runtime/cache/downloads/npm/@demo+demo-1.0.tgz.partial');
        while (when === 'fetch' && (statSync(partial, { throwIfNoEntry: false })?.size ?? 0) === 0) {
          await new Promise(setImmediate);
        }
        child.kill('SIGKILL');
        break;
      }
      expect((await ended)[1]).toBe('SIGKILL');

      const fetched = registry.requests.length;
      registry.fault = null;
      const world = await open();
      await world.runtimes.cleanTemp();
      expect(readdirSync(world.layout.temp)).toEqual([]);
      const installed = await ensure(world);
      expect(spawnSync(join(world.runtimes.treePath(installed), 'bin/demo')).status).toBe(0);
      expect(readFileSync(join(world.runtimes.treePath(installed), 'filler')).length).toBe(2_000_000);
      // What was fetched is used again; what was cut off goes on.
      if (['unpack', 'link-check', 'activate'].includes(when)) expect(registry.requests).toHaveLength(fetched);
      if (when === 'fetch') expect(registry.requests.at(-1)?.from).toBeGreaterThan(0);
    },
  );
});
