/** What a pack of some runtimes holds: the files that their installation reads, and the signed indexes that name the packages. */
import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { ExtendedBinary } from '../../core/php/extension-packages.ts';
import type { PackManifest, PackRepository } from '../../core/packs/pack-manifest.ts';
import { seriesOf } from '../../core/runtimes/install.ts';
import type { InstallProgress, RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { SignedIndex } from '../sources/debian/archive.ts';
import { digestOfFile } from '../sources/digest.ts';
import type { PackedFile } from './pack-writer.ts';

export interface Collection {
  readonly runtimes: PackManifest['runtimes'];
  readonly archives: PackManifest['archives'];
  /** By their path in the pack. */
  readonly files: ReadonlyMap<string, PackedFile & { readonly sha256: string }>;
}

export interface CollectOptions {
  readonly sources: readonly RuntimeSourceDriver[];
  indexes(suite: string, signal: AbortSignal): Promise<SignedIndex[]>;
  /** The cache of downloads: the pack has the same folders below `files`. */
  readonly downloads: string;
}

export interface WantedRuntime {
  readonly binary: ExtendedBinary;
  readonly progress: InstallProgress & { done(detail: string): void };
}

/** Rejects with RUNTIME_UNSUPPORTED for what is not fetched but found on this machine, or as the sources do. */
export async function collectRuntimes(
  options: CollectOptions,
  wanted: readonly WantedRuntime[],
  signal: AbortSignal,
): Promise<Collection> {
  const runtimes: PackManifest['runtimes'] = [];
  const suites = new Set<string>();
  const files = new Map<string, PackedFile & { sha256: string }>();
  const add = async (path: string, file: string, compress: boolean, digest?: string): Promise<void> => {
    if (files.has(path)) return;
    signal.throwIfAborted();
    const sha256 = digest ?? (await digestOfFile(file, 'sha256'));
    if (sha256 === null) throw new TypeError(`${file} was there a moment ago`);
    files.set(path, { path, file, size: (await stat(file)).size, compress, sha256 });
  };

  for (const { binary, progress } of wanted) {
    const source = options.sources.find(({ type }) => type === binary.source?.type);
    const type = source?.type;
    if (source?.collect === undefined || type === undefined || type === 'system') {
      throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot put ${binary.name} ${seriesOf(binary)} into a pack`, {
        detail: 'it is found on this machine, not fetched',
        source: 'packs',
        remedy: 'Leave it out of --runtimes.',
      });
    }
    const collected = await source.collect(binary, progress, signal);
    for (const suite of collected.suites) suites.add(suite);
    const paths: string[] = [];
    for (const { file, digest } of collected.artifacts) {
      const path = `files/${relative(options.downloads, file)}`;
      await add(path, file, false, /^sha256:(.*)$/.exec(digest)?.[1]);
      paths.push(path);
    }
    runtimes.push({
      name: binary.name,
      series: seriesOf(binary),
      version: collected.version,
      source: type,
      files: [...new Set(paths)].sort(),
      ...(binary.extensions === undefined ? {} : { extensions: [...binary.extensions] }),
    });
    progress.done(collected.version);
  }

  const archives: PackManifest['archives'] = [];
  for (const suite of suites) {
    const repositories = new Map<string, PackRepository>();
    const roots: string[] = [];
    for (const { root, release, inRelease, index, path } of await options.indexes(suite, signal)) {
      if (!roots.includes(root)) roots.push(root);
      const folder = `archives/${suite}/${roots.indexOf(root)}`;
      await add(`${folder}/dists/${release}/InRelease`, inRelease, true);
      await add(`${folder}/${path}`, index.file, false, index.sha256);
      repositories.set(`${folder} ${release}`, { folder, release, components: ['main'] });
    }
    archives.push({ suite, repositories: [...repositories.values()] });
  }
  return { runtimes, archives, files };
}
