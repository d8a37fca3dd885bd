/**
 * Updates of the desktop app, by the real electron-updater (with Node's network in the place of Electron's), from a release that our own
 * scripts signed, read by the daemon's own updater. The AppImage is replaced by the verified bytes, or not at all.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
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
import type { AppUpdater } from 'electron-updater';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UpdateHandover } from '../../contract/updater.ts';
import { NOTHING_SEEN } from '../../core/updater/seen.ts';
import { createUpdater } from '../../daemon/updater/updater.ts';
import { installFetched, refuseReplacing } from '../../electron/main/app-install.ts';
import { watchUpdates, type UpdateWatch } from '../../electron/main/app-updater.ts';
import { createRealUpdater, pendingFolder, type AppFolder } from '../fixtures/updates/app-updater.ts';
import { startUpdateServer, type UpdateServer } from './update-server.ts';
import { makeKey } from './update-world.ts';

const OLD = '#!/bin/sh\necho 1.0.0\n';
const key = makeKey();
let root: string;
let server: UpdateServer;
let app: AppFolder;
let appImage: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-app-update-'));
  server = await startUpdateServer();
  app = { folder: join(root, 'app'), version: '1.0.0' };
  mkdirSync(join(root, 'Applications'));
  appImage = join(root, 'Applications', 'kojibox-1.0.0-linux-x86_64.AppImage');
  writeFileSync(appImage, OLD, { mode: 0o755 });
  process.env['APPIMAGE'] = appImage;
});
afterEach(async () => {
  delete process.env['APPIMAGE'];
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

/** An installer of some size. */
const installer = (version: string, bytes = 300_000): Buffer =>
  Buffer.concat([Buffer.from(`#!/bin/sh\necho ${version}\nexit 0\n`), randomBytes(bytes)]);
const sha512 = (content: Buffer): string => createHash('sha512').update(content).digest('base64');

/** What electron-builder writes beside an installer (latest-linux.yml). */
const latest = (version: string, name: string, content: Buffer): string =>
  `version: ${version}\nfiles:\n  - url: ${name}\n    sha512: ${sha512(content)}\n    size: ${content.length}\npath: ${name}\nsha512: ${sha512(content)}\nreleaseDate: '2030-01-01T00:00:00.000Z'\n`;

/** Signs a feed with our own script, and puts it and the files on the server, as a release does. */
function release(version: string, files: Readonly<Record<string, Buffer>>): void {
  const folder = join(root, 'release');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'key.pem'), key.privateKey);
  const paths = Object.entries(files).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    server.files.set(name, content);
    return join(folder, name);
  });
  const [first = ''] = Object.keys(files);
  execFileSync(process.execPath, [
    'scripts/release/feed.ts',
    join(folder, 'key.pem'),
    join(folder, 'feed.json'),
    ...paths,
  ]);
  server.files.set('feed.json', readFileSync(join(folder, 'feed.json')));
  server.files.set('latest-linux.yml', latest(version, first, files[first] as Buffer));
}

/** The daemon's answer for the desktop app. */
function handover(kind: 'AppImage' | 'deb' = 'AppImage'): Promise<UpdateHandover | null> {
  const unpacked = join(root, 'resources', 'app.asar.unpacked');
  mkdirSync(unpacked, { recursive: true });
  if (kind === 'deb') writeFileSync(join(root, 'resources', 'package-type'), 'deb');
  let seen = NOTHING_SEEN;
  const updater = createUpdater({
    system: { host: { os: 'linux', arch: 'x64', environment: {} } } as never,
    current: '1.0.0',
    installed: { kind: 'app', root: unpacked, install: null },
    feed: () => ({ address: `${server.url}/feed.json`, from: 'build' }),
    seen: {
      get: () => seen,
      update: (change) => Promise.resolve((seen = change(seen))),
    },
    manifest: { isNewer: () => false } as never,
    work: null as never,
    keys: () => [key.publicKey],
    channel: () => 'stable',
    available: () => undefined,
    handedOver: () => undefined,
    manifestChanged: () => undefined,
  });
  return updater.handover();
}

/** As the shell does it; resolves with how it ended. */
async function fetchUpdate(
  updater: AppUpdater,
  offer: UpdateHandover,
): Promise<{ said: string; watch: UpdateWatch; later: string[] }> {
  const later: string[] = [];
  return new Promise((resolve) => {
    let isFirst = true;
    const say = (text: string): void => {
      if (isFirst) resolve({ said: text, watch, later });
      else later.push(text);
      isFirst = false;
    };
    const watch = watchUpdates({
      load: () => Promise.resolve(updater),
      digest: (file) => Promise.resolve(createHash('sha256').update(readFileSync(file)).digest('hex')),
      refusal: () => refuseReplacing(process.env['APPIMAGE']),
      install: (fetched) => installFetched(fetched, process.env['APPIMAGE']),
      ready: (version) => say(`ready ${version}`),
      failed: say,
    });
    watch.offered(offer);
  });
}

const NAME = 'kojibox-1.1.0-linux-x86_64.AppImage';
async function offered(kind: 'AppImage' | 'deb' = 'AppImage'): Promise<UpdateHandover> {
  const offer = await handover(kind);
  if (offer === null) throw new Error('the feed has nothing for this app');
  return offer;
}
const expectUntouched = (): void => {
  expect(readFileSync(appImage, 'utf8')).toBe(OLD);
  expect(readdirSync(join(root, 'Applications'))).toEqual(['kojibox-1.0.0-linux-x86_64.AppImage']);
};

describe('an AppImage', () => {
  it('is replaced by the verified bytes when the app quits, and keeps its name and rights', async () => {
    const content = installer('1.1.0');
    release('1.1.0', { [NAME]: content });
    chmodSync(appImage, 0o744);
    const { said, watch, later } = await fetchUpdate(createRealUpdater('AppImage', app), await offered());
    expect(said).toBe('ready 1.1.0');
    expectUntouched();
    watch.install();
    expect(later).toEqual([]);
    expect(readFileSync(appImage).equals(content)).toBe(true);
    expect(statSync(appImage).mode & 0o777).toBe(0o744);
    expect(readdirSync(join(root, 'Applications'))).toHaveLength(1);
    expect(execFileSync(appImage, { encoding: 'utf8' })).toBe('1.1.0\n');
    // Nothing is left to be put in place once more.
    expect(existsSync(join(pendingFolder(app), NAME))).toBe(false);
  });

  it.each<[string, RegExp, (content: Buffer) => void]>([
    [
      'whose sha512 is not that of the yml',
      /sha512 checksum mismatch/,
      (content) => void server.files.set('latest-linux.yml', latest('1.1.0', NAME, Buffer.concat([content, content]))),
    ],
    [
      'that was swapped together with the yml',
      /not the one that the signed feed names/,
      () => {
        const evil = installer('1.1.0');
        server.files.set(NAME, evil);
        server.files.set('latest-linux.yml', latest('1.1.0', NAME, evil));
      },
    ],
    [
      'that the yml has somewhere else, and other bytes there',
      /not the one that the signed feed names/,
      () => {
        const evil = installer('1.1.0');
        server.files.set('other/evil.AppImage', evil);
        server.files.set('latest-linux.yml', latest('1.1.0', 'other/evil.AppImage', evil));
      },
    ],
    [
      'of another version than the signed one',
      /the feed of the app has 1\.2\.0, the signed one 1\.1\.0/,
      (content) => void server.files.set('latest-linux.yml', latest('1.2.0', NAME, content)),
    ],
    [
      'that was cut short',
      /sha512 checksum mismatch/,
      (content) => void server.files.set(NAME, content.subarray(0, 1000)),
    ],
    [
      'whose server dies midway',
      /aborted|ECONNRESET|socket hang up|checksum mismatch/,
      () => void (server.dieAfterBytes = 100_000),
    ],
    ['whose yml is gone', /404/, () => void server.files.delete('latest-linux.yml')],
  ])('stays as it is for one %s', async (_name, reason, attack) => {
    const content = installer('1.1.0');
    release('1.1.0', { [NAME]: content });
    const offer = await offered();
    attack(content);
    const { said, watch, later } = await fetchUpdate(createRealUpdater('AppImage', app), offer);
    expect(said).toMatch(reason);
    watch.install();
    expect(later).toEqual([]);
    expectUntouched();
    // Whatever was fetched is not there for a later start either.
    const left = existsSync(pendingFolder(app)) ? readdirSync(pendingFolder(app)) : [];
    expect(left.filter((name) => name.endsWith('.AppImage'))).toEqual([]);
  });

  it('stays as it is when the fetched file is changed before the app quits', async () => {
    release('1.1.0', { [NAME]: installer('1.1.0') });
    const { said, watch, later } = await fetchUpdate(createRealUpdater('AppImage', app), await offered());
    expect(said).toBe('ready 1.1.0');
    appendFileSync(join(pendingFolder(app), NAME), 'evil');
    watch.install();
    expect(later).toEqual(['the installer of 1.1.0 was changed after it was fetched; nothing was installed']);
    expectUntouched();
    expect(existsSync(join(pendingFolder(app), NAME))).toBe(false);
  });

  it('is not replaced by what an earlier start of the app left in the cache, unless it is what the signed feed names', async () => {
    const content = installer('1.1.0');
    release('1.1.0', { [NAME]: content });
    const offer = await offered();
    // Left by somebody who also controls the yml: electron-updater takes it without fetching anything.
    const evil = installer('1.1.0');
    mkdirSync(pendingFolder(app), { recursive: true });
    writeFileSync(join(pendingFolder(app), NAME), evil);
    writeFileSync(
      join(pendingFolder(app), 'update-info.json'),
      JSON.stringify({ fileName: NAME, sha512: sha512(evil), isAdminRightsRequired: false }),
    );
    server.files.set('latest-linux.yml', latest('1.1.0', NAME, evil));
    const first = await fetchUpdate(createRealUpdater('AppImage', app), offer);
    expect(first.said).toMatch(/not the one that the signed feed names/);
    first.watch.install();
    expectUntouched();
    // The next start, with the right yml: fetched anew, and put in place.
    server.files.set('latest-linux.yml', latest('1.1.0', NAME, content));
    const second = await fetchUpdate(createRealUpdater('AppImage', app), offer);
    expect(second.said).toBe('ready 1.1.0');
    // The start after that finds it in the cache.
    server.files.delete(NAME);
    const third = await fetchUpdate(createRealUpdater('AppImage', app), offer);
    expect(third.said).toBe('ready 1.1.0');
    third.watch.install();
    expect(readFileSync(appImage).equals(content)).toBe(true);
  });

  it('is not fetched at all where it could not be replaced', async () => {
    release('1.1.0', { [NAME]: installer('1.1.0') });
    process.env['APPIMAGE'] = join(root, 'gone', NAME);
    const { said } = await fetchUpdate(createRealUpdater('AppImage', app), await offered());
    expect(said).toMatch(/belongs to another user/);
    expect(existsSync(pendingFolder(app))).toBe(false);
  });
});

const canInstallDeb = process.getuid?.() === 0 && existsSync('/usr/bin/dpkg-deb');
describe.skipIf(!canInstallDeb)('a Debian package (as root, on a system with dpkg)', () => {
  const name = 'kojibox-1.1.0-linux-amd64.deb';
  let log: string;

  beforeEach(() => {
    delete process.env['APPIMAGE'];
    // The system's own dpkg, in a folder of the test in the place of the system.
    const bin = join(root, 'bin');
    mkdirSync(bin);
    log = join(root, 'dpkg.log');
    for (const folder of ['info', 'updates']) mkdirSync(join(root, 'system/var/lib/dpkg', folder), { recursive: true });
    for (const file of ['status', 'available']) writeFileSync(join(root, 'system/var/lib/dpkg', file), '');
    writeFileSync(
      join(bin, 'dpkg'),
      `#!/bin/sh\necho "$@" >> ${log}\nexec /usr/bin/dpkg --root=${join(root, 'system')} --log=/dev/null "$@"\n`,
      { mode: 0o755 },
    );
    process.env['PATH'] = `${bin}:${process.env['PATH'] ?? ''}`;
  });
  afterEach(() => {
    process.env['PATH'] = (process.env['PATH'] ?? '').split(':').slice(1).join(':');
  });

  function makeDeb(version: string): Buffer {
    const tree = join(root, `deb-${version}`);
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
    mkdirSync(join(tree, 'opt'), { recursive: true });
    writeFileSync(join(tree, 'opt/kojibox'), version);
    writeFileSync(
      join(tree, 'DEBIAN/control'),
      `Package: kojibox\nVersion: ${version}\nArchitecture: all\nMaintainer: test <test@localhost>\nDescription: test\n`,
    );
    execFileSync('dpkg-deb', ['--build', '--root-owner-group', tree, join(root, `${version}.deb`)], {
      stdio: 'ignore',
    });
    return readFileSync(join(root, `${version}.deb`));
  }

  it('is installed by dpkg when the app quits; the feed has an AppImage beside it', async () => {
    release('1.1.0', { [name]: makeDeb('1.1.0'), [NAME]: installer('1.1.0') });
    const offer = await offered('deb');
    expect(offer.url).toBe(`${server.url}/${name}`);
    const { said, watch, later } = await fetchUpdate(createRealUpdater('deb', app), offer);
    expect(said).toBe('ready 1.1.0');
    expect(existsSync(log)).toBe(false);
    watch.install();
    expect(later).toEqual([]);
    expect(readFileSync(join(root, 'system/opt/kojibox'), 'utf8')).toBe('1.1.0');
  });

  it('is not installed when it was changed before the app quits', async () => {
    release('1.1.0', { [name]: makeDeb('1.1.0') });
    const { watch, later } = await fetchUpdate(createRealUpdater('deb', app), await offered('deb'));
    writeFileSync(join(pendingFolder(app), name), makeDeb('6.6.6'));
    watch.install();
    expect(later).toEqual(['the installer of 1.1.0 was changed after it was fetched; nothing was installed']);
    expect(existsSync(log)).toBe(false);
  });
});
