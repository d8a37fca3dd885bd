/** Installed and installable runtimes: resolve, fetch, verify, stage, check, activate, record. */
import { randomBytes } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeManifest, ServiceBinary } from '../../contract/manifest.ts';
import type { InstalledRuntime, RuntimeListEntry } from '../../contract/runtimes.ts';
import type { JsonStore } from '../config/json-store.ts';
import { runtimeFolder, type Layout } from '../layout.ts';
import { timestamp } from '../system/clock.ts';
import type { System } from '../system/system.ts';
import { digestOf, isEntryOf, type Lock } from './lock.ts';
import type { InstallProgress, RuntimeSourceDriver } from './source.ts';

/** Room that unpacking needs, as a multiple of what is fetched: PHP's 42 MB become 148. */
const UNPACKED_RATIO = 5;

export interface Runtimes {
  manifest(): RuntimeManifest;
  /** @param usedBy services by `<name> <series>` */
  list(usedBy: ReadonlyMap<string, string[]>): RuntimeListEntry[];
  /** The manifest's entry for this machine; without a version the default one. Throws RUNTIME_UNSUPPORTED. */
  resolve(name: string, version?: string): ServiceBinary;
  defaultSeries(name: string): string;
  installed(name: string, version?: string): InstalledRuntime | null;
  /** Installs when it is not there. Calls for the same runtime share one install. */
  ensure(
    name: string,
    version: string | undefined,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<InstalledRuntime>;
  remove(name: string, version: string): Promise<void>;
  treePath(installed: InstalledRuntime): string;
}

export interface RuntimesOptions {
  readonly system: System;
  readonly layout: Layout;
  readonly manifest: () => RuntimeManifest;
  readonly sources: readonly RuntimeSourceDriver[];
  readonly lock: JsonStore<Lock>;
  /** Checks that every program of the tree finds its libraries. Rejects with LINK_CHECK_FAILED. */
  linkCheck(tree: string, executables: readonly string[]): Promise<void>;
  /** Writes what a runtime needs beside its own files, before it is activated. */
  readonly finish: ReadonlyMap<string, (staging: string, finalPath: string, binary: ServiceBinary) => Promise<void>>;
}

export function createRuntimes(options: RuntimesOptions): Runtimes {
  const { system, layout, lock } = options;
  const { os, arch } = system.host;
  const installing = new Map<string, Promise<InstalledRuntime>>();

  const here = (): ServiceBinary[] =>
    options.manifest().services.filter((binary) => binary.os === os && binary.arch === arch);
  const seriesOf = (binary: ServiceBinary): string => binary.series ?? binary.version;

  const resolve: Runtimes['resolve'] = (name, version) => {
    const candidates = here().filter((binary) => binary.name === name);
    const found =
      version === undefined
        ? (candidates.find(({ isDefault }) => isDefault === true) ?? candidates[0])
        : candidates.find(
            (binary) =>
              seriesOf(binary) === version ||
              binary.version === version ||
              installed(name, version)?.series === seriesOf(binary),
          );
    if (found !== undefined) return found;
    const known = candidates.map(seriesOf).join(', ');
    throw new KojiboxError(
      'RUNTIME_UNSUPPORTED',
      `cannot install ${name}${version === undefined ? '' : ` ${version}`} on ${os}-${arch}`,
      {
        detail: known === '' ? `the manifest has no ${name} for this platform` : `there is ${name} ${known}`,
        source: 'runtime',
      },
    );
  };

  const installed: Runtimes['installed'] = (name, version) =>
    lock
      .get()
      .find(
        isEntryOf(
          name,
          version ?? here().find((binary) => binary.name === name && binary.isDefault === true)?.series ?? '',
        ),
      ) ?? null;

  const treePath: Runtimes['treePath'] = ({ path }) => join(layout.home, path);

  const install = async (
    binary: ServiceBinary,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<InstalledRuntime> => {
    const source = options.sources.find(({ type }) => type === binary.source?.type);
    if (source === undefined)
      throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot install ${binary.name} here`, {
        detail: `no way to fetch from "${binary.source?.type ?? 'nowhere'}"`,
        source: 'runtime',
      });
    await assertSpace(binary);
    const staging = join(layout.temp, `install-${binary.name}-${randomBytes(4).toString('hex')}`);
    const finalPath = (version: string): string => runtimeFolder(layout, binary.name, version, os, arch);
    try {
      await system.files.makeDirectory(staging, { mode: 0o755 });
      progress.step('resolve');
      const staged = await source.stage(binary, { staging, finalPath }, progress, signal);
      const target = finalPath(staged.version);
      await options.finish.get(binary.name)?.(staging, target, binary);
      progress.step('link-check');
      const executables = binary.source?.type === 'debian' ? binary.source.executables : [];
      await options.linkCheck(staging, executables);
      signal.throwIfAborted();
      progress.step('activate');
      await system.files.makeDirectory(dirname(target));
      await system.files.remove(target); // An activation that was killed before the lock was written.
      await system.files.rename(staging, target);
      const entry: InstalledRuntime = {
        name: binary.name,
        version: staged.version,
        series: seriesOf(binary),
        os,
        arch,
        path: relative(layout.home, target),
        digest: digestOf(staged.artifacts),
        artifacts: staged.artifacts.map(({ file, size, digest, version }) => ({
          file: relative(layout.home, file),
          size,
          digest,
          version,
        })),
        source: binary.source?.type ?? '',
        sizeOnDisk: staged.sizeOnDisk,
        installedAt: timestamp(system.clock),
      };
      await lock.update((entries) => [
        ...entries.filter((other) => !(other.name === entry.name && other.version === entry.version)),
        entry,
      ]);
      return entry;
    } catch (error) {
      await system.files.remove(staging);
      throw toInstallError(error, binary);
    }
  };

  const assertSpace = async (binary: ServiceBinary): Promise<void> => {
    const needed = binary.size * (1 + UNPACKED_RATIO);
    const free = await system.files.freeBytes(layout.home);
    if (free >= needed) return;
    throw new KojiboxError('DISK_FULL', `cannot install ${binary.name} ${seriesOf(binary)}`, {
      detail: `${layout.home} has ${megabytes(free)} free; ${megabytes(needed)} are needed`,
      source: 'runtime',
    });
  };

  return {
    manifest: options.manifest,
    resolve,
    installed,
    treePath,
    defaultSeries: (name) => seriesOf(resolve(name)),

    list: (usedBy) =>
      here().map((binary) => {
        const entry = installed(binary.name, seriesOf(binary));
        return {
          name: binary.name,
          series: seriesOf(binary),
          version: entry?.version ?? binary.version,
          kind: binary.kind ?? 'service',
          source: binary.source?.type ?? '',
          size: binary.size,
          installed: entry,
          usedBy: usedBy.get(`${binary.name} ${seriesOf(binary)}`) ?? [],
          isDefault: binary.isDefault ?? false,
          untested: binary.untested ?? false,
        };
      }),

    async ensure(name, version, progress, signal) {
      const binary = resolve(name, version);
      const known = installed(name, version ?? seriesOf(binary));
      if (known !== null && (await system.files.stat(treePath(known))) !== null) return known;
      const key = `${name} ${seriesOf(binary)}`;
      const running = installing.get(key);
      if (running !== undefined) return running;
      const started = install(binary, progress, signal).finally(() => installing.delete(key));
      installing.set(key, started);
      return started;
    },

    async remove(name, version) {
      const entry = installed(name, version);
      if (entry === null) {
        throw new KojiboxError('RUNTIME_MISSING', `cannot remove ${name} ${version}`, {
          detail: 'it is not installed',
          source: 'runtime',
          remedy: 'See `koji runtime list`.',
        });
      }
      // Forgotten first: a remove that is cut short leaves files nobody uses, never an entry without files.
      await lock.update((entries) =>
        entries.filter((other) => other !== entry && !(other.name === entry.name && other.version === entry.version)),
      );
      const doomed = join(layout.temp, `remove-${randomBytes(4).toString('hex')}`);
      await system.files.rename(treePath(entry), doomed);
      await system.files.remove(doomed);
    },
  };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Errors of the system that have a meaning here. */
function toInstallError(error: unknown, binary: ServiceBinary): unknown {
  if (error instanceof KojiboxError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KojiboxError('DISK_FULL', `cannot install ${binary.name}`, {
      detail: error instanceof Error ? error.message : 'no space left',
      source: 'runtime',
      cause: error,
    });
  }
  return error;
}
