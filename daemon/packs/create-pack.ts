/** Making a pack: collected, signed, written, and read back. */
import { rm } from 'node:fs/promises';
import type { PackPlatform } from '../../contract/packs.ts';
import type { TaskReporter } from '../../core/changes/changes.ts';
import type { Layout } from '../../core/layout.ts';
import type { PackKeys } from '../../core/packs/pack-keys.ts';
import { PACK_FORMAT, signPackManifest } from '../../core/packs/pack-manifest.ts';
import { collectRuntimes, type CollectOptions, type WantedRuntime } from './collect.ts';
import { openPack } from './pack-reader.ts';
import { writePack } from './pack-writer.ts';

export interface CreatePackOptions extends Omit<CollectOptions, 'downloads'> {
  readonly layout: Layout;
  readonly keys: PackKeys;
  /** Of Kojibox. */
  readonly version: string;
}

export interface NewPack {
  /** Absolute path of the new file. */
  readonly target: string;
  readonly name: string;
  readonly createdAt: string;
  readonly wanted: readonly WantedRuntime[];
  readonly platform: PackPlatform;
}

/** Rejects as the sources do, or with DISK_FULL, PERMISSION_DENIED; nothing is left then. */
export async function createPack(
  options: CreatePackOptions,
  pack: NewPack,
  task: TaskReporter,
  signal: AbortSignal,
): Promise<void> {
  const { layout, keys } = options;
  const collected = await collectRuntimes({ ...options, downloads: layout.downloads }, pack.wanted, signal);
  const files = [...collected.files.values()];
  const [own] = await keys.list();
  const manifest = signPackManifest(
    {
      format: PACK_FORMAT,
      name: pack.name,
      createdAt: pack.createdAt,
      madeBy: options.version,
      platform: pack.platform,
      runtimes: collected.runtimes,
      archives: collected.archives,
      files: files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
    },
    await keys.ownKey(),
    own?.name ?? '',
  );
  task.step('write');
  await writePack(pack.target, manifest, files, { signal, progress: (done, total) => task.bytes(done, total) });
  task.step('verify');
  try {
    // A pack that is handed over is one that installs.
    const written = await openPack(pack.target);
    await written.verify({ signal }).finally(() => written.close());
    task.done(`${pack.target}, ${Math.round(written.sizeBytes / 1e6)} MB, signed by ${written.fingerprint}`);
  } catch (error) {
    await rm(pack.target, { force: true });
    throw error;
  }
}
