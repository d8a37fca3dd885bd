import { describe, expect, it } from 'vitest';
import type { FileStat } from '../system/files.ts';
import type { System } from '../system/system.ts';
import { findOpenFolder } from './home-safety.ts';

type Entry = Partial<FileStat>;
const system = (entries: Readonly<Record<string, Entry>>, isRoot = true, real?: string) =>
  ({
    host: { isRoot },
    files: {
      realPath: (path: string) => Promise.resolve(real ?? path),
      stat: (path: string) => Promise.resolve({ type: 'directory', uid: 0, gid: 0, mode: 0o755, ...entries[path] }),
    },
  }) as unknown as Pick<System, 'files' | 'host'>;

describe('the folders above the home of root', () => {
  it.each<[what: string, entries: Record<string, Entry>, open: string | null]>([
    ['are root’s', {}, null],
    ['are another user’s', { '/home/ann': { uid: 1000, mode: 0o700 } }, '/home/ann'],
    ['are open to everybody', { '/home': { mode: 0o777 } }, '/home'],
    ['are open to a group', { '/home/ann': { gid: 50, mode: 0o775 } }, '/home/ann'],
    ['are open to the group of root', { '/home/ann': { mode: 0o775 } }, null],
    ['are open to everybody, with the sticky bit', { '/home': { mode: 0o1777 } }, null],
    [
      'are below such a folder, and another user’s',
      { '/home': { mode: 0o1777 }, '/home/ann': { uid: 7 } },
      '/home/ann',
    ],
    ['are sticky, and another user’s', { '/home': { uid: 7, mode: 0o1777 } }, '/home'],
  ])('%s', async (_, entries, open) => {
    expect(await findOpenFolder(system(entries), '/home/ann/kojibox')).toBe(open);
    expect(await findOpenFolder(system(entries, false), '/home/ann/kojibox')).toBeNull();
  });

  it('are looked at on both ways where a link leads elsewhere', async () => {
    const link: Entry = { type: 'link', uid: 7, mode: 0o777 };
    expect(await findOpenFolder(system({ '/x': link }, true, '/srv/kojibox'), '/x/kojibox')).toBe('/x');
    expect(await findOpenFolder(system({ '/x': { ...link, uid: 0 } }, true, '/srv/kojibox'), '/x/kojibox')).toBeNull();
    expect(await findOpenFolder(system({ '/srv': { uid: 7 } }, true, '/srv/kojibox'), '/x/kojibox')).toBe('/srv');
  });
});
