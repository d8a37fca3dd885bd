/** Names in the folder of a headless installation: versions beside each other, and one link that says which of them is in use. */
import { join } from 'node:path';

export interface InstallLayout {
  readonly folder: string;
  /** One folder per version; half-made ones begin with {@link STAGING_PREFIX}. */
  readonly versions: string;
  /** Link to `versions/<version>`. */
  readonly current: string;
  /** Exists while an update runs. */
  readonly journal: string;
  /** How the last update ended, and what is not offered again. */
  readonly record: string;
  /** Held by whoever works on the journal. */
  readonly lock: string;
}

export const STAGING_PREFIX = '.staging-';
export const VERSIONS_FOLDER = 'versions';

/** What a version must have to be switched to; relative to its folder. */
export const NEEDED_FILES: readonly string[] = [
  'koji',
  'package.json',
  'dist/cli/main.mjs',
  'dist/daemon/main.mjs',
  'dist/edge/main.mjs',
  'dist/updater/main.mjs',
  'dist/renderer/index.html',
  'dist/runtime/manifest.json',
];

/** @param folder absolute */
export function installLayoutOf(folder: string): InstallLayout {
  return {
    folder,
    versions: join(folder, VERSIONS_FOLDER),
    current: join(folder, 'current'),
    journal: join(folder, 'update.json'),
    record: join(folder, 'update-record.json'),
    lock: join(folder, 'update.lock'),
  };
}

/**
 * Is there while this one update tries a version. Each has a name of its own: the daemon keeps it in its environment for as long as it lives, and
 * must not take a later update for its own trial.
 */
export const trialFile = ({ folder }: InstallLayout, updateId: string): string => join(folder, `${updateId}.trial`);

export const versionFolder = (install: InstallLayout, version: string): string => join(install.versions, version);
