/** The machine as the helper sees it: constants and system programs only. */
import type { PrivilegedSystem } from '../../core/privileged/places.ts';
import type { PrivilegedResult } from '../../core/privileged/request.ts';

export interface Machine {
  readonly system: PrivilegedSystem;
  /** `/`. Tests give a folder. */
  readonly root: string;
  /** Ms since 1970. */
  now(): number;
  /** Runs a program of the system by its absolute path; throws with what it printed when it fails. */
  run(program: string, args: readonly string[], input?: string): void;
  /** Writes a value of the kernel's (proc(5)). */
  setKernel(file: string, value: string): void;
}

export type Outcome = Pick<PrivilegedResult, 'status' | 'message'>;
