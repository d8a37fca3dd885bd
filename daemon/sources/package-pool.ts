/** The fetched packages of one release: each is fetched once, whoever asks, and checked again when it is about to be used. */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from '../../core/runtimes/source.ts';
import type { DebianPackage, PrivateApt } from './apt.ts';
import { assertDigest, digestOfFile } from './digest.ts';

const WATCH_EVERY_MS = 200;

export interface PackagePool {
  /**
   * Brings all of them into the folder and says whether any had to be fetched. A file that lies there and is not what the signed index says is thrown away and fetched again.
   * Rejects with what {@link PrivateApt} rejects with.
   */
  fetch(packages: readonly DebianPackage[], report: (bytes: number) => void, signal: AbortSignal): Promise<boolean>;
  /** To be called immediately before unpacking. Rejects with DIGEST_MISMATCH; the file is gone then. */
  verify(item: DebianPackage): Promise<string>;
  fileOf(item: DebianPackage): string;
}

/** @param file what `verify` returned for it */
export const toArtifact = ({ size, name, version, sha256 }: DebianPackage, file: string): Artifact => ({
  file,
  size,
  digest: `sha256:${sha256}`,
  name,
  version,
});

export function createPackagePool(apt: PrivateApt, folder: string): PackagePool {
  /** Packages that someone is fetching just now. */
  const coming = new Map<string, Promise<boolean>>();
  const fileOf = ({ fileName }: DebianPackage): string => join(folder, fileName);
  const isWhole = async (item: DebianPackage): Promise<boolean> =>
    (await digestOfFile(fileOf(item), 'sha256')) === item.sha256;

  const fetchMissing = async (packages: readonly DebianPackage[], signal: AbortSignal): Promise<boolean> => {
    const missing: DebianPackage[] = [];
    for (const item of packages) if (!(await isWhole(item))) missing.push(item);
    // apt believes what lies there when only its size is right.
    for (const item of missing) await rm(fileOf(item), { force: true });
    if (missing.length > 0) await apt.download(missing, folder, signal);
    return missing.length > 0;
  };

  return {
    fileOf,

    async fetch(packages, report, signal) {
      await mkdir(folder, { recursive: true });
      let fetched = false;
      const stopWatching = watchFolder(folder, packages, report);
      try {
        for (let rest: readonly DebianPackage[] = packages; rest.length > 0;) {
          const mine = rest.filter(({ fileName }) => !coming.has(fileName));
          const others = rest.filter(({ fileName }) => coming.has(fileName));
          const theirs = others.map(({ fileName }) => coming.get(fileName) ?? Promise.resolve(false));
          const work = fetchMissing(mine, signal).finally(() => {
            for (const { fileName } of mine) coming.delete(fileName);
          });
          for (const { fileName } of mine) coming.set(fileName, work);
          fetched = (await work) || fetched;
          await Promise.allSettled(theirs);
          // Where someone else failed or gave up, it is done here.
          rest = [];
          for (const item of others) if (!(await isWhole(item))) rest = [...rest, item];
        }
      } finally {
        stopWatching();
      }
      return fetched;
    },

    async verify(item) {
      await assertDigest(fileOf(item), 'sha256', item.sha256);
      return fileOf(item);
    },
  };
}

/** Tells how many bytes of the packages have arrived; apt has no other way to say it for all together. Returns the way to stop. */
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
