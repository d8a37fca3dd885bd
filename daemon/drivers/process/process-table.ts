/** What the driver needs to know of the processes of this machine; `daemon/system/process-facts.linux.ts` has it. */
import type { ProcessIdentity } from '../../../core/system/processes.ts';

export interface ProcessRow {
  readonly pid: number;
  /** One letter of proc(5): Z and X are dead. */
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly startTicks: number;
}

export interface ProcessTable {
  allPids(): number[];
  /** Null when it is gone. */
  readProcessStat(pid: number): ProcessRow | null;
  /** Null when it is gone or a zombie. */
  identifyNow(pid: number): ProcessIdentity | null;
}

export const isLive = ({ state }: ProcessRow): boolean => state !== 'Z' && state !== 'X';

/** All live processes. */
export function liveRows(table: ProcessTable): ProcessRow[] {
  return table
    .allPids()
    .map((pid) => table.readProcessStat(pid))
    .filter((row) => row !== null)
    .filter(isLive);
}

/** Whether dead processes of a session are still in the table: their parent has ended, and the system puts them away at its own pace. */
export const hasRemains = (table: ProcessTable, session: number): boolean =>
  table
    .allPids()
    .map((pid) => table.readProcessStat(pid))
    .some((row) => row !== null && row.session === session && row.pid !== session && !isLive(row));
