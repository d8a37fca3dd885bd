/** The fetched packages of one release, each fetched once, also for several callers. Whether a file is what it should be is checked again where it is unpacked. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { Artifact } from '../../core/runtimes/source.ts';
import type { ArchivePackage } from './debian/protocol.ts';
import { assertDigest } from './digest.ts';
import type { Downloader } from './download.ts';

/** More connections than a mirror's answer needs to come while another one is being checked. */
const FETCH_AT_ONCE = 8;

export interface PackagePool {
  /** Sizes of those that do not lie in the folder. */
  bytesToFetch(packages: readonly ArchivePackage[]): Promise<number>;
  /**
   * Brings each into the folder and calls `use` as soon as it is there. A file that lies there is taken as it is.
   * @returns whether any had to be fetched. Rejects with DOWNLOAD_FAILED, DIGEST_MISMATCH, or as `use` does.
   */
  each(
    packages: readonly ArchivePackage[],
    report: (bytes: number) => void,
    use: (item: ArchivePackage, file: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Once more from the archive, for a file that is not what the index says. */
  refetch(item: ArchivePackage, signal: AbortSignal): Promise<void>;
  /** Rejects with DIGEST_MISMATCH; the file is gone then. */
  verify(item: ArchivePackage): Promise<string>;
}

export interface PackagePoolOptions {
  readonly downloader: Downloader;
  readonly folder: string;
  /** Addresses of a package, the likeliest first; null: nothing is fetched. */
  readonly urlsOf: ((item: ArchivePackage, signal: AbortSignal) => Promise<string[]>) | null;
}

export const toArtifact = ({ size, name, version, sha256 }: ArchivePackage, file: string): Artifact => ({
  file,
  size,
  digest: `sha256:${sha256}`,
  name,
  version,
});

/** As apt names it: the colon of an epoch is written %3a. */
const fileNameOf = ({ name, version, architecture }: ArchivePackage): string =>
  `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;

export function createPackagePool({ downloader, folder, urlsOf }: PackagePoolOptions): PackagePool {
  const fileOf = (item: ArchivePackage): string => join(folder, fileNameOf(item));

  const download = async (
    item: ArchivePackage,
    signal: AbortSignal,
    report: (bytes: number) => void,
  ): Promise<void> => {
    const failures: unknown[] = [];
    if (urlsOf === null) throw notHere(item);
    for (const url of await urlsOf(item, signal)) {
      try {
        const { sha256: digest, size: sizeBytes } = item;
        const progress = (done: number): void => report(done);
        await downloader.fetch(url, fileOf(item), {
          algorithm: 'sha256',
          digest,
          sizeBytes,
          signedBy: 'index',
          signal,
          progress,
        });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof KojiboxError)) throw error;
        failures.push(error);
      }
    }
    throw failures.find((error) => error instanceof KojiboxError && error.code === 'DIGEST_MISMATCH') ?? failures[0];
  };

  return {
    async bytesToFetch(packages) {
      const isMissing = await Promise.all(
        packages.map(async (item) => (await stat(fileOf(item)).catch(() => null)) === null),
      );
      return packages.reduce((sum, { size }, index) => (isMissing[index] === true ? sum + size : sum), 0);
    },

    async each(packages, report, use, signal) {
      const done = new Map<string, number>();
      let fetched = false;
      const tell = (item: ArchivePackage, bytes: number): void => {
        done.set(item.name, bytes);
        report([...done.values()].reduce((sum, value) => sum + value, 0));
      };
      const failing = new AbortController();
      const either = AbortSignal.any([signal, failing.signal]);
      const using: Promise<void>[] = [];
      // The largest first: the last one to be unpacked should be a small one.
      const queue = [...packages].sort((a, b) => b.size - a.size);
      const work = async (): Promise<void> => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
          const mine = item;
          either.throwIfAborted();
          if ((await stat(fileOf(mine)).catch(() => null)) === null) {
            fetched = true;
            await download(mine, either, (bytes) => tell(mine, bytes));
          }
          tell(mine, mine.size);
          const used = use(mine, fileOf(mine));
          used.catch((error: unknown) => failing.abort(error));
          using.push(used);
        }
      };
      const fetching = Array.from({ length: FETCH_AT_ONCE }, () =>
        work().catch((error: unknown) => {
          failing.abort(error);
        }),
      );
      // What has begun ends before this does: nothing writes into a tree that is given up.
      await Promise.all(fetching);
      await Promise.allSettled(using);
      signal.throwIfAborted();
      if (failing.signal.aborted) throw failing.signal.reason;
      return fetched;
    },

    refetch: (item, signal) => download(item, signal, () => undefined),

    async verify(item) {
      await assertDigest(fileOf(item), 'sha256', item.sha256);
      return fileOf(item);
    },
  };
}

const notHere = ({ name }: ArchivePackage): KojiboxError =>
  new KojiboxError('DOWNLOAD_FAILED', `cannot find ${name}`, {
    detail: 'it is not there, or not what the signed index says',
    source: 'runtime',
  });
