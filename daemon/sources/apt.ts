/**
 * A private apt: its own state and cache, the system's sources and keys, no root, no change to the system.
 * Its status file is empty, so that what is needed does not depend on what happens to be installed.
 */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { KojiboxError } from '../../contract/errors.ts';
import { createSharedWork } from '../../core/runtimes/shared-work.ts';
import type { Processes, RunResult } from '../../core/system/processes.ts';
import type { Distribution } from '../system/distribution.ts';
import { parseIndexTargets, parseUriList, INDEX_FORMAT, type ArchiveIndex } from './apt-index.ts';
import { aptConfig, readKeyrings, readSources, throughMirror } from './apt-config.ts';

const LISTS_LAST_MS = 24 * 3600 * 1000;
/** The lists are some tens of megabytes. */
const LOCK_MS = 120_000;
const LOCK_LOOK_EVERY_MS = 1000;
const LOCKED = /Could not get lock/i;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** What apt and gpgv say when bytes or signatures are not what they should be. */
const UNTRUSTED = /Hash Sum mismatch|BADSIG|not signed|NO_PUBKEY|EXPKEYSIG|unauthenticated/i;

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly size: number;
  /** As apt names the file: the epoch's colon is written %3a. */
  readonly fileName: string;
}

/** All reject with RUNTIME_UNSUPPORTED where there is no apt or no Debian source, DOWNLOAD_FAILED, DIGEST_MISMATCH, or ENOSPC. */
export interface PrivateApt {
  /** Fetches the lists when they are older than a day; calls at the same time share one update. */
  update(signal: AbortSignal): Promise<void>;
  /** All packages that these need, themselves included, with the newest versions. */
  closure(packages: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Digests and sizes as the archive's signed index has them. */
  describe(packages: ReadonlyMap<string, string>, signal: AbortSignal): Promise<DebianPackage[]>;
  /** The signed indexes as they lie on the disk now. */
  indexes(signal: AbortSignal): Promise<ArchiveIndex[]>;
  /** Downloads into `folder`; apt checks each file against the signed index, but not one that is already there. */
  download(packages: readonly DebianPackage[], folder: string, signal: AbortSignal): Promise<void>;
}

export interface PrivateAptOptions {
  readonly processes: Processes;
  /** Folder of all private apts; each suite has its own in it. */
  readonly root: string;
  readonly suite: string;
  /** Of this system: its sources are the ones to be read. */
  readonly distribution: Distribution | null;
  /** Where the system's sources are; default `/etc/apt`. */
  readonly etc?: string;
  /** Address to fetch from in place of the archive's own; asked each time. */
  mirror?(): string | undefined;
  /** Copies of signed indexes, in place of the system's sources; keys are always the system's own. Nothing is fetched then. */
  readonly copies?: readonly IndexCopy[];
}

/** A release of an archive in a folder, with the indexes that its InRelease file signs for. */
export interface IndexCopy {
  /** `file:` address of the archive's root. */
  readonly url: string;
  readonly release: string;
  readonly components: readonly string[];
}

export function createPrivateApt(options: PrivateAptOptions): PrivateApt {
  const { processes, suite, etc = '/etc/apt' } = options;
  const root = join(options.root, suite);
  const configFile = join(root, 'apt.conf');
  const updating = createSharedWork<null, void>();
  /** Asked for again and again with the same words; holds as long as the lists do. */
  const closures = new Map<string, ReadonlyMap<string, string>>();

  const run = async (
    command: string,
    args: readonly string[],
    signal: AbortSignal,
    place: { readonly cwd?: string; readonly config?: string } = {},
  ): Promise<RunResult> => {
    const config = place.config ?? configFile;
    const env = { PATH, LC_ALL: 'C.UTF-8', HOME: root, ...(config === '' ? {} : { APT_CONFIG: config }), ...proxies() };
    const where = place.cwd === undefined ? {} : { cwd: place.cwd };
    const result = await processes.run(command, args, { env, signal, ...where }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new KojiboxError('RUNTIME_UNSUPPORTED', 'cannot use the Debian archive', {
        detail: `${command}: ${error instanceof Error ? error.message : String(error)}`,
        source: 'runtime',
        remedy: 'This runtime needs a system with apt (Debian or a relative).',
        cause: error,
      });
    });
    signal.throwIfAborted();
    if (result.exitCode === 0) return result;
    throw toError(result, suite);
  };

  const prepare = async (signal: AbortSignal): Promise<void> => {
    for (const folder of ['state/lists/partial', 'cache', 'parts', 'preferences.d', 'log']) {
      await mkdir(join(root, folder), { recursive: true, mode: 0o700 });
    }
    await writeFile(join(root, 'state/status'), '');
    await writeFile(
      configFile,
      aptConfig(root, (await run('apt-config', ['dump'], signal, { config: '' })).stdout, options.copies !== undefined),
    );
    const stanzas = await sources();
    if (stanzas.length === 0) {
      throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot find a package archive for ${suite}`, {
        detail: `no source in ${etc} names a release of ${options.distribution?.family === 'ubuntu' ? 'Ubuntu' : 'Debian'}`,
        source: 'runtime',
        remedy: 'Add the archive of your system to /etc/apt/sources.list.d.',
      });
    }
    await rm(join(root, 'parts'), { recursive: true });
    await mkdir(join(root, 'parts'), { mode: 0o700 });
    for (const [index, stanza] of stanzas.entries()) await writeFile(join(root, 'parts', `${index}.sources`), stanza);
  };

  const sources = async (): Promise<string[]> => {
    const own = await readSources(etc, suite, options.distribution);
    if (options.copies !== undefined) return copySources(options.copies, await readKeyrings(own));
    const mirror = options.mirror?.();
    return mirror === undefined ? own : throughMirror(own, mirror);
  };

  /** An apt-get that a killed daemon had started may still be at it, and holds the lock until it has ended. */
  const fetchLists = async (signal: AbortSignal): Promise<void> => {
    for (const deadline = Date.now() + LOCK_MS; ; await wait(LOCK_LOOK_EVERY_MS, undefined, { signal })) {
      try {
        await run('apt-get', ['-qq', '--error-on=any', 'update'], signal);
        return;
      } catch (error) {
        const isHeld = error instanceof KojiboxError && LOCKED.test(error.detail);
        if (!isHeld || Date.now() > deadline) throw error;
      }
    }
  };

  const update = async (signal: AbortSignal): Promise<void> => {
    const stamp = join(root, 'updated');
    const age = Date.now() - ((await stat(stamp).catch(() => null))?.mtimeMs ?? 0);
    const from = options.mirror?.() ?? '';
    const isSame = (await readFile(stamp, 'utf8').catch(() => null)) === from;
    if (isSame && age >= 0 && age < LISTS_LAST_MS) return;
    closures.clear();
    await prepare(signal);
    await fetchLists(signal);
    // Once here, not by each of several calls at the same time: it takes longer than what they ask.
    await run('apt-cache', ['gencaches'], signal);
    await writeFile(stamp, from);
  };

  return {
    update: (signal) => updating.join(suite, null, signal, (_callers, shared) => update(shared)),

    async closure(packages, signal) {
      const key = packages.join(' ');
      const known = closures.get(key);
      if (known !== undefined) return known;
      // The same answer as that of a simulation (-s), which tries the order of the installation too and takes three times as long.
      const { stdout } = await run(
        'apt-get',
        ['-qq', '--print-uris', 'install', '--no-install-recommends', ...packages],
        signal,
      );
      const found = parseUriList(stdout);
      closures.set(key, found);
      return found;
    },

    async describe(packages, signal) {
      const wanted = [...packages].map(([name, version]) => `${name}=${version}`);
      const { stdout } = await run('apt-cache', ['show', ...wanted], signal);
      const found = new Map<string, DebianPackage>();
      for (const record of stdout.split(/\n\n+/)) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
        const name = field('Package');
        const version = field('Version');
        if (packages.get(name) !== version || found.has(name)) continue;
        const fileName = `${name}_${version.replaceAll(':', '%3a')}_${field('Architecture')}.deb`;
        found.set(name, { name, version, sha256: field('SHA256'), size: Number(field('Size')), fileName });
      }
      const missing = [...packages.keys()].filter((name) => !/^[0-9a-f]{64}$/.test(found.get(name)?.sha256 ?? ''));
      if (missing.length > 0) {
        throw new KojiboxError('DOWNLOAD_FAILED', `cannot find packages in the archive (${suite})`, {
          detail: missing.join(', '),
          source: 'runtime',
        });
      }
      return [...found.values()];
    },

    async indexes(signal) {
      const { stdout } = await run(
        'apt-get',
        ['indextargets', '--format', INDEX_FORMAT, 'Created-By: Packages'],
        signal,
      );
      return parseIndexTargets(stdout);
    },

    async download(packages, folder, signal) {
      if (options.copies !== undefined) {
        throw new KojiboxError('DOWNLOAD_FAILED', `cannot find all packages of ${suite}`, {
          detail: `missing: ${packages.map(({ name }) => name).join(', ')}`,
          source: 'runtime',
        });
      }
      await mkdir(folder, { recursive: true });
      const wanted = packages.map(({ name, version }) => `${name}=${version}`);
      await run('apt-get', ['-q', 'download', ...wanted], signal, { cwd: folder });
    },
  };
}

function toError({ stdout, stderr }: RunResult, suite: string): Error {
  const text = stderr.trim() || stdout.trim();
  if (/No space left on device|free space/i.test(text)) {
    return Object.assign(new Error(text.split('\n').at(-1)), { code: 'ENOSPC' });
  }
  const lines = text.split('\n').filter((line) => /^[EW]:/.test(line));
  return new KojiboxError(
    UNTRUSTED.test(text) ? 'DIGEST_MISMATCH' : 'DOWNLOAD_FAILED',
    `cannot fetch from the archive (${suite})`,
    { detail: lines.slice(0, 3).join(' ') || text.slice(-300), source: 'runtime' },
  );
}

const copySources = (copies: readonly IndexCopy[], keyrings: readonly string[]): string[] =>
  copies.map(
    ({ url, release, components }) =>
      `Types: deb\nURIs: ${url}\nSuites: ${release}\nComponents: ${components.join(' ')}\n${keyrings.length === 0 ? '' : `Signed-By: ${keyrings.join(' ')}\n`}`,
  );

/** apt takes them from the environment, in lower case; see apt-transport-http(1). */
const proxies = (): Record<string, string> =>
  Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => {
      const value = process.env[name] ?? process.env[name.toUpperCase()];
      return value === undefined ? [] : [[name, value]];
    }),
  );
