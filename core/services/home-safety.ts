/** Whether root alone decides what is at the path of a home. */
import { dirname } from 'node:path';
import { unsafeProgram } from '../privileged/program-safety.ts';
import type { System } from '../system/system.ts';

const ROOT = { uid: 0, gid: 0 };

/**
 * For a daemon that is root: who can write in a folder above its home can put another home in the place, with programs that root starts.
 * In a folder with the sticky bit no other user can replace what is root's (`/tmp`).
 *
 * @returns the first folder or link above the home that is another user's, or open to one; null when there is none, or this is not root
 */
export async function findOpenFolder(
  { files, host }: Pick<System, 'files' | 'host'>,
  home: string,
): Promise<string | null> {
  if (!host.isRoot) return null;
  const real = (await files.realPath(home)) ?? home;
  for (const path of new Set([...foldersAbove(real), ...foldersAbove(home)])) {
    const found = await files.stat(path);
    if (found === null) continue;
    // The mode of a link means nothing (symlink(7)).
    const mode = found.type === 'link' ? 0 : found.mode;
    if (unsafeProgram([{ path, uid: found.uid, gid: found.gid, mode }], ROOT) !== null) return path;
  }
  return null;
}

/** From the root down. */
function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [...foldersAbove(above), above];
}
