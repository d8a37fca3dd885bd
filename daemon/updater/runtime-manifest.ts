/** The list of runtimes: the one of the build, or a newer one that came with an update feed. Both are signed; neither is believed before that was checked. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeManifest } from '../../contract/manifest.ts';
import { openManifest } from '../../core/runtimes/manifest.ts';
import type { FileSystem } from '../../core/system/files.ts';
import type { ManifestPointer } from '../../core/updater/feed.ts';

export interface ManifestSource {
  /** The newest that can be trusted. Throws the MANIFEST_… error of the built-in one when that cannot. */
  read(): RuntimeManifest;
  /** True when the feed names a newer one than is in use. */
  isNewer(pointer: ManifestPointer | undefined): pointer is ManifestPointer;
  /**
   * Takes a fetched one into use, from now on and over restarts. Rejects, and leaves all as it was, with DIGEST_MISMATCH, MANIFEST_… or
   * UPDATE_STALE.
   */
  replace(text: string, pointer: ManifestPointer): Promise<RuntimeManifest>;
}

/** PEM public keys of the build. */
export const readKeys = (folder: string): string[] =>
  readdirSync(join(folder, 'keys')).map((name) => readFileSync(join(folder, 'keys', name), 'utf8'));

const timeOf = ({ bundle }: RuntimeManifest): number => Date.parse(bundle.createdAt);

/**
 * Read and verified once, on first use; a manifest that cannot be trusted fails what needs it, not the daemon.
 * @param options.builtIn folder with manifest.json and keys/
 * @param options.stored where a newer one is kept
 */
export function createManifestSource(options: {
  readonly builtIn: string;
  readonly stored: string;
  readonly files: Pick<FileSystem, 'writeAtomic'>;
  /** Told when a stored one cannot be trusted any more. */
  refused(error: KojiboxError): void;
}): ManifestSource {
  let opened: RuntimeManifest | undefined;

  const openBuiltIn = (): RuntimeManifest => {
    const file = join(options.builtIn, 'manifest.json');
    if (!existsSync(file))
      throw new KojiboxError('MANIFEST_INVALID', 'cannot use the runtime manifest', {
        detail: `${file} is missing`,
        source: 'runtime',
      });
    return openManifest(readFileSync(file, 'utf8'), readKeys(options.builtIn));
  };

  const openStored = (): RuntimeManifest | null => {
    if (!existsSync(options.stored)) return null;
    try {
      return openManifest(readFileSync(options.stored, 'utf8'), readKeys(options.builtIn));
    } catch (error) {
      // Altered on the disk, or its key was withdrawn with an update: the one of the build is there.
      if (!(error instanceof KojiboxError)) throw error;
      options.refused(error);
      return null;
    }
  };

  const read = (): RuntimeManifest => {
    if (opened === undefined) {
      const builtIn = openBuiltIn();
      const stored = openStored();
      opened = stored !== null && timeOf(stored) > timeOf(builtIn) ? stored : builtIn;
    }
    return opened;
  };

  return {
    read,
    isNewer: (pointer): pointer is ManifestPointer =>
      pointer !== undefined && Date.parse(pointer.createdAt) > timeOf(read()),

    async replace(text, pointer) {
      if (createHash('sha256').update(text).digest('hex') !== pointer.sha256)
        throw new KojiboxError('DIGEST_MISMATCH', 'cannot trust the new runtime manifest', {
          detail: 'its sha256 is not the one that was signed for',
          source: 'updater',
        });
      const manifest = openManifest(text, readKeys(options.builtIn));
      if (timeOf(manifest) <= timeOf(read()))
        throw new KojiboxError('UPDATE_STALE', 'cannot use the new runtime manifest', {
          detail: `it was made at ${manifest.bundle.createdAt}; the one in use at ${read().bundle.createdAt}`,
          source: 'updater',
        });
      await options.files.writeAtomic(options.stored, text);
      opened = manifest;
      return manifest;
    },
  };
}
