/** Sources that take everything from the files of a pack, with the checks of an install from the network. */
import { join } from 'node:path';
import type { PackManifest } from '../../core/packs/pack-manifest.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { createDebianSource, type DebianSourceOptions } from '../sources/debian.ts';
import { createHttpsSource } from '../sources/https.ts';
import { createNpmSource } from '../sources/npm.ts';

export interface OfflineOptions {
  readonly processes: Processes;
  /** Folder into which the pack was unpacked. */
  readonly folder: string;
  /** Where its packages lie, as the cache of downloads has them. */
  readonly downloads: string;
  readonly archive: Pick<DebianSourceOptions, 'program' | 'archives'>;
}

export function createOfflineSources(manifest: PackManifest, options: OfflineOptions): RuntimeSourceDriver[] {
  const { processes, folder, downloads, archive } = options;
  const copies = new Map(
    manifest.archives.map(({ suite, repositories }) => [
      suite,
      repositories.map(({ folder: place, release }) => ({ folder: join(folder, place), release })),
    ]),
  );
  return [
    createNpmSource({ processes, downloads, environment: {}, offline: true }),
    createHttpsSource({ downloads, offline: true }),
    createDebianSource({ ...archive, downloads, indexes: join(folder, 'indexes'), copies }),
  ];
}
