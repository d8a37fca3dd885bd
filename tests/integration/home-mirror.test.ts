/** A folder with everything that a data folder may hold, copied to another one: what is kept, and what is noticed. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findDifference } from '../../daemon/home/compare-trees.ts';
import { bytePath } from '../../daemon/home/file-facts.ts';
import { mirrorTree, type MirrorOptions } from '../../daemon/home/mirror-tree.ts';
import { ownerIdOf } from '../../daemon/home/move-run.ts';

let root: string;
const options: MirrorOptions = {
  signal: new AbortController().signal,
  ownerId: ownerIdOf(),
  changedSinceMs: Infinity,
  comparesBytes: false,
};
const from = (...parts: string[]): string => join(root, 'from', ...parts);
const to = (...parts: string[]): string => join(root, 'to', ...parts);
const mirror = (change: Partial<MirrorOptions> = {}) => mirrorTree(from(), to(), { ...options, ...change });
const difference = (read: readonly string[] = []) =>
  findDifference(from(), to(), { ...options, read: new Set(read.map(bytePath)), unsettledSinceMs: Infinity });

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-mirror-'));
  mkdirSync(from('folder/locked'), { recursive: true });
  writeFileSync(from('folder/secret'), 'secret', { mode: 0o600 });
  utimesSync(from('folder/secret'), 1_000_000, 1_000_000);
  linkSync(from('folder/secret'), from('other-name'));
  symlinkSync('folder/secret', from('link'));
  symlinkSync('/nowhere', from('dangling'));
  writeFileSync(from('holes'), 'begin');
  truncateSync(from('holes'), 64_000_000);
  writeFileSync(from('large'), Buffer.alloc(9_000_000, 'large'));
  writeFileSync(from('folder/locked/file'), 'x');
  chmodSync(from('folder/locked'), 0o555);
});
beforeEach(() => mirror());
afterAll(() => {
  for (const folder of [from('folder/locked'), to('folder/locked')]) chmodSync(folder, 0o755);
  rmSync(root, { recursive: true });
});

describe('a copy', () => {
  it('keeps modes, times, links, names of one file, and holes', async () => {
    expect(await difference([to('large'), to('holes'), to('folder/secret')])).toBeNull();
    expect(lstatSync(to('folder/secret'))).toMatchObject({ mode: 0o100600, mtimeMs: 1_000_000_000, nlink: 2 });
    expect(lstatSync(to('other-name')).ino).toBe(lstatSync(to('folder/secret')).ino);
    expect([readlinkSync(to('link')), readlinkSync(to('dangling'))]).toEqual(['folder/secret', '/nowhere']);
    expect(lstatSync(to('holes')).size).toBe(64_000_000);
    expect(lstatSync(to('holes')).blocks * 512).toBeLessThan(4_000_000);
    expect(lstatSync(to('folder/locked')).mode & 0o777).toBe(0o555);
    expect((await mirror()).copied.size).toBe(0);
  });

  it('keeps names and targets of links that are no UTF-8, and notices when one is missing', async () => {
    const latin = (...parts: string[]): Buffer => Buffer.from(parts.join('/'), 'latin1');
    const [file, folder, link] = ['caf\xe9.txt', 'd\xe9p\xf4t', 'l\xefen'];
    writeFileSync(latin(from(), file), 'coffee');
    mkdirSync(latin(from(), folder));
    writeFileSync(latin(from(), folder, file), 'more');
    symlinkSync(latin(file), latin(from(), link));
    try {
      await mirror({ comparesBytes: true });
      expect(await difference()).toBeNull();
      expect(readFileSync(latin(to(), file), 'utf8')).toBe('coffee');
      expect(readFileSync(latin(to(), folder, file), 'utf8')).toBe('more');
      expect(readlinkSync(latin(to(), link), 'latin1')).toBe(file);
      rmSync(latin(to(), folder, file));
      expect(await difference()).toMatch(/missing/);
    } finally {
      for (const name of [file, folder, link]) rmSync(latin(from(), name), { recursive: true });
    }
    await mirror();
    expect(await difference()).toBeNull();
  });

  it('takes what is too much away, and copies again what changed without a trace in size and time', async () => {
    writeFileSync(to('too-much'), '');
    writeFileSync(to('large'), Buffer.alloc(9_000_000, 'other'));
    const { atime, mtime } = lstatSync(from('large'));
    utimesSync(to('large'), atime, mtime);
    expect((await mirror()).copied.size).toBe(0);
    expect((await mirror({ comparesBytes: true })).copied).toEqual(new Set([to('large')]));
    expect(readFileSync(to('large')).equals(readFileSync(from('large')))).toBe(true);
    expect(lstatSync(to('too-much'), { throwIfNoEntry: false })).toBeUndefined();
    // What was changed since a moment is copied however alike it looks.
    expect((await mirror({ changedSinceMs: 0 })).copied.size).toBeGreaterThan(3);
  });

  it.each<[string, () => void, RegExp]>([
    ['a file is missing', () => rmSync(to('other-name')), /other-name is missing/],
    ['a byte is another', () => writeFileSync(to('large'), Buffer.alloc(9_000_000, 'l')), /large has other content/],
    ['a file is too much', () => writeFileSync(to('more'), ''), /more is not in/],
    ['a link leads elsewhere', () => (rmSync(to('link')), symlinkSync('x', to('link'))), /link leads elsewhere/],
    ['a mode is another', () => chmodSync(to('folder/secret'), 0o644), /secret has other permissions/],
    ['a size is another', () => truncateSync(to('holes'), 5), /holes has 5 bytes instead of 64000000/],
  ])('is refused when %s', async (_, damage, expected) => {
    damage();
    expect(await difference([to('large')])).toMatch(expected);
  });

  it('stops when it is cancelled', async () => {
    await expect(mirror({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});
