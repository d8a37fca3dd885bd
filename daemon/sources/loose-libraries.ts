/** Libraries of a private tree that lie where its programs do not look: beside the folder of the architecture, or under a name with a version. */
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MAGICK_LINKS } from '../../core/php/extension-packages.ts';

const LIBRARY = /\.so(\.[\w.]+)?$/;

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });

/** @param libraries folder of the architecture, relative to the tree, such as `usr/lib/x86_64-linux-gnu` */
export async function gatherLibraries(tree: string, libraries: string): Promise<void> {
  const there = new Set(await namesIn(join(tree, libraries)));
  if (there.size === 0) return;
  // Packages from before the folders of architectures, such as libc-client.
  for (const name of await namesIn(join(tree, 'usr/lib')))
    if (LIBRARY.test(name) && !there.has(name)) await symlink(`../${name}`, join(tree, libraries, name));
  const magick = [...there].find((name) => name.startsWith('ImageMagick-'));
  if (magick === undefined) return;
  const inside = await namesIn(join(tree, libraries, magick));
  const folders = { modules: 'modules-', settings: 'config-' } as const;
  for (const key of ['modules', 'settings'] as const) {
    const found = inside.find((name) => name.startsWith(folders[key]));
    const target = join(libraries.slice('usr/lib/'.length), magick, found ?? '');
    if (found !== undefined) await symlink(target, join(tree, MAGICK_LINKS[key]));
  }
}
