/** How a service runs. A driver knows no restart policy, no health and no dependency; the supervisor knows no pid, image or unit. */
import type { FileOwner } from '../system/files.ts';

/** What to launch. Everything is resolved: absolute paths, secrets filled in. */
export interface LaunchSpec {
  readonly id: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment; nothing is inherited from the daemon. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** stdout and stderr go straight into this file (appended). */
  readonly logFile: string;
  /** Null: the daemon's own user. */
  readonly user: FileOwner | null;
  /** Digest of what was asked for; an adopted service with another digest is restarted at the next start. */
  readonly fingerprint: string;
}

/** Serialisable: survives the daemon. What is in `data` is the driver's own business. */
export interface ServiceHandle {
  readonly driver: string;
  readonly id: string;
  readonly fingerprint: string;
  /** Wall clock of the launch, ms since 1970. */
  readonly launchedAt: number;
  readonly pid: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How a service ended. A value, never an exception. Both null: it was adopted, and its end was only observed. */
export interface ExitResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/**
 * Call order for one service: `start` → (`wait` | `stop` | `kill` | `inspect`)*; or, in a new daemon, `recover` first.
 *
 * - `start` returns when the program was launched, not when it is ready; it rejects only when it could not be launched.
 *   It records the handle durably before it returns, and leaves enough behind for `recover` if the daemon dies inside it.
 * - `recover` returns the handles of services that still run, identity checked; stale records are deleted. Called once, before anything else.
 * - `wait` resolves when the main process is gone. May be called many times, also for recovered handles.
 * - `stop` sends the graceful signal and returns at once; idempotent; a process that is gone is fine.
 * - `kill` ends the whole group and resolves when no process of it is left; idempotent.
 * - `release` forgets the record after the end. Idempotent.
 */
export interface ServiceDriver {
  readonly name: string;
  start(spec: LaunchSpec): Promise<ServiceHandle>;
  recover(): Promise<ServiceHandle[]>;
  wait(handle: ServiceHandle, signal?: AbortSignal): Promise<ExitResult>;
  stop(handle: ServiceHandle, signalName: string): Promise<void>;
  kill(handle: ServiceHandle): Promise<void>;
  release(handle: ServiceHandle): Promise<void>;
}
