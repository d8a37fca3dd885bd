/** Joins the parts of the updater for the daemon. */
import { join } from 'node:path';
import type { EventData, EventName } from '../../contract/index.ts';
import { openJsonStore } from '../../core/config/json-store.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import { NOTHING_SEEN, SeenSchema } from '../../core/updater/seen.ts';
import { createDownloader } from '../sources/download.ts';
import { startDailyCheck } from './daily-check.ts';
import { detectInstallation } from './installation.ts';
import { readRecord } from './journal-files.ts';
import { readKeys, type ManifestSource } from './runtime-manifest.ts';
import { createUpdater, type Updater } from './updater.ts';
import { createUpdateWork } from './update-work.ts';

const HEALTH_DEADLINE_MS = 30_000;

export interface OpenUpdater extends Updater {
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
  const feed = environment['KOJIBOX_UPDATE_FEED'] || null;
  const updater = createUpdater({
    system,
    current: options.version,
    installed,
    feed,
    seen,
    manifest: options.manifest,
    work,
    keys: () => readKeys(join(dist, 'runtime')),
    channel: () => kojibox.stores.app.get().updateChannel,
    available: (version) => publish('update:available', { version }),
    handedOver: (handover) => publish('update:handover', handover),
    manifestChanged: () => options.manifestChanged(),
  });

  const tellOutcome = async (): Promise<void> => {
    const last = installed.install === null ? null : readRecord(installed.install).last;
    if (last?.outcome !== 'rolled-back' || seen.get().toldOutcome === last.id) return;
    kojibox.notice(
      `Kojibox ${last.to} did not work here (${last.error?.detail ?? 'it did not start'}), so ${last.from} runs again. It is not offered any more until there is another build of it.`,
    );
    await seen.update((known) => ({ ...known, toldOutcome: last.id }));
  };

  return {
    ...updater,
    begin() {
      const settled = installed.install === null ? Promise.resolve() : work.recover(installed.install);
      settled.then(tellOutcome).catch((error: unknown) => {
        system.log.error('cannot tell how the last update ended', { error: String(error) });
      });
      if (feed !== null) startDailyCheck(updater, system.log);
    },
  };
}
