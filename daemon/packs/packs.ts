/** Offline packs: made from what installs fetch, verified as a whole, installed through the same steps as from the network. */
import { basename, isAbsolute, join } from 'node:path';
import type { Change } from '../../contract/changes.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { PackInfo, PackPlatform } from '../../contract/packs.ts';
import type { Changes } from '../../core/changes/changes.ts';
import { packRefusal, platformMismatch, type PackManifest } from '../../core/packs/pack-manifest.ts';
import { seriesOf } from '../../core/runtimes/install.ts';
import { timestamp } from '../../core/system/clock.ts';
import { createPack, type CreatePackOptions } from './create-pack.ts';
import { installPack, isInstalled, type InstallPackOptions } from './install-pack.ts';
import { openPack } from './pack-reader.ts';
import type { Uploads } from './uploads.ts';
import { sayPack } from '../../contract/sentences/packs.ts';

/** A tool without which a runtime is of little use on a machine that cannot fetch it. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = { postgres: ['postgres-client'], php: ['adminer'] };

export interface PackOptions extends CreatePackOptions, InstallPackOptions {
  readonly changes: Changes;
  readonly uploads: Uploads;
  /** `name@series` of what goes into a pack when no one says: what is installed and what the projects need. */
  defaultChoice(): string[];
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

  /** Trees bring all that they need: a pack fits every system of its kind. */
  const platform: PackPlatform = { os, arch, distribution: null, codename: null };

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
    const mismatch = platformMismatch(made, platform);
    if (mismatch !== null) return [packRefusal('PACK_PLATFORM_MISMATCH', file, mismatch)];
    return packed.flatMap(({ name, series, source }) => {
      try {
        if (runtimes.resolve(name, series).source?.type === source) return [];
        return [packRefusal('PACK_OUTDATED', file, sayPack('otherSource', { runtime: `${name} ${series}`, source }))];
      } catch (error) {
        if (!(error instanceof KojiboxError) || error.code !== 'RUNTIME_UNSUPPORTED') throw error;
        return [
          packRefusal(
            'PACK_OUTDATED',
            file,
            sayPack('unknownRuntime', { runtime: `${name} ${series}`, reason: error.detail }),
          ),
        ];
      }
    });
  };

  /** What was uploaded has a name that no one gave it. */
  const nameOf = (path: string): string => (options.uploads.isOurs(path) ? 'that was sent' : basename(path));

  const assertPath = (path: string): void => {
    if (isAbsolute(path) && path.endsWith('.kojipack')) return;
    throw new KojiboxError('VALIDATION_FAILED', 'cannot use this path', {
      detail: `${path} is not an absolute path that ends in .kojipack`,
      source: 'packs',
    });
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
        await createPack(
          options,
          { target, name: name ?? file.replace(/\.kojipack$/, ''), createdAt, platform, wanted },
          task('pack', file),
          signal,
        );
      });
      return change;
    },

    async inspect(path) {
      assertPath(path);
      const file = nameOf(path);
      const pack = await openPack(path, file);
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
              installed: await isInstalled(options, { name, version }),
            })),
          ),
          fileCount: manifest.files.length,
          signer: { fingerprint, name: manifest.signer.name },
          trust: await keys.trustOf(fingerprint),
          refusals: refusalsOf(manifest, file).map(({ code, detail, remedy }) => ({ code, detail, remedy })),
        };
      } finally {
        pack.close();
      }
    },

    async install(path, trustKey) {
      assertPath(path);
      const file = nameOf(path);
      const pack = await openPack(path, file);
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
          await installPack(options, pack, file, context);
        } finally {
          pack.close();
          await options.uploads.discard(path);
        }
      }).change;
    },
  };
}
