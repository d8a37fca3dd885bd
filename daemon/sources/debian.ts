/** Runtimes from a Debian archive: the closure is resolved and authenticated by a private apt, every package is checked again before it is unpacked. */
import { cp, lstat, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeSource } from '../../contract/manifest.ts';
import type { Artifact, InstallProgress, RuntimeSourceDriver, StagePlan } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { flushTree } from '../archives/flush.ts';
import { createTreeGuard } from '../archives/tree-guard.ts';
import { unpackDeb } from '../archives/unpack.ts';
import type { Distribution } from '../system/distribution.ts';
import { createPrivateApt, type DebianPackage, type IndexCopy, type PrivateApt } from './apt.ts';
import type { ArchiveIndex } from './apt-index.ts';
import { isWanted, upstreamVersion } from './debian-packages.ts';
import { gatherLibraries } from './loose-libraries.ts';
import { createPackagePool, toArtifact, type PackagePool } from './package-pool.ts';
import { createPatchelf, type Patchelf } from './patchelf.ts';
import { relocatePhpLibraries } from './php-libraries.ts';

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
const LOADER = 'usr/lib64/ld-linux-x86-64.so.2';
/** Two packages at a time: unpacking is bound by the processor. */
const UNPACK_AT_ONCE = 2;

export interface DebianSourceOptions {
  readonly processes: Processes;
  /** Lists and settings of the private apts. */
  readonly aptFolder: string;
  /** Packages that were fetched; kept as the offline source. */
  readonly downloads: string;
  /** Of this system. */
  readonly distribution: Distribution | null;
  /** Address to fetch from in place of the archive's own; asked each time. */
  mirror?(): string | undefined;
  /** Copies of signed indexes, by suite: then nothing is fetched, and `downloads` has all packages. */
  readonly copies?: ReadonlyMap<string, readonly IndexCopy[]>;
  /** Where tools are kept that the install itself needs; default `tools` in `aptFolder`. */
  readonly toolsFolder?: string;
}

export interface DebianSource extends RuntimeSourceDriver {
  /** The signed indexes of a release that was collected from. */
  indexes(suite: string, signal: AbortSignal): Promise<ArchiveIndex[]>;
}

interface Release {
  readonly apt: PrivateApt;
  readonly pool: PackagePool;
}

type DebianEntry = Extract<RuntimeSource, { type: 'debian' }>;

export function createDebianSource(options: DebianSourceOptions): DebianSource {
  const { processes } = options;
  const releases = new Map<string, Release>();
  const releaseOf = (suite: string): Release => {
    let release = releases.get(suite);
    if (release === undefined) {
      const { aptFolder, distribution, mirror, copies } = options;
      const apt = createPrivateApt({
        processes,
        root: aptFolder,
        suite,
        distribution,
        ...(mirror === undefined ? {} : { mirror }),
        ...(copies === undefined ? {} : { copies: copies.get(suite) ?? [] }),
      });
      release = { apt, pool: createPackagePool(apt, join(options.downloads, 'debian', suite)) };
      releases.set(suite, release);
    }
    return release;
  };
  let patchelf: Patchelf | undefined;
  const patchelfOf = (suite: string): Patchelf =>
    (patchelf ??= createPatchelf({
      processes,
      ...releaseOf(suite),
      folder: options.toolsFolder ?? join(options.aptFolder, 'tools'),
    }));
  const host = options.distribution?.codename;
  /** A release newer than the system's: its programs need their own C library. */
  const needsLibc = ({ suite }: DebianEntry): boolean => suite !== host;

  return {
    type: 'debian',
    async stage(binary, plan, progress, signal) {
      const { source } = binary;
      if (source?.type !== 'debian') throw new TypeError(`${binary.name} does not come from a Debian archive`);
      const { apt, pool } = releaseOf(source.suite);
      const withLibc = needsLibc(source);
      const packages = await resolve(apt, source, withLibc, signal);

      const total = packages.reduce((sum, { size }) => sum + size, 0);
      progress.step('fetch', `${packages.length} packages`);
      const mirror = options.mirror?.();
      const fetched = await pool.fetch(packages, (bytes) => progress.bytes(bytes, total), signal);
      progress.bytes(total, total);

      const { artifacts, sizeOnDisk } = await unpackAll(pool, packages, plan.staging, progress, signal);
      await mergeUsr(plan.staging);
      await gatherLibraries(plan.staging, LIBRARIES);
      if (source.onlyPortable === true) await relocatePhpLibraries(plan.staging);
      const main = packages.find(({ name }) => name === source.packages[0]);
      const version = upstreamVersion(main?.version ?? binary.version);
      const requests = source.executables.map((executable) => ({
        file: join(plan.staging, executable),
        runPath: `$ORIGIN/${'../'.repeat(executable.split('/').length - 1)}${LIBRARIES}`,
        interpreter: withLibc ? join(plan.finalPath(version), LOADER) : null,
      }));
      if (requests.length > 0) await patchelfOf(host ?? source.suite).patch(requests, signal);
      await flushTree(plan.staging);
      const via = mirror !== undefined && fetched ? { via: `mirror ${mirror}` } : {};
      return { artifacts, version, sizeOnDisk, ...via };
    },

    async collect(binary, progress, signal) {
      const { source } = binary;
      if (source?.type !== 'debian') throw new TypeError(`${binary.name} does not come from a Debian archive`);
      const { apt, pool } = releaseOf(source.suite);
      const packages = await resolve(apt, source, needsLibc(source), signal);
      const total = packages.reduce((sum, { size }) => sum + size, 0);
      progress.step('fetch', `${packages.length} packages`);
      await pool.fetch(packages, (bytes) => progress.bytes(bytes, total), signal);
      progress.step('verify');
      const artifacts: Artifact[] = [];
      for (const item of packages) {
        signal.throwIfAborted();
        artifacts.push(toArtifact(item, await pool.verify(item)));
      }
      const main = packages.find(({ name }) => name === source.packages[0]);
      const suites = [source.suite];
      if (source.executables.length > 0) {
        artifacts.push(await patchelfOf(host ?? source.suite).collect(signal));
        suites.push(host ?? source.suite);
      }
      return { version: upstreamVersion(main?.version ?? binary.version), artifacts, suites: [...new Set(suites)] };
    },

    indexes: (suite, signal) => releaseOf(suite).apt.indexes(signal),
  };
}

/** What a private tree needs of the closure, with the digests of the signed index. */
async function resolve(
  apt: PrivateApt,
  source: DebianEntry,
  withLibc: boolean,
  signal: AbortSignal,
): Promise<DebianPackage[]> {
  await apt.update(signal);
  const closure = await apt.closure(source.packages, signal);
  const wanted = new Map([...closure].filter(([name]) => isWanted(name, withLibc)));
  const extra = source.extraPackages ?? [];
  if (extra.length > 0) {
    const full = await apt.closure(extra, signal);
    for (const name of extra) wanted.set(name, full.get(name) ?? '');
  }
  const packages = await apt.describe(wanted, signal);
  return source.onlyPortable === true ? packages.filter(({ fileName }) => fileName.endsWith('_all.deb')) : packages;
}

async function unpackAll(
  pool: PackagePool,
  packages: readonly DebianPackage[],
  staging: StagePlan['staging'],
  progress: InstallProgress,
  signal: AbortSignal,
): Promise<{ artifacts: Artifact[]; sizeOnDisk: number }> {
  const guard = createTreeGuard({ mergesTrees: true });
  const artifacts: Artifact[] = [];
  let sizeOnDisk = 0;
  await eachAtOnce(UNPACK_AT_ONCE, packages, async (item, worker) => {
    signal.throwIfAborted();
    // apt does not look at a file that is already in its folder, so this is the check that counts.
    const file = await pool.verify(item);
    progress.step('unpack', `${artifacts.length + 1} of ${packages.length} packages`);
    const unpacked = await unpackDeb(file, staging, { guard, scratch: `${staging}.${worker}.tar`, signal });
    sizeOnDisk += unpacked;
    artifacts.push(toArtifact(item, file));
  });
  return { artifacts, sizeOnDisk };
}

/** Packages of releases before the /usr merge still use ./lib; everything goes into ./usr/lib, with a link for the old place. */
async function mergeUsr(tree: string): Promise<void> {
  for (const name of ['lib', 'lib64', 'bin', 'sbin']) {
    const old = join(tree, name);
    const found = await lstat(old).catch(() => null);
    if (found === null || !found.isDirectory()) continue;
    await cp(old, join(tree, 'usr', name), { recursive: true, verbatimSymlinks: true, force: true });
    await rm(old, { recursive: true });
    await symlink(`usr/${name}`, old);
  }
}

/** Runs `work` over all items with so many workers. The first error ends it, after what had begun has ended too. */
async function eachAtOnce<T>(
  workers: number,
  items: readonly T[],
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const results = await Promise.allSettled(
    Array.from({ length: workers }, async (_, worker) => {
      try {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, worker);
      } finally {
        queue.length = 0;
      }
    }),
  );
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
