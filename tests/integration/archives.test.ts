import { execFileSync } from 'node:child_process';
import {
  existsSync,
  realpathSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import { createTreeGuard } from '../../daemon/archives/tree-guard.ts';
import { unpackDeb, unpackTar } from '../../daemon/archives/unpack.ts';
import { unpackZip } from '../../daemon/archives/unpack-zip.ts';
import { debOf, paxRecord, tarOf, tgzOf, zipOf, type TarItem } from '../fixtures/archives/hostile.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-archives-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The folder to unpack into lies deep, so that `..` has somewhere to go; the canary is what must not change. */
let place = '';
let folder = '';
let canary = '';
beforeEach(() => freshPlace());
function freshPlace(): void {
  place = mkdtempSync(join(root, 'p-'));
  folder = join(place, 'a/b/c');
  canary = join(place, 'canary');
  mkdirSync(folder, { recursive: true });
  writeFileSync(canary, 'alive');
}

const outcome = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'unpacked';
  } catch (error) {
    if (error instanceof KojiboxError) return error.code;
    throw error;
  }
};
const put = (name: string, bytes: Buffer): string => {
  const file = join(place, name);
  writeFileSync(file, bytes);
  return file;
};
const unpackTgz = (bytes: Buffer, limits?: { maxBytes: number; maxEntries: number }): Promise<number> =>
  unpackTar(put('x.tgz', bytes), folder, {
    strip: 0,
    compression: 'gzip',
    ...(limits === undefined ? {} : { limits }),
  });

/** By hand: Node's own recursive readdir follows links, and here they go round in circles. */
function linksBelow(where: string): string[] {
  return readdirSync(where, { withFileTypes: true }).flatMap((entry) => {
    const path = join(where, entry.name);
    if (entry.isDirectory()) return linksBelow(path);
    return entry.isSymbolicLink() ? [path] : [];
  });
}

function expectUntouched(): void {
  expect(readFileSync(canary, 'utf8')).toBe('alive');
  expect(readdirSync(folder)).toEqual([]);
  expect(readdirSync(place).filter((name) => !['a', 'canary'].includes(name) && !/^x\./.test(name))).toEqual([]);
  expect(readdirSync(join(place, 'a/b'))).toEqual(['c']);
}

const dir = (name: string): TarItem => ({ name, type: '5' });
const link = (name: string, target: string): TarItem => ({ name, type: '2', target });

const HOSTILE: Record<string, TarItem[]> = {
  'an absolute name': [{ name: '/tmp/evil', content: 'x' }],
  'a name that climbs out': [{ name: '../../../canary', content: 'dead' }],
  'a name that climbs out after going in': [{ name: 'in/../../../../canary', content: 'dead' }],
  'an absolute link': [link('out', '/etc')],
  'a link that climbs out': [link('out', '../../..')],
  'a file written through a link': [dir('d'), link('d/out', '../d'), { name: 'd/out/evil', content: 'x' }],
  'a link that climbs out through another link': [
    dir('p'),
    dir('p/q'),
    link('p/q/in', '../..'),
    link('x', 'p/q/in/..'),
  ],
  'a link that a later one bends out': [link('x', 'd/..'), dir('e'), link('d', '.')],
  'a hard link to the outside': [{ name: 'hard', type: '1', target: '../../../canary' }],
  'an absolute hard link': [{ name: 'hard', type: '1', target: '/etc/passwd' }],
  'a hard link to a symbolic link': [link('soft', 'f'), { name: 'hard', type: '1', target: 'soft' }],
  'a character device': [{ name: 'null', type: '3' }],
  'a block device': [{ name: 'disk', type: '4' }],
  'a named pipe': [{ name: 'pipe', type: '6' }],
  'an unknown type': [{ name: 'what', type: 'Z' }],
  'a name with a backslash': [{ name: '..\\..\\canary', content: 'x' }],
  'a drive letter': [{ name: 'C:/evil', content: 'x' }],
  'a pax path that climbs out': [
    { name: 'pax', type: 'x', content: paxRecord('path', '../../../canary') },
    { name: 'innocent', content: 'dead' },
  ],
  'a pax link path that climbs out': [
    { name: 'pax', type: 'x', content: paxRecord('linkpath', '../../../canary') },
    link('innocent', 'here'),
  ],
  'a GNU long name that climbs out': [
    { name: '././@LongLink', type: 'L', content: '../../../canary\0' },
    { name: 'innocent', content: 'dead' },
  ],
  'two long names': [
    { name: 'pax', type: 'x', content: paxRecord('path', 'one') },
    { name: '././@LongLink', type: 'L', content: 'two\0' },
    { name: 'innocent', content: 'x' },
  ],
  'a pax size': [
    { name: 'pax', type: 'x', content: paxRecord('size', '0') },
    { name: 'f', content: 'x' },
  ],
  'a sparse file': [
    { name: 'pax', type: 'x', content: paxRecord('GNU.sparse.name', '../../../canary') },
    { name: 'f', content: 'x' },
  ],
  'a global name': [
    { name: 'pax', type: 'g', content: paxRecord('path', 'all') },
    { name: 'f', content: 'x' },
  ],
  'a hard link that hides an entry in its data': [
    { name: 'f', content: 'x' },
    { name: 'hard', type: '1', target: 'f', content: tarOf([link('out', '/etc')], Buffer.alloc(0)) },
  ],
  'a damaged header': [
    { name: 'f', content: 'x' },
    { name: 'g', content: 'y', isDamaged: true },
  ],
  'a size beyond the end': [{ name: 'f', content: 'x', claimedSize: 1_000_000 }],
};

describe('hostile tar files', () => {
  it.each(Object.entries(HOSTILE))('refuses %s, before anything is written', async (_what, items) => {
    expect(await outcome(unpackTgz(tgzOf([{ name: 'first', content: 'innocent' }, ...items])))).toBe('ARCHIVE_UNSAFE');
    expectUntouched();
  });

  it('refuses one that was cut off, packed or unpacked', async () => {
    const whole = tgzOf([{ name: 'f', content: 'x'.repeat(100_000) }]);
    expect(await outcome(unpackTgz(whole.subarray(0, whole.length - 20)))).toBe('ARCHIVE_UNSAFE');
    expect(await outcome(unpackTgz(gzipSync(tarOf([{ name: 'f', content: 'x' }], Buffer.alloc(0)))))).toBe(
      'ARCHIVE_UNSAFE',
    );
    expect(await outcome(unpackTgz(Buffer.from('not gzip at all')))).toBe('ARCHIVE_UNSAFE');
    expectUntouched();
  });

  it('stops a bomb while it unfolds', async () => {
    const bomb = tgzOf([{ name: 'zeros', content: Buffer.alloc(300_000_000) }]);
    expect(bomb.length).toBeLessThan(400_000);
    expect(await outcome(unpackTgz(bomb))).toBe('ARCHIVE_UNSAFE');
    expectUntouched();
  });

  it('refuses more bytes or entries than allowed', async () => {
    const limits = { maxBytes: 1000, maxEntries: 3 };
    expect(await outcome(unpackTgz(tgzOf([{ name: 'f', content: 'x'.repeat(1001) }]), limits))).toBe('ARCHIVE_UNSAFE');
    expect(await outcome(unpackTgz(tgzOf(['a', 'b', 'c', 'd'].map((name) => ({ name }))), limits))).toBe(
      'ARCHIVE_UNSAFE',
    );
    expectUntouched();
    expect(await unpackTgz(tgzOf(['a', 'b', 'c'].map((name) => ({ name, content: 'x' }))), limits)).toBe(3);
  });

  it('unpacks an honest one: folders, modes, links, long names, whatever the umask is', async () => {
    const long = `${'deep/'.repeat(30)}file`;
    const before = process.umask(0o077);
    try {
      const bytes = await unpackTgz(
        tgzOf([
          dir('bin'),
          { name: 'bin/tool', content: '#!/bin/sh\n', mode: 0o755 },
          link('tool', 'bin/tool'),
          { name: 'again', type: '1', target: 'bin/tool' },
          { name: 'pax', type: 'x', content: paxRecord('path', long) },
          { name: 'short', content: 'long' },
          // GNU keeps times where POSIX has the prefix of the name.
          { name: 'gnu', content: 'x', magic: 'ustar  \0', prefix: '../../evil' },
        ]),
      );
      expect(bytes).toBe('#!/bin/sh\n'.length + 4 + 1);
    } finally {
      process.umask(before);
    }
    expect(statSync(join(folder, 'bin/tool')).mode & 0o777).toBe(0o755);
    expect(statSync(join(folder, 'bin')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(folder, 'tool'))).toBe('bin/tool');
    expect(readFileSync(join(folder, long), 'utf8')).toBe('long');
    expect(existsSync(join(folder, 'gnu'))).toBe(true);
    expect(statSync(join(folder, 'again')).ino).toBe(statSync(join(folder, 'bin/tool')).ino);
  });

  it('reads xz, and refuses a damaged one', async () => {
    const packed = execFileSync('xz', ['-c'], { input: tarOf([{ name: 'f', content: 'hello' }]) });
    const file = put('x.tar.xz', packed);
    expect(await unpackTar(file, folder, { strip: 0, compression: 'xz' })).toBe(5);
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('hello');
    freshPlace();
    const cut = put('x.tar.xz', packed.subarray(0, packed.length / 2));
    expect(await outcome(unpackTar(cut, folder, { strip: 0, compression: 'xz' }))).toBe('ARCHIVE_UNSAFE');
    expectUntouched();
  });
});

describe('Debian packages that share a tree', () => {
  const guard = (): ReturnType<typeof createTreeGuard> => createTreeGuard({ mergesTrees: true });
  const unpack = (items: TarItem[], shared = guard()): Promise<number> =>
    unpackDeb(put('x.deb', debOf(items)), folder, { guard: shared, scratch: join(place, 'x.scratch') });

  it('may write through a link that stays inside, and leaves absolute links out', async () => {
    const shared = guard();
    await unpack([dir('./usr'), dir('./usr/lib'), link('./lib', 'usr/lib'), link('./etc-link', '/etc/passwd')], shared);
    await unpack(
      [
        { name: './lib/libx.so', content: 'x' },
        { name: './usr/share/doc/x/README', content: 'x' },
      ],
      shared,
    );
    expect(readFileSync(join(folder, 'usr/lib/libx.so'), 'utf8')).toBe('x');
    expect(readdirSync(folder).sort()).toEqual(['lib', 'usr']);
  });

  it('may not write through a link that an earlier package bent out', async () => {
    const shared = guard();
    await unpack([dir('./p'), dir('./p/q'), dir('./p/q/r'), link('./p/q/r/up', '../../..')], shared);
    // Read name by name, p/q/r/up/esc lies deep; through the link, its ".." is the folder above the tree.
    expect(
      await outcome(unpack([link('./p/q/r/up/esc', '..'), { name: './esc/canary', content: 'dead' }], shared)),
    ).toBe('ARCHIVE_UNSAFE');
    expect(existsSync(join(folder, 'esc'))).toBe(false);
    expect(readFileSync(canary, 'utf8')).toBe('alive');
  });

  it('is refused when it is not a package', async () => {
    const file = put('x.deb', Buffer.from('!<arch>\nnothing'));
    expect(await outcome(unpackDeb(file, folder, { guard: guard(), scratch: join(place, 'x.scratch') }))).toBe(
      'ARCHIVE_UNSAFE',
    );
    expectUntouched();
  });

  it('never gets anything out of the tree, whatever names and links it has', async () => {
    const part = fc.constantFrom('a', 'b', 'c', 'd', 'e', '..', '.');
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const item: fc.Arbitrary<TarItem> = fc.oneof(
      { weight: 3, arbitrary: fc.tuple(path, path).map(([name, target]) => link(`./${name}`, target)) },
      { weight: 2, arbitrary: path.map((name) => ({ name: `./${name}`, content: 'x' })) },
      { weight: 2, arbitrary: path.map((name) => dir(`./${name}`)) },
    );
    let unpacked = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(item, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        async (packages) => {
          freshPlace();
          const shared = guard();
          for (const items of packages) {
            if ((await outcome(unpack(items, shared))) === 'unpacked') unpacked += 1;
          }
          expect(
            readdirSync(place)
              .filter((name) => !name.startsWith('x.'))
              .sort(),
          ).toEqual(['a', 'canary']);
          expect(readdirSync(join(place, 'a/b'))).toEqual(['c']);
          for (const link of linksBelow(folder)) {
            if (existsSync(link)) expect(`${realpathSync(link)}/`).toContain(`${folder}/`);
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(unpacked).toBeGreaterThan(20);
  });
});

describe('zip files', () => {
  const unpack = (bytes: Buffer, limits?: { maxBytes: number; maxEntries: number }): Promise<number> =>
    unpackZip(put('x.zip', bytes), folder, limits === undefined ? {} : { limits });

  it.each([
    ['a name that climbs out', [{ name: '../../../canary', content: 'dead' }]],
    ['an absolute name', [{ name: '/tmp/evil', content: 'x' }]],
    ['a backslash', [{ name: '..\\canary', content: 'x' }]],
    ['a link', [{ name: 'out', content: '/etc', mode: 0o120777 }]],
    ['a device', [{ name: 'null', mode: 0o020666 }]],
    [
      'the same name twice',
      [
        { name: 'f', content: 'x' },
        { name: 'f', content: 'y' },
      ],
    ],
    ['a file that has the name of the folder', [{ name: '.', content: 'x' }]],
    ['a name that no disk takes', [{ name: 'x'.repeat(256), content: 'x' }]],
    ['a path that no disk takes', [{ name: 'x/'.repeat(1600) + 'f', content: 'x' }]],
    [
      'a file in the place of a folder',
      [
        { name: 'a', content: 'x' },
        { name: 'a/b', content: 'y' },
      ],
    ],
    [
      'a folder in the place of a file',
      [
        { name: 'a/b/c', content: 'x' },
        { name: 'a/b', content: 'y' },
      ],
    ],
    ['a claim of more than is allowed', [{ name: 'f', content: 'x', claimedSize: 3_000_000_000 }]],
  ])('refuses %s, before anything is written', async (_what, items) => {
    expect(await outcome(unpack(zipOf([{ name: 'first', content: 'innocent' }, ...items])))).toBe('ARCHIVE_UNSAFE');
    expectUntouched();
  });

  it('refuses one that is cut off or no zip at all', async () => {
    const whole = zipOf([{ name: 'f', content: 'x'.repeat(1000) }]);
    expect(await outcome(unpack(whole.subarray(0, whole.length - 30)))).toBe('ARCHIVE_UNSAFE');
    expect(await outcome(unpack(Buffer.from('not a zip')))).toBe('ARCHIVE_UNSAFE');
    expectUntouched();
  });

  it.each([
    ['fewer bytes than there are', 3],
    ['more bytes than there are', 300],
  ])('refuses one that claims %s', async (_, claimedSize) => {
    const bytes = zipOf([{ name: 'f', content: 'x'.repeat(100), claimedSize }]);
    expect(await outcome(unpack(bytes))).toBe('ARCHIVE_UNSAFE');
  });

  it('refuses too many entries', async () => {
    const many = zipOf(Array.from({ length: 5 }, (_, index) => ({ name: `f${index}` })));
    expect(await outcome(unpack(many, { maxBytes: 1000, maxEntries: 4 }))).toBe('ARCHIVE_UNSAFE');
    expectUntouched();
  });

  it('unpacks an honest one', async () => {
    const bytes = await unpack(
      zipOf([
        { name: 'bin/', mode: 0o040755 },
        { name: 'bin/tool', content: 'hi', mode: 0o100755 },
        { name: 'read/me', content: 'x' },
      ]),
    );
    expect(bytes).toBe(3);
    expect(statSync(join(folder, 'bin/tool')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(folder, 'read/me'), 'utf8')).toBe('x');
  });
});
