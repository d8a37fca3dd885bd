/** Installing an opened pack: unpacked aside, held against what vouches for each part, and only then installed, as from the network. */
import { withExtensions, type ExtendedBinary } from '../../core/php/extension-packages.ts';
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { ChangeContext, TaskReporter } from '../../core/changes/changes.ts';
import type { Layout } from '../../core/layout.ts';
import { packRefusal, type PackManifest } from '../../core/packs/pack-manifest.ts';
import type { Runtimes } from '../../core/runtimes/runtimes.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { System } from '../../core/system/system.ts';
import { digestOfFile } from '../sources/digest.ts';
import type { DebianSourceOptions } from '../sources/debian.ts';
import { createOfflineSources } from './offline-sources.ts';
import type { OpenPack } from './pack-reader.ts';
import { sayWork } from '../../contract/sentences/work.ts';

/** Beside what the files take. */
const SPARE_BYTES = 100_000_000;

type PackedRuntime = PackManifest['runtimes'][number];

export interface InstallPackOptions {
  readonly system: System;
  readonly layout: Layout;
  readonly runtimes: Runtimes;
  /** The archive program and the archive's keys. */
  readonly archive: Pick<DebianSourceOptions, 'program' | 'archives'>;
  /** Something was installed. */
  installed(): void;
  /** Remembers what is added to a series of PHP. */
  keepExtensions(series: string, extensions: readonly string[]): Promise<void>;
}

/** Whether exactly this version is there, its files too. */
export async function isInstalled(
  { system, runtimes }: Pick<InstallPackOptions, 'system' | 'runtimes'>,
  { name, version }: Pick<PackedRuntime, 'name' | 'version'>,
): Promise<boolean> {
  const known = runtimes.installed(name, version);
  return known !== null && (await system.files.stat(runtimes.treePath(known))) !== null;
}

/**
 * @param file name of the pack, for messages
 * Rejects with PACK_DAMAGED, PACK_SIGNATURE_INVALID, PACK_OUTDATED before anything was activated, or as an install does.
 */
export async function installPack(
  options: InstallPackOptions,
  pack: OpenPack,
  file: string,
  context: ChangeContext,
): Promise<void> {
  const { system, layout, runtimes } = options;
  const { signal } = context;
  const { manifest } = pack;
  const whole = context.task('pack', file, 3);
  const progress = (done: number, total: number): void => whole.bytes(done, total);
  const pending: { readonly runtime: PackedRuntime; readonly task: TaskReporter }[] = [];
  for (const runtime of manifest.runtimes) {
    const task = context.task(runtime.name, `${runtime.name} ${runtime.series}`);
    if (await isInstalled(options, runtime)) task.skip(`${runtime.version} is installed already`);
    else pending.push({ runtime, task });
  }
  whole.step('verify', 'signature and digests');
  if (pending.length === 0) {
    await pack.verify({ signal, progress });
    whole.done(`${manifest.files.length} files`);
    return;
  }
  await assertRoom(options, manifest, file);
  // The name is one that the next start removes, should this daemon be killed.
  const folder = join(layout.temp, `install-pack-${randomBytes(4).toString('hex')}`);
  const downloads = join(folder, 'files');
  await mkdir(folder, { mode: 0o700 });
  try {
    await pack.extract(folder, { signal, progress });
    const sources = createOfflineSources(manifest, {
      processes: system.processes,
      archive: options.archive,
      folder,
      downloads,
    });
    for (const { runtime } of pending) await verifySource(runtimes, runtime, sources, file, whole, signal);
    whole.done(`${manifest.files.length} files`);

    // Nothing was activated before this line.
    const via = sayWork('fromPack', {
      name: manifest.name,
      signer: manifest.signer.name,
      fingerprint: pack.fingerprint,
    });
    const results = await Promise.allSettled(
      pending.map(async ({ runtime, task }) => {
        const { name, series, version, extensions } = runtime;
        const passage = { version, via, file, from: downloads, to: layout.downloads };
        const through = sources.map((source) => throughPack(source, passage));
        const entry = await runtimes
          .installFrom(through, binaryOf(runtimes, runtime), task, signal)
          .catch((error: unknown) => {
            task.fail(error instanceof Error ? error.message : String(error));
            throw toRefusal(error, `${name} ${series}`, file);
          });
        if (name === 'php' && extensions !== undefined) await options.keepExtensions(series, extensions);
        task.done(entry.version);
        options.installed();
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    // Kept like what was fetched: it is checked again at each use, so what lies there is no claim.
    await moveFiles(manifest, downloads, layout.downloads);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The manifest's own entry, with what the pack adds to it. */
const binaryOf = (runtimes: Runtimes, { name, series, extensions }: PackedRuntime): ExtendedBinary =>
  withExtensions(runtimes.resolve(name, series), extensions ?? []);

/** What the install reads, checked by what vouches for it: the signed manifest of this build, the signature of the archive. */
async function verifySource(
  runtimes: Runtimes,
  runtime: PackedRuntime,
  sources: readonly RuntimeSourceDriver[],
  file: string,
  task: TaskReporter,
  signal: AbortSignal,
): Promise<void> {
  const { name, series, source } = runtime;
  task.step('verify', `${name} ${series}`);
  const silent = { step: () => undefined, bytes: () => undefined };
  const driver = sources.find(({ type }) => type === source);
  await driver?.collect?.(binaryOf(runtimes, runtime), silent, signal).catch((error: unknown) => {
    throw toRefusal(error, `${name} ${series}`, file);
  });
}

async function assertRoom({ system, layout }: InstallPackOptions, manifest: PackManifest, file: string): Promise<void> {
  const needed = manifest.files.reduce((sum, { size }) => sum + size, SPARE_BYTES);
  const free = await system.files.freeBytes(layout.home);
  if (free >= needed) return;
  throw new KojiboxError('DISK_FULL', `cannot unpack ${file}`, {
    detail: `${layout.home} has ${Math.round(free / 1e6)} MB free; ${Math.round(needed / 1e6)} MB are needed`,
    source: 'packs',
  });
}

/** Into the cache of downloads, where the same file may lie already. */
async function moveFiles(manifest: PackManifest, from: string, downloads: string): Promise<void> {
  for (const { path, sha256 } of manifest.files) {
    if (!path.startsWith('files/')) continue;
    const source = join(from, relative('files', path));
    const target = join(downloads, relative('files', path));
    if ((await digestOfFile(target, 'sha256')) === sha256) continue;
    await mkdir(dirname(target), { recursive: true });
    await rename(source, target);
  }
}

interface Passage {
  readonly version: string;
  readonly via: string;
  /** Name of the pack, for messages. */
  readonly file: string;
  /** Where the files lie now, and where they will be kept. */
  readonly from: string;
  readonly to: string;
}

/** The version that was announced is the one that is installed, and the lock says where it came from. */
const throughPack = (source: RuntimeSourceDriver, { version, via, file, from, to }: Passage): RuntimeSourceDriver => ({
  type: source.type,
  async stage(...args) {
    const staged = await source.stage(...args);
    if (staged.version !== version)
      throw packRefusal('PACK_DAMAGED', file, `it says ${args[0].name} ${version} and holds ${staged.version}`);
    const artifacts = staged.artifacts.map((item) => ({ ...item, file: join(to, relative(from, item.file)) }));
    return { ...staged, artifacts, via };
  },
});

/** What a source says of its network means something else here. */
function toRefusal(error: unknown, what: string, file: string): unknown {
  if (!(error instanceof KojiboxError)) return error;
  if (error.code === 'DIGEST_MISMATCH' || error.code === 'INDEX_UNTRUSTED')
    return packRefusal(
      'PACK_SIGNATURE_INVALID',
      file,
      `${what}: the archive’s own signature does not fit (${error.detail})`,
      error,
    );
  if (error.code !== 'DOWNLOAD_FAILED') return error;
  return packRefusal(
    'PACK_OUTDATED',
    file,
    `it lacks what this Kojibox needs for ${what}: ${error.message}; ${error.detail}`,
    error,
  );
}
