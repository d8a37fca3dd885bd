import {
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemFiles } from './files.ts';
import { systemPackedFiles } from './packed-files.ts';

/** A user that means harm, and root, who works in its folder. */
const EVIL = { uid: 4321, gid: 4321 };

describe.runIf(process.getuid?.() === 0)('what root does in a folder of another user', () => {
  let base: string;
  /** Of root, and the target of every link. */
  let victim: string;
  let evil: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'kojibox-anchored-'));
    [victim, evil] = [join(base, 'victim'), join(base, 'evil')];
    mkdirSync(victim, { mode: 0o755 });
    writeFileSync(join(victim, 'file'), 'of root', { mode: 0o600 });
    mkdirSync(evil);
    chownSync(evil, EVIL.uid, EVIL.gid);
  });
  afterEach(() => {
    expect(readdirSync(victim)).toEqual(['file']);
    expect(lstatSync(victim)).toMatchObject({ uid: 0, gid: 0, mode: 0o40755 });
    expect(lstatSync(join(victim, 'file'))).toMatchObject({ uid: 0, gid: 0, mode: 0o100600 });
    rmSync(base, { recursive: true, force: true });
  });
  /** As the user makes it: the link belongs to it. */
  const plant = (name: string, target = victim): string => {
    const path = join(evil, name);
    symlinkSync(target, path);
    lchownSync(path, EVIL.uid, EVIL.gid);
    return path;
  };

  it.each([
    ['in the last place', (link: string) => link],
    ['on the way', (link: string) => join(link, 'below')],
  ])('makes no folder through a link %s', async (_, of) => {
    const wanted = of(plant('sessions'));
    await expect(systemFiles.makeDirectory(wanted, { mode: 0o700, owner: EVIL })).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    });
  });

  it('writes no file through a link on the way, and replaces one in the last place', async () => {
    const content = { mode: 0o644, owner: EVIL };
    await expect(systemFiles.writeAtomic(join(plant('site'), 'lock.json'), '{}', content)).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    });
    const last = plant('lock.json', join(victim, 'file'));
    await systemFiles.writeAtomic(last, '{}', content);
    expect(lstatSync(last)).toMatchObject({ uid: EVIL.uid, mode: 0o100644, size: 2 });
  });

  it('writes no output of a program through a link', async () => {
    const path = plant('shop.sql.partial', join(victim, 'file'));
    await expect(
      systemPackedFiles.collect(
        'echo',
        ['planted'],
        { path, packing: 'none' },
        { env: {}, signal: AbortSignal.timeout(10_000) },
      ),
    ).rejects.toMatchObject({ code: 'ELOOP' });
    expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('of root');
  });

  it('follows a link of root, as a home that was moved has one', async () => {
    symlinkSync(evil, join(base, 'home'));
    await systemFiles.makeDirectory(join(base, 'home/a/b'), { mode: 0o750 });
    expect(lstatSync(join(evil, 'a/b')).mode).toBe(0o40750);
    await systemFiles.makeDirectory(join(base, 'home'), { mode: 0o711 });
    expect(lstatSync(evil).mode).toBe(0o40711);
  });

  it('gives away links and not their targets, in whole folders too', async () => {
    plant('link');
    mkdirSync(join(evil, 'deep'));
    symlinkSync(join(victim, 'file'), join(evil, 'deep/link'));
    await systemFiles.changeOwner(evil, EVIL, true);
    expect(lstatSync(join(evil, 'deep/link')).uid).toBe(EVIL.uid);
    await expect(systemFiles.changeOwner(join(plant('way'), 'file'), EVIL)).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    });
  });

  it('removes links and not their targets', async () => {
    plant('link');
    await expect(systemFiles.remove(join(evil, 'link/file'))).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    await systemFiles.remove(evil);
    expect(existsSync(evil)).toBe(false);
    await systemFiles.remove(evil);
  });

  it('copies no file of root in the place of one of theirs', async () => {
    writeFileSync(join(evil, 'data'), 'theirs');
    await systemFiles.copyTree(evil, join(base, 'copy'), { signal: new AbortController().signal });
    expect(readFileSync(join(base, 'copy/data'), 'utf8')).toBe('theirs');
    plant('data2', join(victim, 'file'));
    await expect(
      systemFiles.copyTree(evil, join(base, 'copy2'), { signal: new AbortController().signal }),
    ).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(
      systemFiles.copyTree(plant('folder'), join(base, 'copy3'), { signal: new AbortController().signal }),
    ).rejects.toThrow();
  });

  it('builds a folder for them without a moment in which they can change it', async () => {
    const place = join(evil, 'project');
    plant('.project.new');
    await systemFiles.buildFolder(place, { owner: EVIL }, async (folder) => {
      expect(lstatSync(join(evil, '.project.new'))).toMatchObject({ uid: 0, mode: 0o40700 });
      mkdirSync(join(folder, 'sub'));
      writeFileSync(join(folder, 'sub/index.php'), 'new');
      symlinkSync(join(victim, 'file'), join(folder, 'sub/link'));
      return Promise.resolve();
    });
    expect(readFileSync(join(place, 'sub/index.php'), 'utf8')).toBe('new');
    for (const name of ['', 'sub', 'sub/index.php', 'sub/link'])
      expect(lstatSync(join(place, name))).toMatchObject(EVIL);
    expect(readdirSync(evil)).toEqual(['project']);
  });

  it('leaves nothing of what could not be built', async () => {
    const failing = systemFiles.buildFolder(join(evil, 'project'), { owner: EVIL }, (folder) => {
      writeFileSync(join(folder, 'half'), '');
      return Promise.reject(new Error('broken off'));
    });
    await expect(failing).rejects.toThrow('broken off');
    expect(readdirSync(evil)).toEqual([]);
  });
});
