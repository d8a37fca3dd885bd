/** Runtimes from a Debian archive: the closure is resolved and authenticated by a private apt, every package is checked again before it is unpacked. */
import { chmod, cp, lstat, mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { join, dirname } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { Artifact, InstallProgress, RuntimeSourceDriver, StagePlan } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { unpackDeb } from '../archives/unpack.ts';
import { createPrivateApt, type DebianPackage, type PrivateApt } from './apt.ts';
import { isWanted, upstreamVersion } from './debian-packages.ts';
import { digestOfFile } from './digest.ts';

const WATCH_EVERY_MS = 200;
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
const LOADER = 'usr/lib64/ld-linux-x86-64.so.2';
/** Two packages at a time: unpacking is bound by the processor. */
const UNPACK_AT_ONCE = 2;

export interface DebianSourceOptions {
  readonly processes: Processes;
  /** Lists and settings of the private apt. */
  readonly aptFolder: string;
  /** Packages that were fetched; kept as the offline source. */
  readonly downloads: string;
}

export function createDebianSource(options: DebianSourceOptions): RuntimeSourceDriver {
  const apts = new Map<string, PrivateApt>();
  const aptFor = (suite: string): PrivateApt => {
    const apt = apts.get(suite) ?? createPrivateApt({ processes: options.processes, root: options.aptFolder, suite });
    apts.set(suite, apt);
    return apt;
  };
  let patchelf: Promise<string> | undefined;

  /** Present files with the right digest stay; everything else is fetched, and checked again. */
  const fetchAll = async (
    apt: PrivateApt,
    packages: readonly DebianPackage[],
    folder: string,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<void> => {
    await mkdir(folder, { recursive: true });
    const isWhole = async ({ fileName, sha256 }: DebianPackage): Promise<boolean> =>
      (await digestOfFile(join(folder, fileName), 'sha256')) === sha256;
    const total = packages.reduce((sum, { size }) => sum + size, 0);
    const stopWatching = watchFolder(folder, packages, (bytes) => progress.bytes(bytes, total));
    try {
      const missing: DebianPackage[] = [];
      for (const item of packages) if (!(await isWhole(item))) missing.push(item);
      for (const { fileName } of missing) await rm(join(folder, fileName), { force: true });
      if (missing.length > 0) await apt.download(missing, folder, signal);
    } finally {
      stopWatching();
    }
    progress.bytes(total, total);
  };

  const stageTree = async (binary: ServiceBinary, plan: StagePlan, progress: InstallProgress, signal: AbortSignal) => {
    const source = binary.source;
    if (source?.type !== 'debian') throw new TypeError(`${binary.name} does not come from a Debian archive`);
    const apt = aptFor(source.suite);
    await apt.update(signal);
    const withLibc = source.suite !== (await hostSuite());
    const closure = await apt.closure(source.packages, signal);
    const extra = source.extraPackages ?? [];
    const wanted = new Map([...closure].filter(([name]) => isWanted(name, withLibc)));
    if (extra.length > 0) {
      const full = await apt.closure(extra, signal);
      for (const name of extra) wanted.set(name, full.get(name) ?? '');
    }
    const packages = await apt.describe(wanted, signal);
    const folder = join(options.downloads, 'debian', source.suite);
    progress.step('fetch', `${packages.length} packages`);
    await fetchAll(apt, packages, folder, progress, signal);

    progress.step('unpack', `${packages.length} packages`);
    let sizeOnDisk = 0;
    const artifacts: Artifact[] = [];
    await eachAtOnce(UNPACK_AT_ONCE, packages, async (item, worker) => {
      signal.throwIfAborted();
      const file = join(folder, item.fileName);
      // apt does not look at a file that is already in its folder, so this is the check that counts.
      if ((await digestOfFile(file, 'sha256')) !== item.sha256) {
        await rm(file, { force: true });
        throw new KojiboxError('DIGEST_MISMATCH', `cannot trust ${item.fileName}`, {
          detail: 'its SHA-256 is not the one in the signed index of the archive',
          source: 'runtime',
        });
      }
      sizeOnDisk += await unpackDeb(file, plan.staging, `${plan.staging}.${worker}.tar`, signal);
      artifacts.push({
        file,
        size: item.size,
        digest: `sha256:${item.sha256}`,
        name: item.name,
        version: item.version,
      });
    });
    await mergeUsr(plan.staging);
    const main = packages.find(({ name }) => name === source.packages[0]);
    return { artifacts, version: upstreamVersion(main?.version ?? binary.version), sizeOnDisk, withLibc };
  };

  const ensurePatchelf = async (signal: AbortSignal): Promise<string> => {
    const suite = (await hostSuite()) ?? 'stable';
    const apt = aptFor(suite);
    await apt.update(signal);
    const [item] = await apt.describe(
      new Map([...(await apt.closure(['patchelf'], signal))].filter(([name]) => name === 'patchelf')),
      signal,
    );
    if (item === undefined)
      throw new KojiboxError('DOWNLOAD_FAILED', 'cannot find patchelf in the Debian archive', { source: 'runtime' });
    const tree = join(options.aptFolder, 'tools', `patchelf-${item.sha256.slice(0, 12)}`);
    const program = join(tree, 'usr/bin/patchelf');
    if ((await stat(program).catch(() => null)) !== null) return program;
    const folder = join(options.downloads, 'debian', suite);
    await fetchAll(apt, [item], folder, { step: () => undefined, bytes: () => undefined }, signal);
    if ((await digestOfFile(join(folder, item.fileName), 'sha256')) !== item.sha256)
      throw new KojiboxError('DIGEST_MISMATCH', 'cannot trust patchelf', { detail: item.fileName, source: 'runtime' });
    await mkdir(tree, { recursive: true });
    await unpackDeb(join(folder, item.fileName), tree, `${tree}.tar`, signal);
    return program;
  };

  /** Makes the programs find the tree's own libraries wherever it lies (DT_RPATH with $ORIGIN, which also serves dlopen; see ld.so(8)). */
  const setRunPaths = async (
    staging: string,
    finalPath: string,
    executables: readonly string[],
    withLibc: boolean,
    signal: AbortSignal,
  ): Promise<void> => {
    const program = await (patchelf ??= ensurePatchelf(signal));
    for (const executable of executables) {
      const file = join(staging, executable);
      const up = dirname(executable)
        .split('/')
        .map(() => '..')
        .join('/');
      const interpreter = withLibc ? ['--set-interpreter', join(finalPath, LOADER)] : [];
      await chmod(file, 0o755);
      const result = await options.processes.run(
        program,
        [...interpreter, '--force-rpath', '--set-rpath', `$ORIGIN/${up}/${LIBRARIES}`, file],
        { signal, env: { PATH: '/usr/bin:/bin' } },
      );
      if (result.exitCode !== 0)
        throw new KojiboxError('LINK_CHECK_FAILED', `cannot prepare ${executable}`, {
          detail: result.stderr.trim(),
          source: 'runtime',
        });
    }
  };

  return {
    type: 'debian',
    async stage(binary, plan, progress, signal) {
      const { withLibc, ...staged } = await stageTree(binary, plan, progress, signal);
      const executables = binary.source?.type === 'debian' ? binary.source.executables : [];
      if (executables.length > 0)
        await setRunPaths(plan.staging, plan.finalPath(staged.version), executables, withLibc, signal);
      return staged;
    },
  };
}

/** Code name of this system's release; see os-release(5). */
async function hostSuite(): Promise<string | undefined> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^VERSION_CODENAME=(\w+)/m.exec(text)?.[1];
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

/** Tells how many bytes of the packages have arrived; apt writes into `partial` first. Returns the way to stop. */
function watchFolder(folder: string, packages: readonly DebianPackage[], report: (bytes: number) => void): () => void {
  const wanted = new Set(packages.map(({ fileName }) => fileName));
  const measure = async (): Promise<void> => {
    let bytes = 0;
    for (const place of [folder, join(folder, 'partial')]) {
      for (const name of await readdir(place).catch(() => [])) {
        if (wanted.has(name)) bytes += (await stat(join(place, name)).catch(() => null))?.size ?? 0;
      }
    }
    report(bytes);
  };
  const timer = setInterval(() => void measure(), WATCH_EVERY_MS);
  return () => clearInterval(timer);
}

/** Runs `work` over all items with so many workers; the first error ends it. */
async function eachAtOnce<T>(
  workers: number,
  items: readonly T[],
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, worker);
    }),
  );
}
