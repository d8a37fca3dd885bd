/** Runtimes from an address, with the digest of the signed manifest. */
import { chmod, copyFile, mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeSource, ServiceBinary } from '../../contract/manifest.ts';
import type { Artifact, InstallProgress, RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import { flushTree } from '../archives/flush.ts';
import { unpackTar } from '../archives/unpack.ts';
import { unpackZip } from '../archives/unpack-zip.ts';
import { assertDigest, digestOfFile, type DigestAlgorithm } from './digest.ts';
import { createDownloader, type Connection } from './download.ts';

/** `binPath` is `runtime/bin/<name>/<version>/<os>-<arch>/…`. */
const TREE_DEPTH = 5;

export interface HttpsSourceOptions {
  readonly downloads: string;
  readonly connection?: Connection;
  /** Address that stands in for scheme and host of each entry's; asked each time. */
  mirror?(): string | undefined;
  /** True: only what lies in `downloads` is used. */
  readonly offline?: boolean;
}

interface Fetched {
  readonly source: HttpsSource;
  readonly artifact: Artifact;
  readonly via: string | undefined;
}

/** The archive's own top folder stays; `binPath` names the program below it. */
export function createHttpsSource(options: HttpsSourceOptions): RuntimeSourceDriver {
  const downloader = createDownloader(options.connection);

  /** The file lies in the cache and is what the manifest says. */
  const fetchVerified = async (
    binary: ServiceBinary,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<Fetched> => {
    const { source } = binary;
    if (source?.type !== 'https') throw new TypeError(`${binary.name} has no address`);
    const [algorithm, digest] = digestOf(binary);
    const { pathname } = new URL(source.url);
    const file = join(options.downloads, 'https', `${binary.name}-${binary.version}-${basename(pathname)}`);
    let via: string | undefined;
    const fetchFile = async (): Promise<void> => {
      if (options.offline === true) {
        throw new KojiboxError('DOWNLOAD_FAILED', `cannot find ${binary.name} ${binary.version}`, {
          detail: 'it is not there, or not what the signed manifest says',
          source: 'runtime',
        });
      }
      const mirror = options.mirror?.();
      await downloader.fetch(mirror === undefined ? source.url : `${mirror}${pathname}`, file, {
        algorithm,
        digest,
        signal,
        progress: (done, total) => progress.bytes(done, total ?? binary.size),
      });
      if (mirror !== undefined) via = `mirror ${mirror}`;
    };
    progress.step('fetch');
    if ((await stat(file).catch(() => null)) === null) await fetchFile();
    progress.step('verify');
    if ((await digestOfFile(file, algorithm)) !== digest) {
      // Altered since it was fetched: once more from the source.
      await fetchFile();
      await assertDigest(file, algorithm, digest);
    }
    const artifact = { file, size: (await stat(file)).size, digest: binary.checksum, name: binary.name };
    return { source, artifact: { ...artifact, version: binary.version }, via };
  };

  return {
    type: 'https',
    async stage(binary, { staging }, progress, signal) {
      const { source, artifact, via } = await fetchVerified(binary, progress, signal);
      progress.step('unpack');
      const program = binary.binPath.split('/').slice(TREE_DEPTH).join('/');
      const sizeOnDisk = await unpack(artifact.file, staging, source.archive, program, signal);
      await flushTree(staging);
      return { artifacts: [artifact], version: binary.version, sizeOnDisk, ...(via === undefined ? {} : { via }) };
    },

    async collect(binary, progress, signal) {
      const { artifact } = await fetchVerified(binary, progress, signal);
      return { version: binary.version, artifacts: [artifact], suites: [] };
    },
  };
}

function digestOf({ name, checksum }: ServiceBinary): [DigestAlgorithm, string] {
  const [, algorithm, digest = ''] = /^(sha256|sha512):([0-9a-f]+)$/.exec(checksum) ?? [];
  if (algorithm === 'sha256' || algorithm === 'sha512') return [algorithm, digest];
  throw new TypeError(`the manifest has no digest for ${name}`);
}

type HttpsSource = Extract<RuntimeSource, { type: 'https' }>;
type Archive = HttpsSource['archive'];

async function unpack(
  file: string,
  staging: string,
  archive: Archive,
  program: string,
  signal: AbortSignal,
): Promise<number> {
  switch (archive) {
    case 'tar.gz':
      return await unpackTar(file, staging, { strip: 0, compression: 'gzip', signal });
    case 'tar.xz':
      return await unpackTar(file, staging, { strip: 0, compression: 'xz', signal });
    case 'zip':
      return await unpackZip(file, staging, { signal });
    case 'file': {
      const target = join(staging, program);
      await mkdir(dirname(target), { recursive: true, mode: 0o755 });
      await copyFile(file, target);
      await chmod(target, 0o755);
      return (await stat(target)).size;
    }
  }
}
