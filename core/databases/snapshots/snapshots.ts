/** Snapshots of database servers: taken, listed, restored, deleted. At most one piece of work per server at a time. */
import type { Change, ChangeKind } from '../../../contract/changes.ts';
import { KojiboxError } from '../../../contract/errors.ts';
import type { Snapshot, SnapshotEngine, SnapshotWay } from '../../../contract/snapshots.ts';
import { noticeText } from '../../../contract/notices.ts';
import type { ChangeContext, Changes } from '../../changes/changes.ts';
import type { Runtimes } from '../../runtimes/runtimes.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import type { Supervisor } from '../../services/supervisor.ts';
import type { System } from '../../system/system.ts';
import { assertCanDump, createEngineAccess } from '../engine-access.ts';
import type { Logins } from '../logins/logins.ts';
import type { DataHold } from './data-hold.ts';
import { goBack, restoreSnapshot, stagedFolder } from './restore-snapshot.ts';
import { createSnapshotStore } from './snapshot-store.ts';
import { assertRoom, isUp, type SnapshotTools } from './snapshot-work.ts';
import { takeSnapshot } from './take-snapshot.ts';
import { createSnapshotTargets } from './target.ts';

export interface Snapshots {
  list(): Promise<{ engines: SnapshotEngine[]; snapshots: Snapshot[]; freeBytes: number }>;
  /** Rejects with NOT_FOUND, UNAVAILABLE, VALIDATION_FAILED or DISK_FULL before anything is done. */
  take(wanted: {
    readonly engine: string;
    readonly name: string;
    readonly note: string;
    readonly how: SnapshotWay | undefined;
  }): Promise<Change>;
  /** As `take`; VALIDATION_FAILED for one of another series, with the cure. */
  restore(id: string): Promise<Change>;
  remove(id: string): Promise<void>;
  /** Finishes or undoes what a killed daemon began. For the start, after running services were taken over. */
  recover(): Promise<void>;
  /** The daemon ends: what is cancelled from now on starts no server again; the next daemon does. */
  end(): void;
}

export interface SnapshotsOptions {
  readonly system: System;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  readonly secrets: Secrets;
  readonly changes: Changes;
  readonly hold: DataHold;
  readonly logins: Pick<Logins, 'hold'>;
  /** Of the snapshots, and of the data of all services; both on one file system. */
  readonly folder: string;
  readonly dataFolder: string;
  notice(text: string): void;
}

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { system, supervisor, changes, hold, runtimes } = options;
  const store = createSnapshotStore(system, options.folder);
  const targets = createSnapshotTargets({ runtimes, supervisor, dataFolder: options.dataFolder });
  const busy = new Set<string>();
  let ending = false;
  const tools: SnapshotTools = {
    system,
    supervisor,
    engines: createEngineAccess(options),
    store,
    hold,
    logins: options.logins,
    isEnding: () => ending,
  };

  const run = (
    kind: ChangeKind,
    summary: string,
    service: string,
    work: (context: ChangeContext) => Promise<void>,
  ): Change => {
    if (busy.has(service))
      throw new KojiboxError('UNAVAILABLE', `cannot begin this for ${service}`, {
        detail: 'a snapshot of it is being taken or restored',
        source: 'databases',
        remedy: 'Wait until that has ended, or cancel it: koji changes.',
      });
    busy.add(service);
    return changes.run(kind, summary, (context) => work(context).finally(() => busy.delete(service))).change;
  };

  return {
    async list() {
      const snapshots = (await store.list()).map((snapshot) => ({
        ...snapshot,
        engine: targets.find(snapshot)?.service ?? null,
      }));
      const engines = targets.all().map(async ({ service, name, series, dataFolder, recipe }) => ({
        id: service,
        name,
        series,
        running: supervisor.state(service).state === 'running',
        dumpProblem: tools.engines.dumpProblem(service, recipe.clients),
        sizeBytes: (await system.files.measureTree(dataFolder)).sizeBytes,
      }));
      return { snapshots, engines: await Promise.all(engines), freeBytes: await system.files.freeBytes(store.folder) };
    },

    async take({ engine, name, note, how: asked }) {
      const target = targets.of(engine);
      const running = supervisor.state(engine).state === 'running';
      const how = asked ?? (running ? 'dump' : 'copy');
      if (how === 'dump' && !running)
        throw new KojiboxError('UNAVAILABLE', `cannot take a dump of ${target.name}`, {
          detail: 'it does not run',
          source: 'databases',
          remedy: `Start it with: koji start ${engine}, or take a copy of its data folder: --how copy`,
        });
      if (how === 'dump')
        assertCanDump(tools.engines, engine, target.recipe.clients, `cannot take a dump of ${target.name}`);
      if ((await system.files.stat(target.dataFolder)) === null)
        throw new KojiboxError('VALIDATION_FAILED', `cannot take a snapshot of ${target.name}`, {
          detail: 'it has no data yet',
          source: 'databases',
          remedy: `Start it once: koji start ${engine}`,
        });
      const { sizeBytes } = await system.files.measureTree(target.dataFolder);
      await assertRoom(tools, sizeBytes, `cannot take a snapshot of ${target.name}`);
      const order = { id: store.newId(target.service), name, note, how };
      return run('databases.snapshot', `Snapshot of ${target.name}: ${name}`, target.service, (context) =>
        takeSnapshot(tools, target, order, context),
      );
    },

    async restore(id) {
      const snapshot = await store.get(id);
      const what = `cannot restore "${snapshot.name}"`;
      if (!snapshot.complete)
        throw new KojiboxError('DATABASE_FAILED', what, {
          detail: `a part of ${id} is missing`,
          source: 'databases',
          remedy: `Nothing was changed. Delete it: koji db remove-snapshot ${id}`,
        });
      const target = targets.for(snapshot);
      if (snapshot.how === 'copy' || target.recipe.dataFile !== null) {
        const there = await system.files.measureTree(store.dataFolder(id));
        if (there.files !== snapshot.files || there.sizeBytes !== snapshot.sizeBytes)
          throw new KojiboxError('DATABASE_FAILED', what, {
            detail: `it is damaged: ${there.files} of ${snapshot.files} files and ${there.sizeBytes} of ${snapshot.sizeBytes} bytes are there`,
            source: 'databases',
            remedy: `Nothing was changed. Delete it: koji db remove-snapshot ${id}`,
          });
      }
      await assertRoom(tools, snapshot.how === 'copy' ? snapshot.sizeBytes : snapshot.sizeBytes * 5, what);
      return run('databases.restore', `Restoring ${target.name}: ${snapshot.name}`, target.service, (context) =>
        restoreSnapshot(tools, target, snapshot, context),
      );
    },

    async remove(id) {
      const snapshot = await store.get(id);
      const target = targets.find(snapshot);
      // A restore may be reading it.
      if (target !== null && busy.has(target.service))
        throw new KojiboxError('UNAVAILABLE', `cannot delete "${snapshot.name}"`, {
          detail: 'a snapshot of the same server is being taken or restored',
          source: 'databases',
          remedy: 'Wait until that has ended.',
        });
      await store.remove(id);
    },

    async recover() {
      const journals = await store.journals();
      for (const { service, restore } of journals.filter((one) => one.restore !== null)) {
        if (restore === null) continue;
        await goBack(tools, { service, wasUp: false, restore });
        options.notice(noticeText('restoreCut', { service }));
      }
      for (const { dataFolder } of targets.all()) await system.files.remove(stagedFolder(dataFolder));
      await store.sweep();
      for (const { service } of journals.filter(({ wasUp }) => wasUp)) {
        const state = supervisor.states().find(({ id }) => id === service);
        if (state === undefined || isUp(state)) continue;
        // No one has to wait for it: what it was stopped for is over.
        supervisor
          .start(service)
          .catch((error: unknown) => options.notice(noticeText('startFailed', { service, reason: textOf(error) })));
      }
    },

    end() {
      ending = true;
    },
  };
}

const textOf = (error: unknown): string =>
  error instanceof KojiboxError ? `${error.message}: ${error.detail}` : String(error);
