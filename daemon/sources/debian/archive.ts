/** One release of Debian's archive: its signed indexes are fetched, kept, and asked what a runtime needs. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KojiboxError } from '../../../contract/errors.ts';
import { createSharedWork } from '../../../core/runtimes/shared-work.ts';
import type { Downloader } from '../download.ts';
import type { Addresses } from './addresses.ts';
import type { ArchiveProgram } from './archive-program.ts';
import { assertCurrent, untrusted } from './freshness.ts';
import type { ArchivePackage, ReleaseAnswer, StoredIndex } from './protocol.ts';

const LISTS_LAST_MS = 24 * 3600 * 1000;
/** The largest is 200 kB. */
const MAX_RELEASE_BYTES = 4_000_000;
const MAIN = 'main/binary-amd64/Packages';
const FORMS = [
  { suffix: '.xz', compression: 'xz' },
  { suffix: '.gz', compression: 'gzip' },
  { suffix: '', compression: 'none' },
] as const;

/** Parts of a release, and in which archive each is. */
const POCKETS = [
  { pocket: '', archive: 'debian' },
  { pocket: '-updates', archive: 'debian' },
  { pocket: '-security', archive: 'security' },
] as const;

/** A signed index on the disk. */
export interface SignedIndex {
  /** Root of the archive that it came from. */
  readonly root: string;
  /** `bookworm-security` */
  readonly release: string;
  readonly inRelease: string;
  readonly index: StoredIndex;
  /** Where it belongs, relative to the root. */
  readonly path: string;
}

const StateSchema = z.object({
  /** When it was fetched, and from which addresses. */
  fetchedAt: z.int(),
  from: z.string(),
  pockets: z.array(
    z.object({
      root: z.string(),
      release: z.string(),
      path: z.string(),
      validUntil: z.int().nullable(),
      compression: z.enum(['none', 'gzip', 'xz', 'zstd']),
      sha256: z.string(),
      sizeBytes: z.int(),
    }),
  ),
});
type State = z.output<typeof StateSchema>;
/** The newest date of each release that was ever believed: an older one is a replay. */
const SeenSchema = z.record(z.string(), z.int());

export interface ArchiveOptions {
  readonly program: ArchiveProgram;
  readonly downloader: Downloader;
  /** Of this release. */
  readonly folder: string;
  readonly suite: string;
  /** File with armored keys. */
  readonly keyring: string;
  addresses(): Promise<Addresses>;
  /** Whether an index past its date will do. */
  allowsExpired(): boolean;
  now(): number;
}

export interface Archive {
  /** Fetches the indexes when they are older than a day; calls at the same time share one fetch. */
  indexes(signal: AbortSignal): Promise<SignedIndex[]>;
  /** Rejects with DOWNLOAD_FAILED when the archive has not all of them. */
  resolve(
    wanted: { readonly packages: readonly string[]; readonly extra: readonly string[]; readonly portable: boolean },
    signal: AbortSignal,
  ): Promise<ArchivePackage[]>;
  /** Addresses of a package, the likeliest first. */
  urlsOf(item: ArchivePackage, signal: AbortSignal): Promise<string[]>;
}

export function createArchive(options: ArchiveOptions): Archive {
  const { program, suite, folder } = options;
  const stateFile = join(folder, 'state.json');
  const refreshing = createSharedWork<null, SignedIndex[]>();

  const refresh = async (signal: AbortSignal): Promise<SignedIndex[]> => {
    const addresses = await options.addresses();
    const from = JSON.stringify(addresses);
    const known = await readJson(stateFile, StateSchema);
    if (known !== null && (await isFresh(known, from))) return toIndexes(folder, known);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const results = await Promise.allSettled(
      POCKETS.map(({ pocket, archive }) => fetchPocket(options, `${suite}${pocket}`, addresses[archive], signal)),
    );
    signal.throwIfAborted();
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (failures.length > 0) throw mostTelling(failures);
    const pockets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const state: State = { fetchedAt: options.now(), from, pockets };
    await replaceFile(stateFile, JSON.stringify(state));
    return toIndexes(folder, state);
  };

  const isFresh = async (state: State, from: string): Promise<boolean> => {
    const age = options.now() - state.fetchedAt;
    if (state.from !== from || age < 0 || age > LISTS_LAST_MS) return false;
    const isCurrent = ({ validUntil }: { validUntil: number | null }): boolean =>
      validUntil === null || validUntil > options.now() || options.allowsExpired();
    if (!state.pockets.every(isCurrent)) return false;
    const files = toIndexes(folder, state).flatMap(({ inRelease, index }) => [inRelease, index.file]);
    const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
    return found.every((file) => file !== null);
  };

  const indexes = (signal: AbortSignal): Promise<SignedIndex[]> =>
    refreshing.join(suite, null, signal, (_callers, shared) => refresh(shared));

  return {
    indexes,

    async resolve({ packages, extra, portable }, signal) {
      const ask = async (): Promise<ArchivePackage[]> => {
        const found = await indexes(signal);
        return await program.ask(
          {
            ask: 'resolve',
            indexes: found.map(({ index }) => index),
            packages: [...packages],
            extra: [...extra],
            portable,
          },
          signal,
        );
      };
      try {
        return await ask();
      } catch (error) {
        // An index on this disk was altered: once more from the archive.
        if (!(error instanceof KojiboxError) || error.code !== 'DIGEST_MISMATCH') throw error;
        await rm(stateFile, { force: true });
        return await ask();
      }
    },

    async urlsOf(item, signal) {
      const home = (await indexes(signal))[item.index];
      if (home === undefined) throw new TypeError('a package of no index');
      const { debian, security } = await options.addresses();
      const others = home.release.endsWith('-security') ? security : debian;
      const path = item.path.split('/').map(encodeURIComponent).join('/');
      return [...new Set([home.root, ...others])].map((root) => `${root}/${path}`);
    },
  };
}

const toIndexes = (folder: string, { pockets }: State): SignedIndex[] =>
  pockets.map(({ root, release, path, compression, sha256, sizeBytes }) => ({
    root,
    release,
    path,
    inRelease: join(folder, release, 'InRelease'),
    index: { file: join(folder, release, `Packages-${sha256}`), sha256, compression, sizeBytes },
  }));

/** Asks one mirror after the other. What the first one with a signed answer says counts; an error is that of the most telling one. */
async function fetchPocket(
  options: ArchiveOptions,
  release: string,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<State['pockets'][number]> {
  const failures: unknown[] = [];
  if (roots.length === 0) {
    throw new KojiboxError('DOWNLOAD_FAILED', `cannot find a package archive for ${release}`, {
      detail: 'neither a mirror nor the system names one',
      source: 'runtime',
      remedy: 'Name one: koji mirror set debian ADDRESS',
    });
  }
  for (const root of roots) {
    try {
      return await fetchFrom(options, release, root, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KojiboxError)) throw error;
      failures.push(error);
    }
  }
  throw mostTelling(failures);
}

/** That a mirror cannot be trusted says more than that another one is not there. */
const mostTelling = (failures: readonly unknown[]): unknown =>
  failures.find((error) => error instanceof KojiboxError && error.code.startsWith('INDEX_')) ?? failures[0];

async function fetchFrom(
  { program, downloader, folder, keyring, ...options }: ArchiveOptions,
  release: string,
  root: string,
  signal: AbortSignal,
): Promise<State['pockets'][number]> {
  const place = join(folder, release);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const base = `${root}/dists/${release}`;
  const file = join(place, 'InRelease');
  const fresh = `${file}.new`;
  await writeFile(fresh, await downloader.read(`${base}/InRelease`, MAX_RELEASE_BYTES, signal));
  const said = await program.ask({ ask: 'release', file: fresh, keyring, now: options.now() }, signal);
  if (said.state !== 'good') throw untrusted(base, said);
  const seenFile = join(place, 'seen.json');
  const seen = await readJson(seenFile, SeenSchema);
  assertCurrent(base, release, said, {
    now: options.now(),
    newestSeen: seen?.[release] ?? 0,
    allowsExpired: options.allowsExpired(),
  });
  const form = formOf(base, said);
  const { sha256 } = form.packed;
  const path = `${release}/${form.packed.path}`;
  const byHash = said.byHash ? `${MAIN.slice(0, MAIN.lastIndexOf('/'))}/by-hash/SHA256/${sha256}` : form.packed.path;
  await downloader.fetch(`${base}/${byHash}`, join(place, `Packages-${sha256}`), {
    algorithm: 'sha256',
    digest: sha256,
    sizeBytes: form.packed.size,
    signedBy: 'index',
    signal,
    progress: () => undefined,
  });
  // Both are here and whole: only now they take the place of what was there.
  await rename(fresh, file);
  await replaceFile(seenFile, JSON.stringify({ [release]: said.date }));
  for (const name of await readdir(place))
    if (name.startsWith('Packages-') && name !== `Packages-${sha256}`) await rm(join(place, name), { force: true });
  const { compression } = form;
  return {
    root,
    release,
    path: `dists/${path}`,
    validUntil: said.validUntil,
    compression,
    sha256,
    sizeBytes: form.size,
  };
}

/** The packed index of packages that the release signs for. @param base for messages */
export function formOf(base: string, said: Extract<ReleaseAnswer, { state: 'good' }>) {
  const files = new Map(said.files.map((file) => [file.path, file]));
  const plain = files.get(MAIN);
  for (const { suffix, compression } of FORMS) {
    const packed = files.get(`${MAIN}${suffix}`);
    if (packed !== undefined && plain !== undefined) return { packed, compression, size: plain.size };
  }
  throw new KojiboxError('DOWNLOAD_FAILED', 'cannot read the index of the archive', {
    detail: `${base} has no index for this platform`,
    source: 'runtime',
  });
}

async function readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Value | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null; // Not there, or of another version: as if nothing had been fetched.
  }
}

async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
