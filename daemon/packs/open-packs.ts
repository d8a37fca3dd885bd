/** Joins the parts of packs and mirrors. */
import { hostname } from 'node:os';
import { ownAccount } from '../system/own-account.ts';
import type { Mirrors } from '../../contract/mirror.ts';
import { openJsonStore } from '../../core/config/json-store.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { createPackKeys, PackKeysSchema, type PackKeys } from '../../core/packs/pack-keys.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { System } from '../../core/system/system.ts';
import type { DebianSource } from '../sources/debian.ts';
import type { InstallPackOptions } from './install-pack.ts';
import { createMirrorSettings, type MirrorSettings } from './mirrors.ts';
import { createPacks, type Packs } from './packs.ts';
import { createUploads, type Uploads } from './uploads.ts';

export interface PackFeatures {
  readonly packs: Packs;
  readonly keys: PackKeys;
  readonly uploads: Uploads;
  readonly mirrors: MirrorSettings;
}

export async function openPacks(options: {
  readonly system: System;
  readonly kojibox: Kojibox;
  readonly sources: readonly RuntimeSourceDriver[];
  readonly debian: DebianSource;
  readonly archive: InstallPackOptions['archive'];
  /** Of Kojibox. */
  readonly version: string;
  installed(): void;
}): Promise<PackFeatures> {
  const { system, kojibox, sources, debian, archive } = options;
  const { layout, runtimes, changes } = kojibox;
  const { os, arch } = system.host;
  const keys = createPackKeys({
    files: system.files,
    clock: system.clock,
    keyFile: layout.packKey,
    name: `${ownAccount().username}@${hostname()}`,
    store: await openJsonStore({
      files: system.files,
      path: layout.packKeys,
      schema: PackKeysSchema,
      schemaVersion: 1,
      fallback: [],
      notice: (text) => kojibox.notice(text),
      now: () => system.clock.now(),
    }),
  });
  const uploads = createUploads({
    folder: layout.temp,
    what: 'pack',
    name: ['install-upload-', '.kojipack'],
    instead: 'koji pack install FILE',
    freeBytes: (path) => system.files.freeBytes(path),
  });
  const packs = createPacks({
    system,
    layout,
    runtimes,
    changes,
    keys,
    uploads,
    archive,
    sources,
    version: options.version,
    indexes: (suite, signal) => debian.signedIndexes(suite, signal),
    installed: () => options.installed(),
    keepExtensions: (series, names) => kojibox.phpSettings.keep(series, names),
    defaultChoice: () => defaultChoice(kojibox),
  });
  const mirrors = createMirrorSettings({
    get: () => kojibox.stores.app.get().mirrors,
    save: async (value: Mirrors) => {
      await kojibox.stores.app.update((before) => ({ ...before, mirrors: value }));
    },
    manifest: () => runtimes.manifest(),
    os,
    arch,
  });
  return { packs, keys, uploads, mirrors };
}

/** What is installed, what the services run, and what projects ask for. */
function defaultChoice({ runtimes, supervisor, projects }: Kojibox): string[] {
  const installed = runtimes
    .list(new Map())
    .filter(({ installed: entry, source }) => entry !== null && source !== 'system')
    .map(({ name, series }) => `${name}@${series}`);
  const services = supervisor
    .states()
    .flatMap(({ runtime }) => (runtime === null ? [] : [`${runtime}@${runtimes.defaultSeries(runtime)}`]));
  const asked = projects
    .list()
    .flatMap(({ overrides: { PHP_VERSION, NODE_VERSION } }) => [
      ...(PHP_VERSION === undefined ? [] : [`php@${PHP_VERSION}`]),
      ...(NODE_VERSION === undefined ? [] : [`node@${NODE_VERSION}`]),
    ]);
  return [...new Set([...installed, ...services, ...asked])];
}
