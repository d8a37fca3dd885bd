/** The archive client against mirrors on loopback: what honest ones give, and what hostile ones cannot do. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { StagedTree } from '../../core/runtimes/source.ts';
import { createDebianSource, type DebianSource, type DebianSourceOptions } from '../../daemon/sources/debian.ts';
import { debOf } from '../fixtures/archives/hostile.ts';
import {
  makeKey,
  releaseText,
  signRelease,
  startSignedArchive,
  type SignedArchive,
  type SigningKey,
} from '../fixtures/archives/signed-archive.ts';
import { archiveProgram } from './runtimes-world.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-archive-'));
const DAY_MS = 24 * 3600 * 1000;
const now = Date.now();
const at = (days: number): Date => new Date(Math.floor(now / 1000) * 1000 + days * DAY_MS);
const IN_RELEASE = '/debian/dists/bookworm/InRelease';
const DEB = '/debian/pool/main/hello_1.0-1_amd64.deb';

let key: SigningKey;
let archive: SignedArchive;
let home = '';
let source: DebianSource;
beforeAll(async () => {
  key = await makeKey({ date: at(-100) });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(async () => {
  archive = await startSignedArchive(key);
  home = mkdtempSync(join(root, 'h-'));
  source = open();
  await archive.publish('bookworm', [{ name: 'php-hello' }, { name: 'hello', depends: 'php-hello, nothing-of-ours' }], {
    date: at(-1),
    validUntil: at(6),
  });
});
afterEach(() => archive.close());

/** Another one over the same folders: as after a new start of the daemon. */
function open(
  options: Partial<DebianSourceOptions> & { readonly keyring?: string; readonly mirrors?: readonly string[] } = {},
): DebianSource {
  const archives = mkdtempSync(join(home, 'archives-'));
  const urls = options.mirrors ?? [archive.url];
  writeFileSync(join(archives, 'debian.asc'), options.keyring ?? key.publicKey);
  writeFileSync(
    join(archives, 'debian.json'),
    JSON.stringify({
      debian: urls.map((url) => `${url}/debian`),
      security: urls.map((url) => `${url}/debian-security`),
    }),
  );
  return createDebianSource({
    program: archiveProgram,
    archives,
    etc: join(home, 'etc'),
    indexes: join(home, 'indexes'),
    downloads: join(home, 'downloads'),
    ...options,
  });
}

const binaryOf = (...packages: string[]): ServiceBinary => ({
  name: 'hello',
  version: '1',
  os: 'linux',
  arch: 'x64',
  checksum: 'archive-signature',
  size: 1,
  binPath: 'runtime/bin/hello/1/linux-x64/usr/bin/hello',
  defaultPorts: [],
  env: {},
  args: [],
  source: { type: 'debian', suite: 'bookworm', packages, executables: [] },
});

let trees = 0;
const treeOf = (): string => join(home, `tree-${trees}`);
async function stage(from = source, ...packages: string[]): Promise<StagedTree> {
  trees += 1;
  mkdirSync(treeOf());
  const silent = { step: () => undefined, bytes: () => undefined };
  return await from.stage(
    binaryOf(...(packages.length === 0 ? ['hello'] : packages)),
    { staging: treeOf(), finalPath: () => treeOf() },
    silent,
    new AbortController().signal,
  );
}
async function failureOf(work: Promise<unknown>): Promise<{ code: string; detail: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof KojiboxError) return { code: error.code, detail: error.detail };
    throw error;
  }
  throw new Error('it worked');
}
const downloads = (): string[] => {
  try {
    return readdirSync(join(home, 'downloads/debian/bookworm')).sort();
  } catch {
    return [];
  }
};
/** The same release once more, with another text. */
const republish = async (change: (text: string) => string, by = key): Promise<void> => {
  const signed = archive.files.get(IN_RELEASE)?.toString() ?? '';
  const text = signed.slice(signed.indexOf('\n\n') + 2, signed.indexOf('\n-----BEGIN PGP SIGNATURE'));
  archive.files.set(IN_RELEASE, Buffer.from(await signRelease(change(text), [by])));
};

describe('an honest archive', () => {
  it('gives a tree with what is needed, and nothing of what is not; its indexes are asked for once', async () => {
    const staged = await stage();
    expect(staged.version).toBe('1.0');
    expect(readFileSync(join(treeOf(), 'usr/share/hello/file'), 'utf8')).toBe('hello');
    expect(staged.artifacts.map(({ name }) => name).sort()).toEqual(['hello', 'php-hello']);
    const asked = archive.asked.length;
    await stage();
    expect(archive.asked.length).toBe(asked);
  });

  it('of several, the first that answers is used, with the addresses of the system before the official ones', async () => {
    const etc = join(home, 'etc');
    mkdirSync(join(etc, 'sources.list.d'), { recursive: true });
    writeFileSync(
      join(etc, 'sources.list'),
      `deb [trusted=yes] http://127.0.0.1:1/debian bookworm main\ndeb ${archive.url}/nowhere/debian trixie main\ndeb http://127.0.0.1:1/other jammy main\n`,
    );
    writeFileSync(
      join(etc, 'sources.list.d/debian.sources'),
      `Types: deb\nURIs: ${archive.url}/debian/\nSuites: bookworm\nComponents: main\n\nEnabled: no\nTypes: deb\nURIs: http://127.0.0.1:1/off/debian\nSuites: bookworm\n`,
    );
    const staged = await stage(open({ mirrors: ['http://127.0.0.1:1', archive.url], etc }));
    expect(staged.version).toBe('1.0');
    expect(archive.asked).toContain('/nowhere/debian/dists/bookworm/InRelease');
    expect(archive.asked.filter((path) => path === IN_RELEASE)).toHaveLength(1);
  });

  it('continues a download where it was cut off', async () => {
    const whole = archive.files.get(DEB) ?? Buffer.alloc(0);
    let cut = false;
    archive.bend = (path, response) => {
      if (path !== DEB || cut) return false;
      cut = true;
      response.writeHead(200, { 'content-length': whole.length });
      response.write(whole.subarray(0, 100), () => response.destroy());
      return true;
    };
    await stage();
    expect(archive.asked.filter((path) => path === DEB)).toHaveLength(2);
  });
});

describe('a hostile mirror', () => {
  const expectNothingDone = (): void => {
    expect(downloads()).toEqual([]);
    expect(readdirSync(treeOf())).toEqual([]);
  };

  it('that leaves the signature out is refused', async () => {
    archive.files.set(IN_RELEASE, Buffer.from(releaseText({ codename: 'bookworm', date: at(-1) }, [])));
    expect(await failureOf(stage())).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('something else than a signed index') as string,
    });
    expectNothingDone();
  });

  it('that signs with another key is refused', async () => {
    await republish((text) => text, await makeKey());
    expect(await failureOf(stage())).toMatchObject({ code: 'INDEX_UNTRUSTED' });
    expectNothingDone();
  });

  it('that changes a letter of what was signed is refused', async () => {
    const signed = archive.files.get(IN_RELEASE)?.toString() ?? '';
    archive.files.set(IN_RELEASE, Buffer.from(signed.replace('Origin: Test', 'Origin: Tesd')));
    expect(await failureOf(stage())).toMatchObject({ code: 'INDEX_UNTRUSTED' });
    expectNothingDone();
  });

  it('that adds a text before or after the signed one is refused', async () => {
    const signed = archive.files.get(IN_RELEASE)?.toString() ?? '';
    for (const bent of [`Origin: Other\n${signed}`, `${signed}Origin: Other\n`, `${signed}${signed}`]) {
      archive.files.set(IN_RELEASE, Buffer.from(bent));
      expect((await failureOf(stage())).code).toMatch(/^(INDEX_UNTRUSTED|DOWNLOAD_FAILED)$/);
    }
    expectNothingDone();
  });

  it('is refused when its key has expired since; what a newer key signs too is taken', async () => {
    const old = await makeKey({ date: at(-10), keyExpirationTime: 5 * 24 * 3600 });
    const facts = { date: at(-9), validUntil: at(6) };
    await archive.publish('bookworm', [{ name: 'hello' }], facts, { keys: [old], at: at(-9) });
    const onlyOld = open({ keyring: old.publicKey });
    expect(await failureOf(stage(onlyOld))).toMatchObject({
      code: 'INDEX_UNTRUSTED',
      detail: expect.stringContaining('expired') as string,
    });
    await archive.publish('bookworm', [{ name: 'hello' }], facts, { keys: [old, key], at: at(-9) });
    expect((await failureOf(stage(onlyOld))).code).toBe('INDEX_UNTRUSTED');
    expect((await stage()).version).toBe('1.0');
  });

  it('with an index past its date is refused, unless the user allows it', async () => {
    await archive.publish('bookworm', [{ name: 'hello' }], { date: at(-9), validUntil: at(-2) });
    expect(await failureOf(stage())).toMatchObject({ code: 'INDEX_EXPIRED' });
    expectNothingDone();
    expect((await stage(open({ allowsExpired: () => true }))).version).toBe('1.0');
  });

  it('with an index older than one that was seen is refused, also after a new start', async () => {
    await stage();
    await archive.publish('bookworm', [{ name: 'hello', version: '0.9-1' }], { date: at(-3) });
    const later = open({ now: () => Date.now() + 2 * DAY_MS });
    expect(await failureOf(stage(later))).toMatchObject({ code: 'INDEX_OLDER' });
    expect(readdirSync(treeOf())).toEqual([]);
  });

  it('with the index of another release is refused', async () => {
    await archive.publish('trixie', [{ name: 'hello' }], { date: at(-1) });
    archive.files.set(IN_RELEASE, archive.files.get('/debian/dists/trixie/InRelease') ?? Buffer.alloc(0));
    expect(await failureOf(stage())).toMatchObject({
      code: 'INDEX_UNTRUSTED',
      detail: expect.stringContaining('trixie') as string,
    });
  });

  it('with another list of packages than was signed is refused', async () => {
    for (const path of archive.files.keys())
      if (path.includes('by-hash') && path.startsWith('/debian/dists/bookworm/'))
        archive.files.set(path, Buffer.from('Package: hello'));
    expect(await failureOf(stage())).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expectNothingDone();
  });

  it('with another package than was signed is refused; the honest one in the row is used', async () => {
    const honest = archive.files.get(DEB) ?? Buffer.alloc(0);
    const other = debOf([{ name: './usr/bin/evil', content: 'x' }]);
    archive.files.set(
      DEB,
      Buffer.concat([other, Buffer.alloc(Math.max(0, honest.length - other.length))]).subarray(0, honest.length),
    );
    expect(await failureOf(stage())).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(downloads()).not.toContain('hello_1.0-1_amd64.deb');
    const second = await startSignedArchive(key);
    for (const [path, bytes] of archive.files) second.files.set(path, bytes);
    second.files.set(DEB, honest);
    expect((await stage(open({ mirrors: [archive.url, second.url] }))).version).toBe('1.0');
    await second.close();
  });

  it('that answers a page for logging in is not taken for a broken archive', async () => {
    archive.bend = (_path, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<html><body>Please log in</body></html>');
      return true;
    };
    expect(await failureOf(stage())).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('something else than a signed index') as string,
    });
    expectNothingDone();
  });

  it('that never ends its answer is cut off: at the index, at the list, at a package', async () => {
    const endless = (wanted: (path: string) => boolean): void => {
      archive.bend = (path, response) => {
        if (!wanted(path)) return false;
        const pour = (): void =>
          void (response.write(Buffer.alloc(65_536)) ? setImmediate(pour) : response.once('drain', pour));
        response.on('close', () => response.destroy());
        pour();
        return true;
      };
    };
    endless((path) => path === IN_RELEASE);
    expect(await failureOf(stage())).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('more than') as string,
    });
    endless((path) => path.includes('by-hash'));
    expect(await failureOf(stage())).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('more than') as string,
    });
    endless((path) => path === DEB);
    expect(await failureOf(stage())).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('more than') as string,
    });
    expect(downloads().filter((name) => name.startsWith('hello'))).toEqual([]);
  });

  it('cannot keep it busy with dependencies that go round, and the error says what is missing', async () => {
    await archive.publish(
      'bookworm',
      [
        { name: 'hello', depends: 'liba' },
        { name: 'liba', depends: 'libb (>= 2) | libz' },
        { name: 'libb', version: '1.0-1', depends: 'liba' },
        { name: 'libc-x', provides: 'libz', depends: 'hello, liba' },
      ],
      { date: at(-1) },
    );
    expect((await stage()).artifacts.map(({ name }) => name).sort()).toEqual(['hello', 'liba', 'libc-x']);
    expect(await failureOf(stage(source, 'liby'))).toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: 'the runtime needs liby, and the archive has none',
    });
  });

  it('that signs for a package which writes outside of the tree gets nothing out of it', async () => {
    await archive.publish('bookworm', [{ name: 'hello', items: [{ name: './../../evil', content: 'x' }] }], {
      date: at(-1),
    });
    expect(await failureOf(stage())).toMatchObject({ code: 'ARCHIVE_UNSAFE' });
    expect(readdirSync(home)).not.toContain('evil');
  });
});

describe('a package in the cache', () => {
  it('that was altered is fetched again, and never unpacked', async () => {
    await stage();
    const file = join(home, 'downloads/debian/bookworm/hello_1.0-1_amd64.deb');
    const good = readFileSync(file);
    const bad = Buffer.from(good);
    bad[bad.length - 20] = (bad[bad.length - 20] ?? 0) ^ 1;
    writeFileSync(file, bad);
    await stage();
    expect(readFileSync(file).equals(good)).toBe(true);
  });

  it('is all that an install of what is there needs, once the indexes are there', async () => {
    await stage();
    archive.bend = (_path, response) => {
      response.writeHead(500).end();
      return true;
    };
    expect((await stage(open())).version).toBe('1.0');
  });
});
