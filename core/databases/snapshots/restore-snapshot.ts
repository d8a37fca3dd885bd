/**
 * One restore. The data folder is exchanged by renames: the present one becomes a snapshot of its own, the new one takes its place, and when
 * the server does not start with it they change back. A journal on disk lets the next daemon do so when this one is killed.
 */
import { join } from 'node:path';
import { KojiboxError } from '../../../contract/errors.ts';
import type { ChangeContext } from '../../changes/changes.ts';
import { timestamp } from '../../system/clock.ts';
import { readDump, toDumpError } from '../dump-file.ts';
import type { StoredSnapshot } from './snapshot-store.ts';
import { isUp, toSnapshotError, type SnapshotTools } from './snapshot-work.ts';
import type { SnapshotTarget } from './target.ts';
import { sayWork } from '../../../contract/sentences/work.ts';

const CHECK_TIMEOUT_MS = 20_000;

/** Suffix of the folder in which the new data waits for its turn. */
const STAGED = '.restoring';
export const stagedFolder = (dataFolder: string): string => `${dataFolder}${STAGED}`;

export async function restoreSnapshot(
  tools: SnapshotTools,
  target: SnapshotTarget,
  snapshot: StoredSnapshot,
  { task, signal }: ChangeContext,
): Promise<void> {
  const { store, supervisor, hold, system } = tools;
  const { files } = system;
  const { service, dataFolder } = target;
  const [staging, safety, starting] = [
    task('copy', sayWork('copy'), 5),
    task('safety', sayWork('presentState'), 1),
    task('start', target.name, 3),
  ];
  const staged = stagedFolder(dataFolder);
  const isDump = (await files.stat(store.dumpFile(snapshot.id))) !== null;
  const what = `cannot restore "${snapshot.name}"`;

  // Everything slow comes before the server is stopped.
  try {
    await files.remove(staged);
    if (isDump) {
      staging.step('verify');
      const onBytes = (done: number): void => staging.bytes(done, snapshot.sizeBytes);
      await system.packed
        .read({ path: store.dumpFile(snapshot.id), packing: 'gzip', onBytes }, signal)
        .catch((error: unknown) => Promise.reject(toDumpError(error, what) as Error));
      await tools.engines.ensureClients(service, target.recipe.clients, signal);
    } else {
      staging.step('copy');
      await files.copyTree(store.dataFolder(snapshot.id), staged, {
        signal,
        onBytes: (done) => staging.bytes(done, snapshot.sizeBytes),
      });
    }
    staging.done();
  } catch (error) {
    await files.remove(staged);
    throw toSnapshotError(error, what);
  }

  const wasUp = isUp(supervisor.state(service));
  const safetyId = store.newId(service);
  const release = hold.take(service);
  try {
    await store.writeJournal({ service, wasUp, restore: { safety: safetyId, dataFolder } });
    safety.step('stop');
    if (wasUp) await supervisor.stop(service);
    signal.throwIfAborted();
    if ((await files.stat(dataFolder)) !== null) await keepPresentState();
    if (!isDump) await files.rename(staged, dataFolder);
    safety.done(safetyId);
    release();
    // It brings its own accounts.
    const letGo = tools.logins.hold(service);
    try {
      await bringUp();
    } finally {
      await letGo();
    }
    if (!wasUp) await supervisor.stop(service);
    await store.removeJournal(service);
    starting.done();
  } catch (error) {
    starting.fail(sayWork('formerState'));
    release();
    const trouble = await goBack(tools, { service, wasUp, restore: { safety: safetyId, dataFolder } }).then(
      () => null,
      (failure: unknown) => (failure instanceof KojiboxError ? failure.detail : String(failure)),
    );
    const known = toSnapshotError(error, what);
    if (signal.aborted || !(known instanceof KojiboxError)) throw known;
    throw new KojiboxError(known.code, what, {
      detail: known.message === what ? known.detail : `${known.message}: ${known.detail}`,
      source: 'databases',
      remedy:
        trouble === null
          ? `The former state of ${target.name} is back. The snapshot may be damaged; try another: koji db snapshots.`
          : `The former state is kept, but could not be brought up: ${trouble}`,
      cause: error,
    });
  }

  async function keepPresentState(): Promise<void> {
    safety.step('activate');
    const folder = await store.begin(safetyId);
    const size = await files.measureTree(dataFolder);
    await files.rename(dataFolder, join(folder, 'data'));
    await store.finish(safetyId, {
      name: snapshot.name,
      note: '',
      how: 'copy',
      kind: 'safety',
      runtime: target.recipe.runtime,
      series: target.series,
      version: target.version,
      createdAt: timestamp(system.clock),
      ...size,
    });
  }

  /** Started, filled where it is a dump, and asked something with the password that Kojibox has. Left at once when it is cancelled. */
  async function bringUp(): Promise<void> {
    const cancelled = Promise.withResolvers<never>();
    const onAbort = (): void => cancelled.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      starting.step('start');
      const started = supervisor.start(service);
      started.catch(() => undefined); // When it was cancelled no one waits for it any more.
      await Promise.race([started, cancelled.promise]);
      // Not worth a download: a server that answers its probe is well enough.
      if (!tools.engines.hasClients(service, target.recipe.clients)) return;
      const access = await tools.engines.access(service, signal, target.recipe.clients);
      const reading = isDump ? target.recipe.restoreAll(access) : null;
      if (reading !== null) {
        starting.step('import');
        const file = store.dumpFile(snapshot.id);
        const { mask } = tools.engines;
        await readDump({ system, file, packing: 'gzip', reader: reading, what, task: starting, signal, mask });
      }
      await tools.engines.run(target.recipe.check(access), what, signal, CHECK_TIMEOUT_MS);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** Puts the state before a restore back, from whatever point it had come to. Idempotent. */
export async function goBack(
  { store, supervisor, hold, system, isEnding }: SnapshotTools,
  { service, wasUp, restore }: { service: string; wasUp: boolean; restore: { safety: string; dataFolder: string } },
): Promise<void> {
  const { files } = system;
  const { safety, dataFolder } = restore;
  const places = [store.dataFolder(safety), join(store.partialFolder(safety), 'data')];
  const kept = await Promise.all(places.map(async (place) => ((await files.stat(place)) === null ? null : place)));
  const former = kept.find((place) => place !== null);
  const state = supervisor.states().find(({ id }) => id === service);
  if (former !== undefined && state !== undefined && isUp(state)) await supervisor.stop(service);
  const release = hold.take(service);
  try {
    if (former !== undefined) {
      const discarded = stagedFolder(dataFolder);
      await files.remove(discarded);
      if ((await files.stat(dataFolder)) !== null) await files.rename(dataFolder, discarded);
      await files.rename(former, dataFolder);
      if (former === places[0]) await store.remove(safety);
      else await store.discard(safety);
    }
    await files.remove(stagedFolder(dataFolder));
  } finally {
    release();
  }
  if (isEnding()) return;
  if (wasUp && state !== undefined) await supervisor.start(service);
  await store.removeJournal(service);
}
