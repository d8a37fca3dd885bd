/** Runs services as processes of this machine that outlive the daemon, and takes them over again when the daemon comes back. */
import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { KojiboxError } from '../../../contract/errors.ts';
import type { LaunchSpec, ServiceDriver, ServiceHandle } from '../../../core/services/driver.ts';
import { isDiskError } from '../../../contract/disk-error.ts';
import type { ProcessIdentity } from '../../../core/system/processes.ts';
import { endAll, send, waitUntilReaped } from './end-group.ts';
import { launch, type Launched } from './launch.ts';
import { waitForEnd } from './liveness.ts';
import { markerOf, type Mark } from './marker.linux.ts';
import { hasRemains, type ProcessTable } from './process-table.ts';
import { createHandleRecords, IdentitySchema, type HandleRecord } from './records.ts';
import {
  executableOf,
  findLaunched,
  findUnrecorded,
  isSameProcess,
  isStillThere,
  membersOf,
  ticksNow,
} from './service-processes.linux.ts';

/** A daemon that died between fork and exec leaves a child that does not look like the service for a moment. */
const SECOND_LOOK_MS = 100;

/** Sessions, FIFOs and /proc are used; the other systems need files of their own beside `*.linux.ts`. */
const SUPPORTED = process.platform === 'linux';

export interface ProcessDriverOptions {
  /** Where the records and FIFOs lie (`layout.handles`). */
  readonly folder: string;
  /** Tells the services of one KOJIBOX_HOME from those of another. */
  readonly homeDigest: string;
  readonly table: ProcessTable;
  /** Called before each launch, e.g. to rotate the log that the service is going to append to. Its failure is the launch's. */
  prepareLog?(file: string): Promise<void>;
}

export function createProcessDriver({ folder, homeDigest, table, prepareLog }: ProcessDriverOptions): ServiceDriver {
  const records = createHandleRecords(folder);
  /** Ends of our own children, kept until `release`. */
  const children = new Map<string, Launched>();

  const identityOf = (handle: ServiceHandle): ProcessIdentity => IdentitySchema.parse(handle.data['identity']);
  const markOf = (id: string): Mark => ({ marker: markerOf(id, homeDigest), aliveFile: records.aliveFile(id) });
  const keyOf = ({ pid, startTicks }: ProcessIdentity): string => `${pid}/${startTicks}`;
  const handleOf = (record: HandleRecord, identity: ProcessIdentity): ServiceHandle => ({
    driver: 'process',
    id: record.id,
    fingerprint: record.fingerprint,
    launchedAt: record.launchedAt,
    pid: identity.pid,
    data: { identity },
  });

  /** The process may have ended by now, but it is not reaped before the next turn of the event loop, so its start time can be read. */
  const identify = (pid: number, bootId: string, executable: string): ProcessIdentity =>
    table.identifyNow(pid) ?? {
      pid,
      startTicks: table.readProcessStat(pid)?.startTicks ?? 0,
      bootId,
      executable: executableOf(pid, executable),
    };

  const intentFor = (spec: LaunchSpec): HandleRecord => ({
    id: spec.id,
    fingerprint: spec.fingerprint,
    launchedAt: Date.now(),
    bootId: table.identifyNow(process.pid)?.bootId ?? '',
    intentTicks: ticksNow(),
    executable: realPathOf(spec.command),
    marker: markerOf(spec.id, homeDigest),
    identity: null,
  });

  /** May fail on a full disk: the intent is there since before the launch, and the next daemon finds the process by its mark. */
  const keepIdentity = (record: HandleRecord): void => {
    try {
      records.write(record);
    } catch (error) {
      if (!isDiskError(error)) throw error;
    }
  };

  const start = async (spec: LaunchSpec): Promise<ServiceHandle> => {
    assertSupported(spec.id);
    assertNotRunning(spec.id);
    await prepareLog?.(spec.logFile);
    const intent = intentFor(spec);
    let launched: Launched | Promise<never>;
    try {
      // No await between the launch and the record: a daemon that is killed anywhere here leaves at least the intent.
      launched = launch(spec, intent.marker, records.aliveFile(spec.id), () => records.write(intent));
      if (launched instanceof Promise) return await launched;
    } catch (error) {
      records.remove(spec.id);
      throw error;
    }
    const identity = identify(launched.pid, intent.bootId, intent.executable);
    children.set(keyOf(identity), launched);
    keepIdentity({ ...intent, identity });
    return handleOf(intent, identity);
  };

  const assertNotRunning = (id: string): void => {
    const identity = records.read(id)?.identity ?? null;
    if (identity === null || !isSameProcess(table, identity, markOf(id))) return;
    throw new KojiboxError('START_FAILED', `cannot start ${id}`, {
      detail: `process ${identity.pid} of it runs already, perhaps started by another daemon`,
      source: 'services',
    });
  };

  const recoverOne = async (record: HandleRecord): Promise<ServiceHandle | null> => {
    let { identity } = record;
    if (identity === null) {
      identity = findLaunched(table, record, markOf(record.id));
      if (identity === null) {
        await sleep(SECOND_LOOK_MS);
        identity = findLaunched(table, record, markOf(record.id));
      }
      if (identity !== null) keepIdentity({ ...record, identity });
    } else if (!isSameProcess(table, identity, markOf(record.id))) {
      // The main process ended while no daemon looked; its workers may still be there.
      const ended = identity;
      if (ended.bootId === table.identifyNow(process.pid)?.bootId) {
        await endAll(record.id, () => membersOf(table, ended, markOf(record.id), false));
      }
      identity = null;
    }
    if (identity !== null) return handleOf(record, identity);
    records.remove(record.id);
    return null;
  };

  /** What carries the mark of this home and has no record, because the record was damaged or lost: it is taken over as well. */
  const recoverUnrecorded = (known: readonly string[]): ServiceHandle[] =>
    findUnrecorded(table, homeDigest, known).map(({ id, identity }) => {
      const record: HandleRecord = {
        id,
        // Of no definition, so that its next start is a new launch.
        fingerprint: '',
        launchedAt: Date.now() - Math.max(0, ticksNow() - identity.startTicks) * 10,
        bootId: identity.bootId,
        intentTicks: identity.startTicks,
        executable: identity.executable,
        marker: markerOf(id, homeDigest),
        identity,
      };
      keepIdentity(record);
      return handleOf(record, identity);
    });

  return {
    name: 'process',
    start,

    async recover() {
      if (!SUPPORTED) return [];
      const recorded = records.all();
      const found = await Promise.all(recorded.map(recoverOne));
      return [...found.filter((handle) => handle !== null), ...recoverUnrecorded(recorded.map(({ id }) => id))];
    },

    async wait(handle, signal) {
      const identity = identityOf(handle);
      const child = children.get(keyOf(identity));
      if (child !== undefined) return orAborted(child.ended, signal);
      await waitForEnd(records.aliveFile(handle.id), () => isStillThere(table, identity), signal);
      return { exitCode: null, signal: null };
    },

    stop(handle, signalName) {
      const identity = identityOf(handle);
      const outcome = isStillThere(table, identity) ? send(identity.pid, signalName as NodeJS.Signals) : 'gone';
      if (outcome !== 'forbidden') return Promise.resolve();
      return Promise.reject(
        new KojiboxError('PERMISSION_DENIED', `cannot stop ${handle.id}`, {
          detail: `process ${identity.pid} belongs to another user`,
          source: 'services',
        }),
      );
    },

    async kill(handle) {
      const identity = identityOf(handle);
      const mark = markOf(handle.id);
      await endAll(handle.id, () => membersOf(table, identity, mark, true));
      // Reaped: a `wait` of it settles before the next launch.
      const child = children.get(keyOf(identity));
      child?.hold();
      await child?.ended;
      await waitUntilReaped(() => hasRemains(table, identity.pid));
    },

    release(handle) {
      const identity = identityOf(handle);
      children.delete(keyOf(identity));
      const record = records.read(handle.id);
      // One without an identity is the intent of this very launch: a full disk kept the rest from being written.
      if (record !== null && (record.identity === null || record.identity.startTicks === identity.startTicks))
        records.remove(handle.id);
      return Promise.resolve();
    },
  };
}

function assertSupported(id: string): void {
  if (SUPPORTED) return;
  throw new KojiboxError('START_FAILED', `cannot start ${id} on this system`, {
    detail: `services can be supervised on Linux so far, not on ${process.platform}`,
    source: 'services',
    remedy: 'Use Kojibox in a Linux machine, container or WSL.',
  });
}

function realPathOf(command: string): string {
  try {
    return realpathSync(command);
  } catch {
    return command; // The launch will say what is wrong with it.
  }
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
