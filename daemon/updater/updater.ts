/** Asking the update feed, and beginning an update. What the feed says counts only after its signature was checked against the keys of this build. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { KojiboxError } from '../../contract/errors.ts';
import type { UpdateFeed } from '../../contract/update-feed.ts';
import type { UpdateCheck, UpdateHandover, UpdateStatus } from '../../contract/updater.ts';
import type { JsonStore } from '../../core/config/json-store.ts';
import { timestamp } from '../../core/system/clock.ts';
import type { System } from '../../core/system/system.ts';
import {
  assertNotReplayed,
  compareVersions,
  newestRelease,
  openFeed,
  releaseOf,
  type Feed,
  type Machine,
  type Release,
} from '../../core/updater/feed.ts';
import { versionFolder, type InstallLayout } from '../../core/updater/install-layout.ts';
import type { Seen } from '../../core/updater/seen.ts';
import { fetchText, resolveUrl } from './feed-source.ts';
import { canChange, installerEnding, type InstalledAs } from './installation.ts';
import { readJournal, readRecord } from './journal-files.ts';
import type { ManifestSource } from './runtime-manifest.ts';
import { refuseInstallation } from './unsupported.ts';
import type { UpdateWork } from './update-work.ts';

export interface Updater {
  /** Publishes update:available when there is a newer version. */
  check(): Promise<UpdateCheck>;
  /** Takes over a newer list of runtimes. */
  applyManifest(): Promise<{ changed: boolean; createdAt: string }>;
  handover(): Promise<UpdateHandover | null>;
  status(): Omit<UpdateStatus, 'checks'>;
  /**
   * Begins the update as a change; without a version the newest one. Rejects before anything was done: NOT_FOUND, UPDATE_UNSUPPORTED,
   * UPDATE_DOWNGRADE, UPDATE_RUNNING, PERMISSION_DENIED, or what reading the feed rejects with.
   */
  apply(wanted: { readonly version?: string | undefined; readonly allowDowngrade: boolean }): Promise<void>;
  /** Begins the way back to the version before. Rejects with NOT_FOUND when there is none. */
  rollback(): Promise<void>;
}

export interface UpdaterOptions {
  readonly system: System;
  readonly current: string;
  readonly installed: InstalledAs;
  feed(): UpdateFeed;
  readonly seen: JsonStore<Seen>;
  readonly manifest: ManifestSource;
  readonly work: UpdateWork;
  /** PEM public keys. */
  keys(): readonly string[];
  channel(): 'stable' | 'beta';
  available(version: string): void;
  handedOver(handover: UpdateHandover): void;
  manifestChanged(): void;
}

const NO_FEED = 'no update feed is set (koji update feed URL)';

export function createUpdater(options: UpdaterOptions): Updater {
  const { current, installed, system } = options;
  const feedAddress = (): string | null => options.feed().address;
  const machine: Machine = {
    os: system.host.os,
    arch: system.host.arch,
    ...(installed.kind === 'app'
      ? { package: 'app', ending: installerEnding(installed.root, system.host) }
      : { package: 'headless' }),
  };
  const platform = `${machine.os}-${machine.arch}`;

  const open = async (feed: string): Promise<Feed> => {
    const opened = openFeed(await fetchText(feed, 'the update feed'), options.keys());
    assertNotReplayed(opened, options.seen.get().feeds[feed] ?? null);
    if (options.seen.get().feeds[feed] !== opened.createdAt)
      await options.seen.update((seen) => ({ ...seen, feeds: { ...seen.feeds, [feed]: opened.createdAt } }));
    return opened;
  };

  /** Kept for `update status`, and so that no one is asked twice a day. */
  const noteCheck = async (error: unknown): Promise<void> => {
    const at = timestamp(system.clock);
    const lastCheck = { at, error: error instanceof KojiboxError ? error.toBody(at) : null };
    await options.seen
      .update((seen) => ({ ...seen, lastCheck }))
      .catch((cause: unknown) => system.log.warn('cannot note the look for updates', { error: String(cause) }));
  };

  const failedBuilds = (): ReturnType<typeof readRecord>['failed'] =>
    installed.install === null ? [] : readRecord(installed.install).failed;
  const isSkipped = (release: Release): boolean =>
    failedBuilds().some(
      ({ version, sha256 }) => version === release.version && (sha256 === null || sha256 === release.sha256),
    );
  const newest = (feed: Feed): Release | null =>
    newestRelease(feed, { ...machine, channel: options.channel(), current, isSkipped });

  const refuse = (version: string | undefined, detail: string): KojiboxError =>
    new KojiboxError('NOT_FOUND', `cannot update${version === undefined ? '' : ` to ${version}`}`, {
      detail,
      source: 'updater',
      remedy: 'See: koji update check',
    });

  const choose = (feed: Feed, version: string | undefined, allowDowngrade: boolean): Release => {
    if (version === current) throw refuse(version, 'it is the version that runs');
    const release = version === undefined ? newest(feed) : releaseOf(feed, machine, version);
    if (release === null)
      throw refuse(
        version,
        version === undefined
          ? `${current} is the newest version for ${platform} on this channel`
          : `the feed does not offer it for ${platform}`,
      );
    if (compareVersions(release.version, current) < 0 && !allowDowngrade)
      throw new KojiboxError('UPDATE_DOWNGRADE', `cannot update to ${release.version}`, {
        detail: `${current} runs, which is newer; an older version may not read what a newer one wrote`,
        source: 'updater',
      });
    return release;
  };

  const handoverOf = (feed: string, release: Release): UpdateHandover => ({
    version: release.version,
    channel: release.channel,
    url: resolveUrl(feed, release.url),
    sha256: release.sha256,
    sizeBytes: release.size,
  });

  /** The installation, when Kojibox may change it. */
  const assertOurs = (version: string): InstallLayout => {
    const { install } = installed;
    if (install === null) throw refuseInstallation(installed, version);
    if (canChange(install)) return install;
    throw new KojiboxError('PERMISSION_DENIED', `cannot update to ${version}`, {
      detail: `${install.folder} belongs to another user`,
      source: 'updater',
      remedy: 'Run koji update apply as the user who installed Kojibox.',
    });
  };

  const newId = (): string => `update-${randomBytes(4).toString('hex')}`;

  return {
    async check() {
      const address = feedAddress();
      const channel = options.channel();
      const nothing = { available: false, version: current, current, channel, notes: '', manifest: null };
      if (address === null) return { ...nothing, feed: null };
      const feed = await open(address).catch(async (error: unknown) => {
        await noteCheck(error);
        throw error;
      });
      await noteCheck(null);
      const release = newest(feed);
      if (release !== null) options.available(release.version);
      return {
        ...nothing,
        feed: address,
        available: release !== null,
        version: release?.version ?? current,
        notes: release?.notes ?? '',
        manifest: options.manifest.isNewer(feed.runtimeManifest) ? feed.runtimeManifest.createdAt : null,
      };
    },

    async applyManifest() {
      const address = feedAddress();
      const feed = address === null ? null : await open(address);
      const pointer = feed?.runtimeManifest;
      if (address === null || !options.manifest.isNewer(pointer))
        return { changed: false, createdAt: options.manifest.read().bundle.createdAt };
      const text = await fetchText(resolveUrl(address, pointer.url), 'the new runtime manifest');
      const manifest = await options.manifest.replace(text, pointer);
      options.manifestChanged();
      return { changed: true, createdAt: manifest.bundle.createdAt };
    },

    async handover() {
      const address = feedAddress();
      if (address === null) return null;
      const release = newest(await open(address));
      return release === null ? null : handoverOf(address, release);
    },

    status() {
      const { install } = installed;
      const journal = install === null ? null : readJournal(install);
      const record = install === null ? null : readRecord(install);
      const previous = record?.previous ?? null;
      return {
        installation: installed.kind,
        current,
        feed: options.feed(),
        previous:
          install !== null && previous !== null && existsSync(versionFolder(install, previous)) ? previous : null,
        phase: journal?.step ?? 'idle',
        changeId: journal === null ? null : options.work.changeOf(journal.id),
        updateId: journal?.id ?? null,
        last: record?.last ?? null,
        failed: (record?.failed ?? []).map(({ version, reason, at }) => ({ version, reason, at })),
      };
    },

    async apply({ version, allowDowngrade }) {
      const address = feedAddress();
      if (address === null) throw refuse(version, NO_FEED);
      const release = choose(await open(address), version, allowDowngrade);
      if (installed.kind === 'app') {
        options.handedOver(handoverOf(address, release));
        return;
      }
      options.work.begin(assertOurs(release.version), {
        id: newId(),
        kind: 'apply',
        to: release.version,
        source: { release, url: resolveUrl(address, release.url) },
      });
    },

    rollback() {
      return Promise.resolve().then(() => {
        const install = assertOurs('the version before');
        const { previous } = readRecord(install);
        if (previous === null || previous === current || !existsSync(versionFolder(install, previous)))
          throw new KojiboxError('NOT_FOUND', 'cannot go back to the version before', {
            detail: 'no other version is kept here',
            source: 'updater',
            remedy: 'Install one that the feed has: koji update apply VERSION --allow-downgrade',
          });
        options.work.begin(install, { id: newId(), kind: 'rollback', to: previous, source: null });
      });
    },
  };
}
