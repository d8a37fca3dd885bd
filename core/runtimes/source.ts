/** Where the bytes of a runtime come from. One implementation per source type, in `daemon/sources/`. */
import type { ServiceBinary } from '../../contract/manifest.ts';

/** A verified file on disk, with what it was verified against. */
export interface Artifact {
  readonly file: string;
  readonly size: number;
  /** `sha256:…` or `sha512:…` */
  readonly digest: string;
  readonly name: string;
  readonly version: string;
}

export type InstallStep = 'resolve' | 'fetch' | 'verify' | 'unpack' | 'link-check' | 'activate';

/** Progress of one runtime; called often, must be cheap. */
export interface InstallProgress {
  step(step: InstallStep, detail?: string): void;
  /** Bytes so far of the whole fetch; total null while unknown. */
  bytes(done: number, total: number | null): void;
}

export interface StagedTree {
  readonly artifacts: readonly Artifact[];
  /** The exact version, as the source knows it. */
  readonly version: string;
}

export interface RuntimeSourceDriver {
  readonly type: 'npm' | 'debian' | 'https' | 'system';
  /**
   * Fetches (resuming what an earlier try left), verifies every byte immediately before it is unpacked, and unpacks into `staging`,
   * an empty folder. Leaves nothing outside the download cache and `staging`. Rejects with a KojiboxError.
   */
  stage(binary: ServiceBinary, staging: string, progress: InstallProgress, signal: AbortSignal): Promise<StagedTree>;
}
