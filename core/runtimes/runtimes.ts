/** Installed and installable runtimes: which there are, which are here, and how one gets here or goes. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeManifest, ServiceBinary } from '../../contract/manifest.ts';
import type { InstalledRuntime, RuntimeChoices, RuntimeListEntry } from '../../contract/runtimes.ts';
import { withExtensions, type ExtendedBinary } from '../php/extension-packages.ts';
import {
  clearLeftovers,
  install,
  seriesOf,
  type ExpectedBytes,
  type InstallOptions,
  type Replacing,
} from './install.ts';
import { findInstalled, withoutEntry } from './lock.ts';
import { createSharedWork } from './shared-work.ts';
import type { InstallProgress, RuntimeSourceDriver } from './source.ts';

export interface Runtimes {
  /** Throws MANIFEST_* when it cannot be trusted. */
  manifest(): RuntimeManifest;
  /** @param usedBy services by `<name> <series>` */
  list(usedBy: ReadonlyMap<string, string[]>): RuntimeListEntry[];
  /** The manifest's entry for this machine; without a version the default one. Throws RUNTIME_UNSUPPORTED. */
  resolve(name: string, version?: string): ExtendedBinary;
  defaultSeries(name: string): string;
  installed(name: string, version?: string): InstalledRuntime | null;
  /** Installs when it is not there. Calls for the same runtime share one install. */
  ensure(
    name: string,
    version: string | undefined,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<InstalledRuntime>;
  /** Installs exactly these bytes. Rejects with RUNTIME_UNSUPPORTED when the source has others, and as an install does. */
  installExactly(
    name: string,
    expected: ExpectedBytes & { readonly series: string },
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<InstalledRuntime>;
  /** Installs from other sources, over what is there of the same version. Joins an install of the same runtime that is under way. */
  installFrom(
    sources: readonly RuntimeSourceDriver[],
    binary: ServiceBinary,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<InstalledRuntime>;
  /** Installs PHP once more, with these extensions, in place of what is there. Rejects as an install and as `prove` does; then that is as it was. */
  extend(
    series: string,
    extensions: readonly string[],
    replacing: Replacing,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<InstalledRuntime>;
  /** Bytes that `extend` would fetch now; null when the source does not say. Rejects as an install. */
  extensionBytes(series: string, extensions: readonly string[], signal: AbortSignal): Promise<number | null>;
  /** Its data folders stay. Rejects with RUNTIME_MISSING. Whether a service runs it is for the caller to know. */
  remove(name: string, version: string): Promise<void>;
  treePath(installed: InstalledRuntime): string;
  /** Empties `runtime/temp`; for the start, before anything installs. */
  cleanTemp(): Promise<void>;
}

export interface RuntimesOptions extends InstallOptions {
  readonly manifest: () => RuntimeManifest;
  /** Of this machine; none when left out. */
  readonly choices?: () => RuntimeChoices;
  /** What was added to a series of PHP on this machine; nothing when left out. */
  readonly extensionsOf?: (series: string) => readonly string[];
}

export function createRuntimes(options: RuntimesOptions): Runtimes {
  const { system, layout, lock } = options;
  const { os, arch } = system.host;
  const installing = createSharedWork<InstallProgress, InstalledRuntime>();

  const here = (): ExtendedBinary[] =>
    options
      .manifest()
      .services.filter(
        (binary) =>
          binary.os === os &&
          binary.arch === arch &&
          // Debian's own archive serves every Linux; entries for another one are of former lists.
          (binary.source?.type !== 'debian' || (binary.source.distribution ?? 'debian') === 'debian'),
      )
      .map((binary) => withExtensions(binary, options.extensionsOf?.(seriesOf(binary)) ?? []));

  const choices = (): RuntimeChoices => options.choices?.() ?? { defaults: {}, pins: {} };
  /** The chosen one, where the manifest still has it. */
  const isDefault = (binary: ServiceBinary): boolean => {
    const chosen = choices().defaults[binary.name];
    const known = here().some(({ name, series }) => name === binary.name && series === chosen);
    return known ? binary.series === chosen : binary.isDefault === true;
  };

  const installed: Runtimes['installed'] = (name, version) => {
    const wanted = version ?? here().find((binary) => binary.name === name && isDefault(binary))?.series;
    return wanted === undefined ? null : findInstalled(lock.get(), name, choices().pins[`${name} ${wanted}`] ?? wanted);
  };

  const resolve: Runtimes['resolve'] = (name, version) => {
    const candidates = here().filter((binary) => binary.name === name);
    const found =
      version === undefined
        ? (candidates.find(isDefault) ?? candidates[0])
        : candidates.find(
            (binary) =>
              seriesOf(binary) === version ||
              binary.version === version ||
              installed(name, version)?.series === seriesOf(binary),
          );
    if (found !== undefined) return found;
    const known = candidates.map(seriesOf).join(', ');
    const wanted = version === undefined ? name : `${name} ${version}`;
    throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot install ${wanted} on ${os}-${arch}`, {
      detail: known === '' ? `the manifest has no ${name} for this platform` : `there is ${name} ${known}`,
      source: 'runtime',
    });
  };

  const treePath: Runtimes['treePath'] = ({ path }) => join(layout.home, path);

  return {
    manifest: options.manifest,
    resolve,
    installed,
    treePath,
    defaultSeries: (name) => seriesOf(resolve(name)),

    list: (usedBy) =>
      here().map((binary) => {
        const series = seriesOf(binary);
        const entry = installed(binary.name, series);
        return {
          name: binary.name,
          series,
          version: entry?.version ?? binary.version,
          kind: binary.kind ?? 'service',
          source: binary.source?.type ?? '',
          size: binary.size,
          installed: entry,
          usedBy: usedBy.get(`${binary.name} ${series}`) ?? [],
          isDefault: isDefault(binary),
          pinned: choices().pins[`${binary.name} ${series}`] ?? null,
          untested: binary.untested ?? false,
        };
      }),

    async ensure(name, version, progress, signal) {
      const binary = resolve(name, version);
      const known = installed(name, version ?? seriesOf(binary));
      if (known !== null && (await system.files.stat(treePath(known))) !== null) return known;
      const pinned = choices().pins[`${name} ${seriesOf(binary)}`];
      return installing.join(`${name} ${seriesOf(binary)}`, progress, signal, (observers, shared) =>
        install(options, binary, toAll(observers), shared, pinned === undefined ? undefined : { version: pinned }),
      );
    },

    async installExactly(name, { series, ...expected }, progress, signal) {
      const binary = withExtensions(resolve(name, series), expected.extensions ?? []);
      return installing.join(`${name} ${series} ${expected.version}`, progress, signal, (observers, shared) =>
        install(options, binary, toAll(observers), shared, expected),
      );
    },

    installFrom: (sources, binary, progress, signal) =>
      installing.join(`${binary.name} ${seriesOf(binary)}`, progress, signal, (observers, shared) =>
        install({ ...options, sources }, binary, toAll(observers), shared),
      ),

    extend: (series, extensions, replacing, progress, signal) =>
      installing.join(`php ${series} ${[...extensions].sort().join(' ')}`, progress, signal, (observers, shared) => {
        const binary = withExtensions(resolve('php', series), extensions);
        return install(options, binary, toAll(observers), shared, undefined, replacing);
      }),

    async extensionBytes(series, extensions, signal) {
      const binary = withExtensions(resolve('php', series), extensions);
      const source = options.sources.find(({ type }) => type === binary.source?.type);
      return (await source?.bytesToFetch?.(binary, signal)) ?? null;
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
      // Forgotten first: a remove that is cut short leaves files no one uses, never an entry without files.
      await lock.update((entries) => withoutEntry(entries, entry));
      if ((await system.files.stat(treePath(entry))) === null) return;
      const doomed = join(layout.temp, `remove-${randomBytes(4).toString('hex')}`);
      await system.files.rename(treePath(entry), doomed);
      await system.files.remove(doomed);
    },

    cleanTemp: () => clearLeftovers(options),
  };
}

/** One that tells all who wait for the same install. */
function toAll(observers: Iterable<InstallProgress>): InstallProgress {
  return {
    step(step, detail) {
      for (const observer of observers) observer.step(step, detail);
    },
    bytes(done, total) {
      for (const observer of observers) observer.bytes(done, total);
    },
  };
}
