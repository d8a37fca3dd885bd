/** Removes versions that no one needs any more, and what was left half done. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { STAGING_PREFIX, versionFolder, type InstallLayout } from '../../core/updater/install-layout.ts';
import { allPids } from '../system/process-facts.linux.ts';

/** Of installs that were killed. Only for who holds the lock of the installation. */
export function clearStaging(install: InstallLayout): void {
  for (const name of readdirSync(install.versions))
    if (name.startsWith(STAGING_PREFIX)) rmSync(join(install.versions, name), { recursive: true, force: true });
}

/**
 * @param kept versions that stay
 * @returns the versions that were removed. One from which a process still runs stays too: the edge continues through an update.
 */
export function pruneVersions(install: InstallLayout, kept: readonly string[]): string[] {
  const removed = readdirSync(install.versions).filter(
    (name) => !name.startsWith('.') && !kept.includes(name) && !isInUse(versionFolder(install, name)),
  );
  for (const name of removed) rmSync(versionFolder(install, name), { recursive: true, force: true });
  return removed;
}

/** Whether a process was started with a program in this folder. */
function isInUse(folder: string): boolean {
  return allPids().some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`);
    } catch {
      return false; // It ended in the meantime.
    }
  });
}
