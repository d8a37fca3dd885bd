/** Offline packs: made from what installs fetch, verified as a whole, installed through the same steps as from the network. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import type { Change } from '../../contract/changes.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { PackInfo, PackPlatform } from '../../contract/packs.ts';
import type { Changes, TaskReporter } from '../../core/changes/changes.ts';
import type { Layout } from '../../core/layout.ts';
import type { PackKeys } from '../../core/packs/pack-keys.ts';
import {
  PACK_FORMAT,
  packRefusal,
  platformMismatch,
  signPackManifest,
  type PackManifest,
} from '../../core/packs/pack-manifest.ts';
import { seriesOf } from '../../core/runtimes/install.ts';
import type { Runtimes } from '../../core/runtimes/runtimes.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { System } from '../../core/system/system.ts';
import { timestamp } from '../../core/system/clock.ts';
import { digestOfFile } from '../sources/digest.ts';
import type { Distribution } from '../system/distribution.ts';
import { collectRuntimes, type CollectOptions } from './collect.ts';
import { createOfflineSources } from './offline-sources.ts';
import { openPack, type OpenPack } from './pack-reader.ts';
import { writePack } from './pack-writer.ts';
import type { Uploads } from './uploads.ts';

/** Beside what the files take. */
const SPARE_BYTES = 100_000_000;
/** A tool without which a runtime is of little use on a machine that cannot fetch it. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = { postgres: ['postgres-client'], php: ['adminer'] };

export interface PackOptions extends Pick<CollectOptions, 'sources' | 'indexes'> {
  readonly system: System;
  readonly layout: Layout;
  readonly runtimes: Runtimes;
  readonly changes: Changes;
  readonly keys: PackKeys;
  readonly uploads: Uploads;
  readonly distribution: Distribution | null;
  /** Of Kojibox. */
  readonly version: string;
  /** `name@series` of what goes into a pack when nobody says: what is installed and what the projects need. */
  defaultChoice(): string[];
  /** Something was installed. */
  installed(): void;
}

export interface Packs {
  create(wanted: {
    readonly runtimes?: readonly string[];
    readonly path?: string;
    readonly name?: string;
  }): Promise<Change>;
  inspect(path: string): Promise<PackInfo>;
  install(path: string, trustKey: string | undefined): Promise<Change>;
}

export function createPacks(options: PackOptions): Packs {
  const { system, layout, runtimes, changes, keys } = options;
  const { os, arch } = system.host;

  const platform = (withPackages: boolean): PackPlatform => ({
    os,
    arch,
    distribution: withPackages ? (options.distribution?.family ?? null) : null,
    codename: withPackages ? (options.distribution?.codename ?? null) : null,
  });

  /** Throws RUNTIME_UNSUPPORTED. */
  const binariesOf = (choice: readonly string[]): ServiceBinary[] => {
    const found = new Map<string, ServiceBinary>();
    const add = (text: string): void => {
      const [name = '', series] = text.split('@');
      const binary = runtimes.resolve(name, series);
      found.set(`${name} ${seriesOf(binary)}`, binary);
    };
    for (const text of choice) add(text);
    for (const { name } of [...found.values()])
      for (const companion of COMPANIONS[name] ?? [])
        if (![...found.values()].some((other) => other.name === companion)) add(companion);
    return [...found.values()];
  };

  const refusalsOf = ({ platform: made, runtimes: packed }: PackManifest, file: string): KojiboxError[] => {
    const mismatch = platformMismatch(made, platform(true));
    if (mismatch !== null) return [packRefusal('PACK_PLATFORM_MISMATCH', file, mismatch)];
    return packed.flatMap(({ name, series, source }) => {
      try {
        if (runtimes.resolve(name, series).source?.type === source) return [];
        return [packRefusal('PACK_OUTDATED', file, `${name} ${series} does not come from ${source} any more`)];
      } catch (error) {
        if (!(error instanceof KojiboxError) || error.code !== 'RUNTIME_UNSUPPORTED') throw error;
        return [
          packRefusal(
            'PACK_OUTDATED',
            file,
            `it has ${name} ${series}, which this Kojibox does not know: ${error.detail}`,
          ),
        ];
      }
    });
  };

  const isInstalled = async (name: string, version: string): Promise<boolean> => {
    const known = runtimes.installed(name, version);
    return known !== null && (await system.files.stat(runtimes.treePath(known))) !== null;
  };

  const assertPath = (path: string): void => {
    if (isAbsolute(path) && path.endsWith('.kojipack')) return;
    throw new KojiboxError('VALIDATION_FAILED', 'cannot use this path', {
      detail: `${path} is not an absolute path that ends in .kojipack`,
      source: 'packs',
    });
  };

  /** What the install reads, checked by what vouches for it: the signed manifest of this build, the signature of the archive. */
  const verifySource = async (
    { name, series, source }: PackManifest['runtimes'][number],
    sources: readonly RuntimeSourceDriver[],
    file: string,
    task: TaskReporter,
    signal: AbortSignal,
  ): Promise<void> => {
    task.step('verify', `${name} ${series}`);
    const silent = { step: () => undefined, bytes: () => undefined };
    const driver = sources.find(({ type }) => type === source);
    await driver?.collect?.(runtimes.resolve(name, series), silent, signal).catch((error: unknown) => {
      throw toRefusal(error, `${name} ${series}`, file);
    });
  };

  const assertRoom = async (manifest: PackManifest, file: string): Promise<void> => {
    const needed = manifest.files.reduce((sum, { size }) => sum + size, SPARE_BYTES);
    const free = await system.files.freeBytes(layout.home);
    if (free >= needed) return;
    throw new KojiboxError('DISK_FULL', `cannot unpack ${file}`, {
      detail: `${layout.home} has ${Math.round(free / 1e6)} MB free; ${Math.round(needed / 1e6)} MB are needed`,
      source: 'packs',
    });
  };

  const installAll = async (
    pack: OpenPack,
    file: string,
    context: { task(id: string, label: string, weight?: number): TaskReporter; readonly signal: AbortSignal },
  ): Promise<void> => {
    const { signal } = context;
    const { manifest } = pack;
    const whole = context.task('pack', file, 3);
    const progress = (done: number, total: number): void => whole.bytes(done, total);
    const pending: { runtime: PackManifest['runtimes'][number]; task: TaskReporter }[] = [];
    for (const runtime of manifest.runtimes) {
      const task = context.task(runtime.name, `${runtime.name} ${runtime.series}`);
      if (await isInstalled(runtime.name, runtime.version)) task.skip(`${runtime.version} is installed already`);
      else pending.push({ runtime, task });
    }
    whole.step('verify', 'signature and digests');
    if (pending.length === 0) {
      await pack.verify({ signal, progress });
      whole.done(`${manifest.files.length} files`);
      return;
    }
    await assertRoom(manifest, file);
    // The name is one that the next start removes, should this daemon be killed.
    const folder = join(layout.temp, `install-pack-${randomBytes(4).toString('hex')}`);
    const downloads = join(folder, 'files');
    await mkdir(folder, { mode: 0o700 });
    try {
      await pack.extract(folder, { signal, progress });
      const sources = createOfflineSources(manifest, {
        processes: system.processes,
        distribution: options.distribution,
        folder,
        downloads,
        toolsFolder: join(layout.apt, 'tools'),
      });
      for (const { runtime } of pending) await verifySource(runtime, sources, file, whole, signal);
      whole.done(`${manifest.files.length} files`);

      // Nothing was activated before this line.
      const via = `pack “${manifest.name}” of ${manifest.signer.name}, ${pack.fingerprint}`;
      for (const { runtime, task } of pending) {
        signal.throwIfAborted();
        const { name, series, version } = runtime;
        const through = sources.map((source) =>
          throughPack(source, { version, via, file, from: downloads, to: layout.downloads }),
        );
        const entry = await runtimes
          .installFrom(through, runtimes.resolve(name, series), task, signal)
          .catch((error: unknown) => {
            throw toRefusal(error, `${name} ${series}`, file);
          });
        task.done(entry.version);
        options.installed();
      }
      // Kept like what was fetched: it is checked again at each use, so what lies there is no claim.
      await moveFiles(manifest, downloads, layout.downloads);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  return {
    async create({ runtimes: choice, path, name }) {
      const createdAt = timestamp(system.clock);
      const target = path ?? join(layout.packs, `kojibox-${createdAt.slice(0, 19).replaceAll(/[:T]/g, '-')}.kojipack`);
      assertPath(target);
      const binaries = binariesOf(choice ?? options.defaultChoice());
      const file = basename(target);
      const { change } = changes.run('packs.create', `Making ${file}`, async ({ task, signal }) => {
        const wanted = binaries.map((binary) => ({
          binary,
          progress: task(binary.name, `${binary.name} ${seriesOf(binary)}`),
        }));
        const writing = task('pack', file);
        const collection = await collectRuntimes({ ...options, downloads: layout.downloads }, wanted, signal);
        const files = [...collection.files.values()];
        const unsigned = {
          format: PACK_FORMAT,
          name: name ?? file.replace(/\.kojipack$/, ''),
          createdAt,
          madeBy: options.version,
          platform: platform(collection.archives.length > 0),
          runtimes: collection.runtimes,
          archives: collection.archives,
          files: files.map(({ path: place, size, sha256 }) => ({ path: place, size, sha256 })),
        } as const;
        const [own] = await keys.list();
        const manifest = signPackManifest(
          { ...unsigned, files: [...unsigned.files] },
          await keys.ownKey(),
          own?.name ?? '',
        );
        writing.step('write');
        await writePack(target, manifest, files, { signal, progress: (done, total) => writing.bytes(done, total) });
        writing.step('verify');
        // Read back: a pack that is handed over is one that installs.
        const pack = await openPack(target);
        try {
          await pack.verify({ signal });
          writing.done(`${Math.round(pack.sizeBytes / 1e6)} MB, signed by ${pack.fingerprint}`);
        } catch (error) {
          await rm(target, { force: true });
          throw error;
        } finally {
          pack.close();
        }
      });
      return change;
    },

    async inspect(path) {
      assertPath(path);
      const pack = await openPack(path);
      try {
        await pack.verify({});
        const { manifest, fingerprint } = pack;
        const sizes = new Map(manifest.files.map(({ path: place, size }) => [place, size]));
        return {
          path,
          size: pack.sizeBytes,
          name: manifest.name,
          createdAt: manifest.createdAt,
          madeBy: manifest.madeBy,
          platform: manifest.platform,
          runtimes: await Promise.all(
            manifest.runtimes.map(async ({ name, series, version, source, files }) => ({
              name,
              series,
              version,
              source,
              size: files.reduce((sum, place) => sum + (sizes.get(place) ?? 0), 0),
              installed: await isInstalled(name, version),
            })),
          ),
          fileCount: manifest.files.length,
          signer: { fingerprint, name: manifest.signer.name },
          trust: await keys.trustOf(fingerprint),
          refusals: refusalsOf(manifest, basename(path)).map(({ code, detail, remedy }) => ({ code, detail, remedy })),
        };
      } finally {
        pack.close();
      }
    },

    async install(path, trustKey) {
      assertPath(path);
      const file = basename(path);
      const pack = await openPack(path);
      try {
        const { fingerprint, manifest } = pack;
        const [refusal] = refusalsOf(manifest, file);
        if (refusal !== undefined) throw refusal;
        if ((await keys.trustOf(fingerprint)) === 'unknown') {
          if (trustKey !== fingerprint) {
            const asked = trustKey === undefined ? '' : `; the key that was accepted is ${trustKey}`;
            throw packRefusal(
              'PACK_KEY_UNKNOWN',
              file,
              `“${manifest.signer.name}” signed it with ${fingerprint}${asked}`,
            );
          }
          await keys.accept(fingerprint, manifest.signer.name);
        }
      } catch (error) {
        pack.close();
        throw error;
      }
      return changes.run('packs.install', `Installing ${pack.manifest.name}`, async (context) => {
        try {
          await installAll(pack, file, context);
        } finally {
          pack.close();
          await options.uploads.discard(path);
        }
      }).change;
    },
  };
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
  if (error.code === 'DIGEST_MISMATCH')
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
