/** Short-lived programs and facts about running ones. Long-lived services go through a ServiceDriver. */
import type { FileOwner } from './files.ts';

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment; nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** With all that it starts: a cancelled one ends whole before this resolves. */
  readonly asGroup?: boolean;
  /** Run as this user; needs root. */
  readonly user?: FileOwner;
  /** Called with each piece of stdout and stderr as it comes. */
  readonly onOutput?: (text: string) => void;
}

export interface RunResult {
  /** Exit code; null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Enough to know a process again after the daemon restarted: a pid alone may have been given to another. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot (proc(5) `stat` field 22). */
  readonly startTicks: number;
  /** Boot id, so that a record from before a reboot never matches. */
  readonly bootId: string;
  /** Path of the executable. */
  readonly executable: string;
}

export interface ProcessUsage {
  /** CPU time used by the whole group so far, milliseconds. */
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

/** Of the whole machine. */
export interface HostUsage {
  /** Time that was not idle since boot, of all cores together, milliseconds. */
  readonly busyMs: number;
  /** Time since boot of all cores together, milliseconds. */
  readonly totalMs: number;
  /** Memory that is not available to a new program. */
  readonly memoryBytes: number;
}

export interface Processes {
  /** Never rejects for a non-zero exit: that is a value. Rejects with ENOENT/EACCES when it cannot be started, AbortError when aborted. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Null when no such process runs. */
  identify(pid: number): Promise<ProcessIdentity | null>;
  isSame(identity: ProcessIdentity): Promise<boolean>;
  /** Of each of these processes with its group and all that descend from it, by pid; one that is gone is missing. */
  usages(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessUsage>>;
  /** Null where the system does not tell. */
  hostUsage(): Promise<HostUsage | null>;
  /** Command line of a process for messages, shortened; null when it is gone or hidden. */
  describe(pid: number): Promise<string | null>;
}
