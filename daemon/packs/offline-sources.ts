/** Sources that take everything from the files of a pack, with the checks of an install from the network. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PackManifest } from '../../core/packs/pack-manifest.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { createDebianSource } from '../sources/debian.ts';
import { createHttpsSource } from '../sources/https.ts';
import { createNpmSource } from '../sources/npm.ts';
import type { Distribution } from '../system/distribution.ts';

export interface OfflineOptions {
  readonly processes: Processes;
  readonly distribution: Distribution | null;
  /** Folder into which the pack was unpacked. */
  readonly folder: string;
  /** Where its packages lie, as the cache of downloads has them. */
  readonly downloads: string;
  /** Where patchelf is kept. */
  readonly toolsFolder: string;
}

export function createOfflineSources(manifest: PackManifest, options: OfflineOptions): RuntimeSourceDriver[] {
  const { processes, distribution, folder, downloads, toolsFolder } = options;
  const copies = new Map(
    manifest.archives.map(({ suite, repositories }) => [
      suite,
      repositories.map(({ folder: place, release, components }) => ({
        url: pathToFileURL(join(folder, place)).href,
        release,
        components,
      })),
    ]),
  );
  return [
    createNpmSource({ processes, downloads, environment: {}, offline: true }),
    createHttpsSource({ downloads, offline: true }),
    createDebianSource({ processes, distribution, downloads, aptFolder: join(folder, 'apt'), toolsFolder, copies }),
  ];
}
