/** One install: room checked, fetched and unpacked aside, link-checked, moved into place, recorded. */
import { randomBytes } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { InstalledRuntime } from '../../contract/runtimes.ts';
import type { JsonStore } from '../config/json-store.ts';
import { runtimeFolder, type Layout } from '../layout.ts';
import { timestamp } from '../system/clock.ts';
import type { System } from '../system/system.ts';
import type { ExtendedBinary } from '../php/extension-packages.ts';
import { compareText } from '../compare-text.ts';
import { digestOf, withoutEntry, type Lock } from './lock.ts';
import type { InstallProgress, RuntimeSourceDriver } from './source.ts';

/** Room for an entry that does not say its size on disk, as a multiple of what is fetched: PHP's 42 MB become 148. */
const UNPACKED_RATIO = 4;
/** An archive lies on disk as a plain tar while it is unpacked. */
const SCRATCH_BYTES = 50_000_000;

/** `binPath` is `runtime/bin/<name>/<version>/<os>-<arch>/…`. */
const TREE_DEPTH = 5;

/** Names of half-made things in `runtime/temp`. */
const LEFTOVERS = /^(install|remove|php-check)-/;

export interface InstallOptions {
  readonly system: System;
  readonly layout: Layout;
  readonly sources: readonly RuntimeSourceDriver[];
  readonly lock: JsonStore<Lock>;
  /** Checks that every program of the tree finds its libraries. Rejects with LINK_CHECK_FAILED. */
  linkCheck(tree: string, executables: readonly string[]): Promise<void>;
  /** Writes what a runtime needs beside its own files, before it is activated. */
  readonly finish: ReadonlyMap<string, (staging: string, finalPath: string, binary: ServiceBinary) => Promise<void>>;
}

/** What is done with a tree that takes the place of another, before that one is removed. */
export interface Replacing {
  /** Rejects when the new tree does not work; then the former one is back. */
  prove(tree: string): Promise<void>;
}

/** What alone will do; of a pin only the version is known, of a lock file the digest too. */
export interface ExpectedBytes {
  readonly version: string;
  readonly digest?: string;
  /** Of PHP: what is added to it. */
  readonly extensions?: readonly string[];
}

export const seriesOf = (binary: ServiceBinary): string => binary.series ?? binary.version;

/**
 * Installs what the manifest's entry says, whether or not it is there.
 * A process that is killed at any step leaves only things in `runtime/temp` and whole downloads; see {@link clearLeftovers}.
 * Rejects with a KojiboxError: DOWNLOAD_FAILED, DIGEST_MISMATCH, ARCHIVE_UNSAFE, LINK_CHECK_FAILED, DISK_FULL, CANCELLED, RUNTIME_UNSUPPORTED.
 */
export async function install(
  options: InstallOptions,
  binary: ExtendedBinary,
  progress: InstallProgress,
  signal: AbortSignal,
  expected?: ExpectedBytes,
  replacing?: Replacing,
): Promise<InstalledRuntime> {
  const { system, layout, lock } = options;
  const { os, arch } = system.host;
  const source = options.sources.find(({ type }) => type === binary.source?.type);
  if (source === undefined) {
    throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot install ${binary.name} here`, {
      detail: `no way to fetch from "${binary.source?.type ?? 'nowhere'}"`,
      source: 'runtime',
    });
  }
  await assertSpace(options, binary);
  const staging = join(layout.temp, `install-${binary.name}-${randomBytes(4).toString('hex')}`);
  const finalPath = (version: string): string => {
    // Told as soon as it is known, before anything is fetched where the source says it that early.
    if (expected !== undefined && version !== expected.version) throw otherVersion(binary, expected.version, version);
    return runtimeFolder(layout, binary.name, version, os, arch);
  };
  try {
    // Group and others may pass: when root installs, another user runs the programs.
    await system.files.makeDirectory(staging, { mode: 0o755 });
    progress.step('resolve');
    const staged = await source.stage(binary, { staging, finalPath }, progress, signal);
    const target = finalPath(staged.version);
    if (expected?.digest !== undefined && digestOf(staged.artifacts) !== expected.digest)
      throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot install ${binary.name} ${expected.version} as locked`, {
        detail: `its source has other bytes: ${digestOf(staged.artifacts)} in place of ${expected.digest}`,
        source: 'runtime',
        remedy: 'Nothing was installed. Write a new lock: koji runtime lock PROJECT.',
      });
    await options.finish.get(binary.name)?.(staging, target, binary);
    progress.step('link-check');
    await options.linkCheck(staging, programsOf(binary));
    signal.throwIfAborted();

    progress.step('activate');
    await system.files.makeDirectory(dirname(target));
    const former = await exchange(options, staging, target);
    const entry: InstalledRuntime = {
      name: binary.name,
      version: staged.version,
      series: seriesOf(binary),
      os,
      arch,
      path: relative(layout.home, target),
      digest: digestOf(staged.artifacts),
      artifacts: staged.artifacts
        .map(({ file, size, digest, version }) => ({ file: relative(layout.home, file), size, digest, version }))
        .sort((a, b) => compareText(a.file, b.file)),
      source: source.type,
      ...(staged.via === undefined ? {} : { via: staged.via }),
      ...(binary.extensions === undefined ? {} : { extensions: [...binary.extensions] }),
      sizeOnDisk: staged.sizeOnDisk,
      installedAt: timestamp(system.clock),
    };
    try {
      await replacing?.prove(target);
      await lock.update((entries) => [...withoutEntry(entries, entry), entry]);
    } catch (error) {
      // A tree without its entry would count as missing, and a former one with the entry of another as something else.
      await system.files.rename(target, staging);
      if (former !== null) await system.files.rename(former, target);
      throw error;
    }
    if (former !== null) await system.files.remove(former);
    return entry;
  } catch (error) {
    await system.files.remove(staging).catch((failure: unknown) => {
      system.log.warn('a half-made install stays until the next start', { staging, error: String(failure) });
    });
    throw toInstallError(error, binary, signal);
  }
}

/**
 * Puts a tree in its place by renames: programs that run keep what they have open, and none ever sees half of a tree.
 *
 * @returns where the one lies that was there; null: there was none
 */
async function exchange(
  { system, layout }: Pick<InstallOptions, 'system' | 'layout'>,
  staging: string,
  target: string,
): Promise<string | null> {
  const isThere = (await system.files.stat(target)) !== null;
  const former = join(layout.temp, `remove-${randomBytes(4).toString('hex')}`);
  if (isThere) await system.files.rename(target, former);
  try {
    await system.files.rename(staging, target);
  } catch (error) {
    if (isThere) await system.files.rename(former, target);
    throw error;
  }
  return isThere ? former : null;
}

/** Empties `runtime/temp` of what an install or a removal left that was killed. For the start, before anything installs. */
export async function clearLeftovers({ system, layout }: Pick<InstallOptions, 'system' | 'layout'>): Promise<void> {
  for (const name of await system.files.list(layout.temp)) {
    if (!LEFTOVERS.test(name)) continue;
    system.log.info('removing what was left half done', { name });
    await system.files.remove(join(layout.temp, name));
  }
}

/** Programs of the tree, relative to it. Tools in a script language have none; other systems' programs are not read here. */
function programsOf(binary: ServiceBinary): readonly string[] {
  if (binary.source?.type === 'debian') return binary.source.executables;
  if (binary.source?.type !== 'npm' || binary.os !== 'linux') return [];
  return [binary.binPath.split('/').slice(TREE_DEPTH).join('/')];
}

const otherVersion = (binary: ServiceBinary, wanted: string, found: string): KojiboxError =>
  new KojiboxError('RUNTIME_UNSUPPORTED', `cannot install ${binary.name} ${wanted}`, {
    detail: `its source has ${found} of ${binary.name} ${seriesOf(binary)}, and no other version any more`,
    source: 'runtime',
    remedy: `Take what there is: koji runtime unpin ${binary.name} ${seriesOf(binary)}, or write a new lock: koji runtime lock PROJECT`,
  });

async function assertSpace({ system, layout }: InstallOptions, binary: ServiceBinary): Promise<void> {
  const needed = binary.size + (binary.sizeOnDisk ?? binary.size * UNPACKED_RATIO) + SCRATCH_BYTES;
  const free = await system.files.freeBytes(layout.home);
  if (free >= needed) return;
  throw new KojiboxError('DISK_FULL', `cannot install ${binary.name} ${seriesOf(binary)}`, {
    detail: `${layout.home} has ${megabytes(free)} free; ${megabytes(needed)} are needed`,
    source: 'runtime',
  });
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Errors of the system that have a meaning here. */
function toInstallError(error: unknown, binary: ServiceBinary, signal: AbortSignal): unknown {
  if (error instanceof KojiboxError) return error;
  const what = `cannot install ${binary.name} ${seriesOf(binary)}`;
  if (signal.aborted) {
    return new KojiboxError('CANCELLED', what, {
      detail: 'it was cancelled; nothing was left half done',
      source: 'runtime',
      cause: error,
    });
  }
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const detail = error instanceof Error ? error.message : 'no space left';
    return new KojiboxError('DISK_FULL', what, { detail, source: 'runtime', cause: error });
  }
  return error;
}
