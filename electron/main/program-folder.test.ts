import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keepOutsideOfMount, unpackedDist } from './program-folder.ts';
import { isNewerVersion } from './versions.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-programs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the programs of the packaged app', () => {
  it('lie beside the archive; in a checkout they are where they are', () => {
    expect(unpackedDist('/opt/Kojibox/resources/app.asar/dist')).toBe('/opt/Kojibox/resources/app.asar.unpacked/dist');
    expect(unpackedDist('C:\\K\\resources\\app.asar\\dist')).toBe('C:\\K\\resources\\app.asar.unpacked\\dist');
    expect(unpackedDist('/home/me/kojibox/dist')).toBe('/home/me/kojibox/dist');
  });

  it('are copied out of an AppImage once per version, without what only a window needs', () => {
    const mount = join(root, 'mount');
    const home = join(root, 'home');
    const dist = join(mount, 'resources', 'app.asar.unpacked', 'dist');
    mkdirSync(join(dist, 'daemon'), { recursive: true });
    mkdirSync(join(mount, 'locales'));
    writeFileSync(join(mount, 'kojibox'), 'binary', { mode: 0o755 });
    writeFileSync(join(mount, 'resources.pak'), 'x');
    writeFileSync(join(dist, 'daemon', 'main.mjs'), 'one');
    const inMount = { binary: join(mount, 'kojibox'), dist };

    mkdirSync(join(home, 'app', 'shell', '.1.0.0.1'), { recursive: true });
    const kept = keepOutsideOfMount(inMount, mount, home, '1.0.0');
    expect(kept.binary).toBe(join(home, 'app', 'shell', '1.0.0', 'kojibox'));
    expect(readFileSync(join(kept.dist, 'daemon', 'main.mjs'), 'utf8')).toBe('one');
    expect(existsSync(join(home, 'app', 'shell', '1.0.0', 'locales'))).toBe(false);
    expect(existsSync(join(home, 'app', 'shell', '1.0.0', 'resources.pak'))).toBe(false);

    writeFileSync(join(dist, 'daemon', 'main.mjs'), 'two');
    keepOutsideOfMount(inMount, mount, home, '1.0.0');
    expect(readFileSync(join(kept.dist, 'daemon', 'main.mjs'), 'utf8')).toBe('one');
    const next = keepOutsideOfMount(inMount, mount, home, '1.1.0');
    expect(readFileSync(join(next.dist, 'daemon', 'main.mjs'), 'utf8')).toBe('two');
    expect(readdirSync(join(home, 'app', 'shell'))).toEqual(['1.1.0']);
  });
});

describe('versions', () => {
  it.each([
    ['1.0.1', '1.0.0', true],
    ['1.10.0', '1.9.9', true],
    ['2.0.0', '1.99.99', true],
    ['1.0.0', '1.0.0-beta.1', true],
    ['1.0.0', '1.0.0', false],
    ['1.0.0', '1.0.1', false],
    ['1.0.0-beta.2', '1.0.0', false],
    ['1.0.0-beta.2', '1.0.0-beta.1', false],
    ['1.0.0+build', '1.0.0', false],
    ['nonsense', '1.0.0', false],
  ])('%s newer than %s: %s', (candidate, than, newer) => {
    expect(isNewerVersion(candidate, than)).toBe(newer);
  });
});
