/** Runtimes from Debian's archive, by a client of our own: it needs nothing of the system's release, nor of its package manager. */
import { join } from 'node:path';
import type { RuntimeSource } from '../../contract/manifest.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Artifact, InstallProgress, RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import { editElf } from '../archives/elf-edit.ts';
import { flushTree } from '../archives/flush.ts';
import { TREE_LIBRARIES, TREE_LOADER } from '../archives/link-check.ts';
import { createArchive, type Archive, type SignedIndex } from './debian/archive.ts';
import type { ArchiveProgram } from './debian/archive-program.ts';
import { openCopies, type IndexCopy } from './debian/copies.ts';
import { readOfficial, readAddresses, type Addresses } from './debian/addresses.ts';
import type { ArchivePackage } from './debian/protocol.ts';
import { upstreamVersion } from './debian/wanted.ts';
import { createDownloader, type Connection } from './download.ts';
import { gatherLibraries } from './loose-libraries.ts';
import { createPackagePool, toArtifact, type PackagePool } from './package-pool.ts';
import { relocatePhpLibraries } from './php-libraries.ts';

export interface DebianSourceOptions {
  /** Signed indexes of the releases. */
  readonly indexes: string;
  /** Packages that were fetched; kept as the offline source. */
  readonly downloads: string;
  readonly program: ArchiveProgram;
  /** Folder with the archive's keys and its official addresses. */
  readonly archives: string;
  readonly connection?: Connection;
  /** Address to fetch from in place of all others; asked each time. */
  mirror?(): string | undefined;
  /** Whether the indexes may be past their date; asked each time. Default: never. */
  allowsExpired?(): boolean;
  /** Where addresses of this system's apt are; default `/etc/apt`. */
  readonly etc?: string;
  /** Copies of signed indexes, by suite: then nothing is fetched, and `downloads` has all packages. */
  readonly copies?: ReadonlyMap<string, readonly IndexCopy[]>;
  /** Milliseconds since 1970. */
  now?(): number;
}

export interface DebianSource extends RuntimeSourceDriver {
  /** The signed indexes of a release that was collected from. */
  signedIndexes(suite: string, signal: AbortSignal): Promise<SignedIndex[]>;
}

interface Release {
  readonly archive: Archive;
  readonly pool: PackagePool;
}

type DebianEntry = Extract<RuntimeSource, { type: 'debian' }>;
type Binary = Parameters<RuntimeSourceDriver['stage']>[0];

export function createDebianSource(options: DebianSourceOptions): DebianSource {
  const { program } = options;
  const downloader = createDownloader(options.connection);
  const keyring = join(options.archives, 'debian.asc');
  const addresses = async (): Promise<Addresses> =>
    readAddresses({
      mirror: options.mirror?.(),
      official: await readOfficial(options.archives),
      etc: options.etc ?? '/etc/apt',
    });
  const releases = new Map<string, Release>();
  const releaseOf = (suite: string): Release => {
    let release = releases.get(suite);
    if (release === undefined) {
      const now = options.now ?? Date.now;
      const archive =
        options.copies === undefined
          ? createArchive({
              program,
              downloader,
              keyring,
              suite,
              folder: join(options.indexes, suite),
              addresses,
              allowsExpired: () => options.allowsExpired?.() ?? false,
              now,
            })
          : openCopies({ program, keyring, copies: options.copies.get(suite) ?? [], now });
      const urlsOf = options.copies === undefined ? archive.urlsOf : null;
      release = {
        archive,
        pool: createPackagePool({ downloader, folder: join(options.downloads, 'debian', suite), urlsOf }),
      };
      releases.set(suite, release);
    }
    return release;
  };
  const resolve = (source: DebianEntry, signal: AbortSignal): Promise<ArchivePackage[]> =>
    releaseOf(source.suite).archive.resolve(
      { packages: source.packages, extra: source.extraPackages ?? [], portable: source.onlyPortable === true },
      signal,
    );
  const versionOf = (binary: Binary, source: DebianEntry, packages: readonly ArchivePackage[]): string =>
    upstreamVersion(packages.find(({ name }) => name === source.packages[0])?.version ?? binary.version);

  /** Once more from the archive, when a file that lay in the cache was not what the index says. */
  const unpack = async (
    { pool }: Release,
    item: ArchivePackage,
    file: string,
    tree: string,
    signal: AbortSignal,
  ): Promise<number> => {
    const question = { ask: 'unpack', tree, file, sha256: item.sha256 } as const;
    try {
      return await program.ask(question, signal);
    } catch (error) {
      if (!(error instanceof KojiboxError) || error.code !== 'DIGEST_MISMATCH') throw error;
      await pool.refetch(item, signal);
      return await program.ask(question, signal);
    }
  };

  /** Its memory of the tree; when the program has ended there is none. */
  const forget = async (tree: string): Promise<void> => {
    await program.ask({ ask: 'forget', tree }, new AbortController().signal).catch(() => undefined);
  };

  return {
    type: 'debian',
    async stage(binary, plan, progress, signal) {
      const source = sourceOf(binary);
      const packages = await resolve(source, signal);
      const version = versionOf(binary, source, packages);
      const target = plan.finalPath(version);
      const release = releaseOf(source.suite);
      const mirror = options.mirror?.();
      const artifacts: Artifact[] = [];
      let sizeOnDisk = 0;
      const { report, total } = reporter(progress, packages);
      const use = async (item: ArchivePackage, file: string): Promise<void> => {
        const unpacked = await unpack(release, item, file, plan.staging, signal);
        sizeOnDisk += unpacked;
        artifacts.push(toArtifact(item, file));
        progress.step('unpack', `${artifacts.length} of ${packages.length} packages`);
      };
      let fetched: boolean;
      try {
        fetched = await release.pool.each(packages, report, use, signal);
      } finally {
        await forget(plan.staging);
      }
      progress.bytes(total, total);
      await gatherLibraries(plan.staging, TREE_LIBRARIES);
      if (source.onlyPortable === true) await relocatePhpLibraries(plan.staging);
      for (const executable of source.executables)
        editElf(join(plan.staging, executable), {
          interpreter: join(target, TREE_LOADER),
          runPath: `$ORIGIN/${'../'.repeat(executable.split('/').length - 1)}${TREE_LIBRARIES}`,
        });
      await flushTree(plan.staging);
      const via = mirror !== undefined && fetched ? { via: `mirror ${mirror}` } : {};
      return { artifacts, version, sizeOnDisk, ...via };
    },

    async collect(binary, progress, signal) {
      const source = sourceOf(binary);
      const packages = await resolve(source, signal);
      const { pool } = releaseOf(source.suite);
      const { report } = reporter(progress, packages);
      const artifacts: Artifact[] = [];
      await pool.each(
        packages,
        report,
        async (item) => {
          const file = await pool.verify(item).catch(async (error: unknown) => {
            if (!(error instanceof KojiboxError)) throw error;
            await pool.refetch(item, signal);
            return await pool.verify(item);
          });
          artifacts.push(toArtifact(item, file));
        },
        signal,
      );
      return { version: versionOf(binary, source, packages), artifacts, suites: [source.suite] };
    },

    async bytesToFetch(binary, signal) {
      const source = sourceOf(binary);
      return releaseOf(source.suite).pool.bytesToFetch(await resolve(source, signal));
    },

    signedIndexes: (suite, signal) => releaseOf(suite).archive.indexes(signal),
  };
}

function sourceOf({ name, source }: Binary): DebianEntry {
  if (source?.type !== 'debian') throw new TypeError(`${name} does not come from a Debian archive`);
  return source;
}

function reporter(
  progress: InstallProgress,
  packages: readonly ArchivePackage[],
): { readonly total: number; report(bytes: number): void } {
  const total = packages.reduce((sum, { size }) => sum + size, 0);
  progress.step('fetch', `${packages.length} packages`);
  return { total, report: (bytes) => progress.bytes(Math.min(bytes, total), total) };
}
