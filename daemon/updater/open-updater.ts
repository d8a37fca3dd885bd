/** Joins the parts of the updater for the daemon. */
import { join } from 'node:path';
import type { UpdateStatus } from '../../contract/updater.ts';
import type { EventData, EventName } from '../../contract/index.ts';
import { noticeText } from '../../contract/notices.ts';
import { openJsonStore } from '../../core/config/json-store.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import { startDailyCheck, type DailyCheck } from '../../core/updater/daily-check.ts';
import { resolveFeed } from '../../core/updater/feed-address.ts';
import { NOTHING_SEEN, SeenSchema } from '../../core/updater/seen.ts';
import { createDownloader } from '../sources/download.ts';
import { detectInstallation } from './installation.ts';
import { readRecord } from './journal-files.ts';
import { readKeys, type ManifestSource } from './runtime-manifest.ts';
import { createUpdater, type Updater } from './updater.ts';
import { createUpdateWork } from './update-work.ts';

const HEALTH_DEADLINE_MS = 30_000;

/** Replaced by the build: `config.updateFeed` of package.json. */
declare const __KOJIBOX_UPDATE_FEED__: string;
const BUILD_FEED = typeof __KOJIBOX_UPDATE_FEED__ === 'string' ? __KOJIBOX_UPDATE_FEED__ : '';

export interface OpenUpdater extends Omit<Updater, 'status'> {
  status(): UpdateStatus;
  /** To be called once the daemon answers: goes on with an update that was under way, tells how the last one ended, and looks for new ones daily. */
  begin(): void;
}

export async function openUpdater(options: {
  readonly system: System;
  readonly kojibox: Kojibox;
  readonly version: string;
  /** dist/ of the version that runs. */
  readonly dist: string;
  readonly manifest: ManifestSource;
  readonly environment: Readonly<Record<string, string | undefined>>;
  publish<N extends EventName>(event: N, data: EventData<N>): void;
  manifestChanged(): void;
}): Promise<OpenUpdater> {
  const { system, kojibox, dist, environment, publish } = options;
  const { layout } = kojibox;
  const installed = detectInstallation(join(dist, '..'), process.versions['electron'] !== undefined);
  const seen = await openJsonStore({
    files: system.files,
    path: layout.updates,
    schema: SeenSchema,
    schemaVersion: 1,
    fallback: NOTHING_SEEN,
    notice: (text) => kojibox.notice(text),
    now: () => system.clock.now(),
  });
  const work = createUpdateWork({
    system,
    changes: kojibox.changes,
    downloader: createDownloader(),
    home: layout.home,
    downloads: join(layout.downloads, 'kojibox'),
    logFile: layout.updateLog,
    runner: join(dist, 'updater', 'main.mjs'),
    healthDeadlineMs: Number(environment['KOJIBOX_UPDATE_DEADLINE_MS']) || HEALTH_DEADLINE_MS,
  });
  const appConfig = kojibox.stores.app;
  const updater = createUpdater({
    system,
    current: options.version,
    installed,
    feed: () => resolveFeed(environment['KOJIBOX_UPDATE_FEED'], appConfig.get().updateFeed, BUILD_FEED),
    seen,
    manifest: options.manifest,
    work,
    keys: () => readKeys(join(dist, 'runtime')),
    channel: () => appConfig.get().updateChannel,
    available: (version) => publish('update:available', { version }),
    handedOver: (handover) => publish('update:handover', handover),
    manifestChanged: () => options.manifestChanged(),
  });

  const tellOutcome = async (): Promise<void> => {
    const last = installed.install === null ? null : readRecord(installed.install).last;
    if (last?.outcome !== 'rolled-back' || seen.get().toldOutcome === last.id) return;
    kojibox.notice(
      noticeText('updateRolledBack', {
        to: last.to,
        from: last.from,
        reason: last.error?.detail ?? 'it did not start',
      }),
    );
    await seen.update((known) => ({ ...known, toldOutcome: last.id }));
  };

  /** Nothing is installed by it except a newer list of runtimes, which only says what could be. */
  const look = async (): Promise<void> => {
    try {
      const { available, version, manifest } = await updater.check();
      if (available) system.log.info('a newer version is there', { version });
      if (manifest !== null) system.log.info('took over a newer list of runtimes', await updater.applyManifest());
    } catch (error) {
      // Quiet: whoever wants to know sees it in the settings and in `koji update status`.
      system.log.warn('cannot look for updates', { error: error instanceof Error ? error.message : String(error) });
    }
  };
  const isWanted = (): boolean => appConfig.get().checkForUpdates && updater.status().feed.address !== null;
  let daily: DailyCheck | null = null;

  return {
    ...updater,
    status() {
      const { lastCheck } = seen.get();
      const nextAt = daily?.nextAt() ?? null;
      return {
        ...updater.status(),
        checks: {
          daily: appConfig.get().checkForUpdates,
          lastAt: lastCheck?.at ?? null,
          lastError: lastCheck?.error ?? null,
          nextAt: nextAt === null ? null : new Date(nextAt).toISOString(),
        },
      };
    },
    begin() {
      const settled = installed.install === null ? Promise.resolve() : work.recover(installed.install);
      settled.then(tellOutcome).catch((error: unknown) => {
        system.log.error('cannot tell how the last update ended', { error: String(error) });
      });
      daily = startDailyCheck({
        clock: system.clock,
        random: Math.random,
        isWanted,
        last: () => {
          const { lastCheck } = seen.get();
          if (lastCheck === null) return null;
          return { at: Date.parse(lastCheck.at), reached: lastCheck.error?.code !== 'DOWNLOAD_FAILED' };
        },
        look,
      });
    },
  };
}
