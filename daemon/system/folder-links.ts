/** Links to folders and durable folders, where systems differ; and what the launcher of Kojibox is called. */
import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const IS_WINDOWS = process.platform === 'win32';

/** The launcher at the root of a package. A batch file needs a shell. */
export const LAUNCHER = { file: IS_WINDOWS ? 'koji.cmd' : 'koji', shell: IS_WINDOWS } as const;

/**
 * Makes `link` lead to a folder. rename(2) replaces it in one step: whoever follows it in the meantime gets the one or the other. Windows cannot
 * rename over a junction, so there it is gone for a moment.
 * @param target relative to the folder of the link
 */
export function replaceFolderLink(link: string, target: string): void {
  const temporary = `${link}.new`;
  rmSync(temporary, { force: true });
  if (IS_WINDOWS) {
    symlinkSync(resolve(dirname(link), target), temporary, 'junction');
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) rmSync(link);
  } else symlinkSync(target, temporary);
  renameSync(temporary, link);
  syncFolder(dirname(link));
}

/** A rename is durable only when its folder was synced (fsync(2)). Windows cannot open folders. */
export function syncFolder(path: string): void {
  if (IS_WINDOWS) return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
