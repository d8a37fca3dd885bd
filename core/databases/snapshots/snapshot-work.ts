/** What taking and restoring share: the server stopped and started again, room on the disk, and errors in the house's form. */
import { KojiboxError } from '../../../contract/errors.ts';
import type { ServiceState } from '../../../contract/services.ts';
import type { Supervisor } from '../../services/supervisor.ts';
import type { System } from '../../system/system.ts';
import type { Logins } from '../logins/logins.ts';
import type { EngineAccessor } from '../engine-access.ts';
import type { DataHold } from './data-hold.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** Left free beside what is written: a full disk stops every server on it. */
const SPARE_BYTES = 64_000_000;

export interface SnapshotTools {
  readonly system: System;
  readonly supervisor: Supervisor;
  readonly engines: EngineAccessor;
  readonly store: SnapshotStore;
  readonly hold: DataHold;
  readonly logins: Pick<Logins, 'hold'>;
  /** True once the daemon ends: then nothing is started any more, and the next daemon finishes by the journal. */
  isEnding(): boolean;
}

export const isUp = ({ state }: ServiceState): boolean => state !== 'stopped' && state !== 'error';

/** Rejects with DISK_FULL before anything is written. */
export async function assertRoom(
  { system, store }: Pick<SnapshotTools, 'system' | 'store'>,
  neededBytes: number,
  what: string,
): Promise<void> {
  const free = await system.files.freeBytes(store.folder);
  const needed = Math.round(neededBytes * 1.05) + SPARE_BYTES;
  if (free >= needed) return;
  throw new KojiboxError('DISK_FULL', what, {
    detail: `${store.folder} has ${megabytes(free)} free; ${megabytes(needed)} are needed`,
    source: 'databases',
    remedy: 'Free some space, e.g. by deleting a snapshot (koji db snapshots), and try again. Nothing was changed.',
  });
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** What the file system says, with its meaning here. */
export function toSnapshotError(error: unknown, what: string): unknown {
  if (error instanceof KojiboxError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return error;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new KojiboxError(isFull ? 'DISK_FULL' : 'DATABASE_FAILED', what, {
    detail: String(message),
    source: 'databases',
    cause: error,
    ...(isFull
      ? { remedy: 'Free some space, e.g. by deleting a snapshot (koji db snapshots), and try again. Nothing is lost.' }
      : code === 'EINVAL'
        ? { remedy: 'A folder with links in it cannot be copied; take the snapshot as a dump: --how dump.' }
        : { remedy: 'Nothing is lost: the data is as it was.' }),
  });
}
