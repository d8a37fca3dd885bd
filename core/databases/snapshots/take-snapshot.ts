/** One snapshot: everything goes into `<id>.partial`, which gets its name when it is whole. A killed or cancelled one leaves nothing. */
import { join } from 'node:path';
import type { SnapshotWay } from '../../../contract/snapshots.ts';
import type { ChangeContext, TaskReporter } from '../../changes/changes.ts';
import { timestamp } from '../../system/clock.ts';
import { writeDump } from '../dump-file.ts';
import type { SnapshotRecord } from './snapshot-store.ts';
import { isUp, toSnapshotError, type SnapshotTools } from './snapshot-work.ts';
import type { SnapshotTarget } from './target.ts';
import { sayWork } from '../../../contract/sentences/work.ts';

export interface SnapshotOrder {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly how: SnapshotWay;
}

export async function takeSnapshot(
  tools: SnapshotTools,
  target: SnapshotTarget,
  order: SnapshotOrder,
  { task, signal }: ChangeContext,
): Promise<void> {
  const { store, system } = tools;
  const [writing, starting] =
    order.how === 'copy'
      ? [task('copy', sayWork('copy'), 8), task('start', target.name, 1)]
      : [task('dump', sayWork('dump'), 8), task('finish', sayWork('finish'), 1)];
  const record = (size: { sizeBytes: number; files: number }): SnapshotRecord => ({
    name: order.name,
    note: order.note,
    how: order.how,
    kind: 'manual',
    runtime: target.recipe.runtime,
    series: target.series,
    version: target.version,
    createdAt: timestamp(system.clock),
    sizeBytes: size.sizeBytes,
    files: size.files,
  });
  try {
    const folder = await store.begin(order.id);
    if (order.how === 'copy') {
      const restart = await copyStopped(tools, target, folder, writing, signal, (size) =>
        store.finish(order.id, record(size)),
      );
      await restart(starting);
    } else {
      const size = await dumpRunning(tools, target, folder, writing, signal);
      signal.throwIfAborted();
      starting.step('activate');
      await store.finish(order.id, record(size));
      starting.done(order.id);
    }
  } catch (error) {
    await store.discard(order.id);
    throw toSnapshotError(error, `cannot take a snapshot of ${target.name}`);
  }
}

/**
 * Stops the server where it runs, copies, and calls `finish` with the whole copy.
 * @returns how the server is started again; when it rejects, that was done already
 */
async function copyStopped(
  { supervisor, hold, store, system, isEnding }: SnapshotTools,
  { service, dataFolder }: SnapshotTarget,
  folder: string,
  writing: TaskReporter,
  signal: AbortSignal,
  finish: (size: { sizeBytes: number; files: number }) => Promise<void>,
): Promise<(starting: TaskReporter) => Promise<void>> {
  const wasUp = isUp(supervisor.state(service));
  const dependents = wasUp ? supervisor.withDependents(service).filter((id) => id !== service) : [];
  const release = hold.take(service);
  const restart = async (starting: TaskReporter | null): Promise<void> => {
    release();
    if (isEnding()) return;
    if (wasUp) {
      starting?.step('start');
      const { readyMs } = await supervisor.start(service);
      for (const id of dependents) await supervisor.start(id);
      starting?.done(readyMs === null ? '' : sayWork('readyIn', { milliseconds: Math.round(readyMs) }));
    } else starting?.skip(sayWork('didNotRun'));
    await store.removeJournal(service);
  };
  try {
    await store.writeJournal({ service, wasUp, restore: null });
    if (wasUp) {
      writing.step('stop');
      await supervisor.stop(service);
    }
    signal.throwIfAborted();
    writing.step('copy');
    const { sizeBytes: total } = await system.files.measureTree(dataFolder);
    const copied = await system.files.copyTree(dataFolder, join(folder, 'data'), {
      signal,
      onBytes: (done) => writing.bytes(done, total),
    });
    await finish(copied);
    writing.done(copied.shared ? sayWork('sharesBlocks') : '');
  } catch (error) {
    writing.fail(sayWork('givenUp'));
    // The error that counts is the first one; the state of the service shows the rest.
    await restart(null).catch((failure: unknown) =>
      system.log.error('cannot start a server again', { service, error: String(failure) }),
    );
    throw error;
  }
  return restart;
}

async function dumpRunning(
  { engines, system }: SnapshotTools,
  { service, recipe, name }: SnapshotTarget,
  folder: string,
  writing: TaskReporter,
  signal: AbortSignal,
): Promise<{ sizeBytes: number; files: number }> {
  const access = await engines.access(service, signal, recipe.clients);
  const what = `cannot take a snapshot of ${name}`;
  if (recipe.dataFile === null) {
    const file = join(folder, 'dump.sql.gz');
    await writeDump({
      system,
      command: recipe.dumpAll(access, file),
      file,
      what,
      task: writing,
      signal,
      mask: engines.mask,
    });
    writing.done();
    return { sizeBytes: (await system.files.stat(file))?.size ?? 0, files: 1 };
  }
  const data = join(folder, 'data');
  const owner = system.host.isRoot ? system.host.serviceUser : null;
  await system.files.makeDirectory(data, { mode: 0o700 });
  writing.step('dump');
  await engines.run(recipe.dumpAll(access, join(data, recipe.dataFile)), what, signal);
  if (owner !== null) await system.files.changeOwner(data, owner, true);
  writing.done();
  return system.files.measureTree(data);
}
