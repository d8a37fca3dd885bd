/** The daemon's half of an update: everything up to the moment in which it has to make room for the new version. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { KojiboxError } from '../../contract/errors.ts';
import type { ChangeContext, Changes, TaskReporter } from '../../core/changes/changes.ts';
import type { System } from '../../core/system/system.ts';
import type { Release } from '../../core/updater/feed.ts';
import type { InstallLayout } from '../../core/updater/install-layout.ts';
import { outcomeAt, resumeAs, type Journal, type UpdateStep } from '../../core/updater/journal.ts';
import { acquireLock, type DaemonLock } from '../daemon-lock.ts';
import { isAbandoned, startOutliving } from '../handover/outliving.ts';
import type { Downloader } from '../sources/download.ts';
import { fetchFile } from './feed-source.ts';
import { readJournal, readRecord, removeJournal, writeJournal } from './journal-files.ts';
import { clearStaging } from './prune.ts';
import { assertRoom, checkVersion, placeVersion, unpackVersion, verifyArchive } from './stage.ts';
import { currentVersion } from './current-version.ts';

const LOOK_EVERY_MS = 1000;

export interface PlannedUpdate {
  readonly id: string;
  readonly kind: 'apply' | 'rollback';
  readonly to: string;
  /** Null: the version is here already. */
  readonly source: { readonly release: Release; readonly url: string } | null;
}

export interface UpdateWork {
  /** Begins the change. Throws UPDATE_RUNNING when one runs. */
  begin(install: InstallLayout, planned: PlannedUpdate): void;
  /** The change that shows this update; null when it was begun by another daemon. */
  changeOf(updateId: string): string | null;
  /** At the start of the daemon: shows an update that goes on, and undoes or goes on with one that was left behind. Resolves when none runs any more. */
  recover(install: InstallLayout): Promise<void>;
}

export interface UpdateWorkOptions {
  readonly system: System;
  readonly changes: Changes;
  readonly downloader: Downloader;
  readonly home: string;
  /** Folder for archives. */
  readonly downloads: string;
  readonly logFile: string;
  /** The program that switches: dist/updater/main.mjs of the version that runs. */
  readonly runner: string;
  readonly healthDeadlineMs: number;
}

export function createUpdateWork(options: UpdateWorkOptions): UpdateWork {
  const { system, changes } = options;
  /** By the id of the update. */
  const shownBy = new Map<string, string>();

  const begin: UpdateWork['begin'] = (install, planned) => {
    const lock = acquireLock(install.lock);
    if (lock === null || readJournal(install) !== null) {
      lock?.release();
      throw new KojiboxError('UPDATE_RUNNING', `cannot update to ${planned.to}`, {
        detail: `an update to ${readJournal(install)?.to ?? 'another version'} runs already`,
        source: 'updater',
      });
    }
    let journal: Journal;
    try {
      journal = {
        schemaVersion: 1,
        id: planned.id,
        kind: planned.kind,
        from: currentVersion(install),
        to: planned.to,
        sha256: planned.source?.release.sha256 ?? null,
        home: options.home,
        step: planned.source === null ? 'place' : 'fetch',
        healthDeadlineMs: options.healthDeadlineMs,
        error: null,
      };
      writeJournal(install, journal);
    } catch (error) {
      lock.release();
      throw error;
    }
    const summary = planned.kind === 'apply' ? `Updating to ${planned.to}` : `Going back to ${planned.to}`;
    const { change } = changes.run('updater.apply', summary, (context) =>
      work(install, planned, journal, lock, context),
    );
    shownBy.set(planned.id, change.id);
  };

  const work = async (
    install: InstallLayout,
    planned: PlannedUpdate,
    journal: Journal,
    lock: DaemonLock,
    context: ChangeContext,
  ): Promise<void> => {
    const task = context.task('update', `Kojibox ${planned.to}`);
    try {
      if (planned.source !== null) await prepare(install, planned.source, journal, task, context.signal);
      await waitForOthers(task, context.signal);
      context.signal.throwIfAborted();
      writeJournal(install, { ...journal, step: 'stop' });
    } catch (error) {
      task.fail(error instanceof Error ? error.message : String(error));
      clearStaging(install);
      removeJournal(install);
      lock.release();
      throw error;
    }
    // From here on it cannot be cancelled: the runner owns the journal.
    lock.release();
    task.step('stop');
    startRunner();
    await follow(install, journal.id, task);
  };

  const prepare = async (
    install: InstallLayout,
    { release, url }: NonNullable<PlannedUpdate['source']>,
    journal: Journal,
    task: TaskReporter,
    signal: AbortSignal,
  ): Promise<void> => {
    const enter = (step: UpdateStep): void => {
      signal.throwIfAborted();
      task.step(step);
      writeJournal(install, { ...journal, step });
    };
    // The digest is in the name: what is left of another build is not gone on from.
    const archive = join(options.downloads, `kojibox-${release.version}-${release.sha256.slice(0, 16)}.tar.gz`);
    task.step('fetch');
    await assertRoom(system, install, release);
    clearStaging(install);
    await fetchFile(options.downloader, url, archive, {
      sha256: release.sha256,
      signal,
      progress: (done, total) => task.bytes(done, total ?? release.size),
    });
    enter('verify');
    await verifyArchive(archive, release);
    enter('unpack');
    const tree = await unpackVersion(archive, install, release.version, signal);
    enter('check');
    await checkVersion(system, tree, release.version);
    enter('place');
    await placeVersion(install, tree, release.version);
    clearStaging(install);
    await rm(archive, { force: true });
  };

  /** Ending the daemon would cancel them. */
  const waitForOthers = async (task: TaskReporter, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const other = changes.list().find(({ status, kind }) => status === 'running' && kind !== 'updater.apply');
      if (other === undefined) return;
      task.step('wait', `for: ${other.summary}`);
      await wait(LOOK_EVERY_MS, undefined, { signal });
    }
  };

  /** Shows what the runner does until it has ended; begins another one when it was killed. */
  const follow = async (install: InstallLayout, id: string, task: TaskReporter): Promise<void> => {
    for (;;) {
      const journal = readJournal(install);
      if (journal?.id !== id) break;
      task.step(journal.step);
      await wait(LOOK_EVERY_MS, undefined, { ref: false });
      if (readJournal(install)?.id === id && isAbandoned(install.lock)) startRunner();
    }
    const { last } = readRecord(install);
    if (last?.id !== id || last.outcome === 'updated') {
      task.done();
      return;
    }
    task.fail(last.error?.message ?? last.outcome);
    throw last.error === null
      ? new KojiboxError('UPDATE_FAILED', `cannot update to ${last.to}`, { detail: last.outcome, source: 'updater' })
      : KojiboxError.fromBody(last.error);
  };

  const startRunner = (): void =>
    startOutliving({
      node: process.execPath,
      program: options.runner,
      logFile: options.logFile,
      home: options.home,
      onError: (error) => system.log.error('cannot start the program that switches versions', { error: error.message }),
    });

  return {
    begin,
    changeOf: (updateId) => shownBy.get(updateId) ?? null,

    async recover(install) {
      const journal = readJournal(install);
      if (journal === null) return;
      if (resumeAs(journal.step) === 'discard') {
        const lock = acquireLock(install.lock);
        if (lock === null) return; // Another daemon of this installation is at it.
        clearStaging(install);
        removeJournal(install);
        lock.release();
        system.log.warn('undid an update that was cut off', { to: journal.to, step: journal.step });
        return;
      }
      const back = outcomeAt(journal.step) === 'rolled-back';
      const summary = back ? `Going back to ${journal.from}` : `Updating to ${journal.to}`;
      const { change, ended } = changes.run('updater.apply', summary, ({ task }) =>
        follow(install, journal.id, task('update', `Kojibox ${back ? journal.from : journal.to}`)),
      );
      shownBy.set(journal.id, change.id);
      await ended.catch(() => undefined); // How it ended is in the record.
    },
  };
}
