/** Removing a whole folder. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { removeAnchored } from '../system/anchored.ts';
import { below, bytePath, onDisk, type BytePath } from './file-facts.ts';

/** Links are removed and not followed. Also what this user's own folders do not let be removed: read-only trees of package managers. */
export const removeTree = (path: string): Promise<void> =>
  process.getuid?.() === 0 ? removeAnchored(path) : removeAt(bytePath(path));

export async function removeAt(path: BytePath): Promise<void> {
  try {
    await rm(onDisk(path), { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await openFolders(path);
    await rm(onDisk(path), { recursive: true, force: true });
  }
}

async function openFolders(folder: BytePath): Promise<void> {
  await chmod(onDisk(folder), 0o700);
  for (const name of await readdir(onDisk(folder), { encoding: 'latin1' })) {
    const path = below(folder, name);
    if ((await lstat(onDisk(path))).isDirectory()) await openFolders(path);
  }
}
