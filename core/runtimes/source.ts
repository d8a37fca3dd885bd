/** Where the bytes of a runtime come from. One implementation per source type, in `daemon/sources/`. */
import type { Step } from '../../contract/changes.ts';
import type { RuntimeSource, ServiceBinary } from '../../contract/manifest.ts';

/** A verified file on disk, with what it was verified against. */
export interface Artifact {
  readonly file: string;
  readonly size: number;
  /** `sha256:…` or `sha512:…` */
  readonly digest: string;
  readonly name: string;
  readonly version: string;
}

export type InstallStep = Extract<Step, 'resolve' | 'fetch' | 'verify' | 'unpack' | 'link-check' | 'activate'>;

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
  /** Bytes of the unpacked files. */
  readonly sizeOnDisk: number;
  /** What the bytes came through when not straight from their source. */
  readonly via?: string;
}

/** All that an install reads, lying verified in the cache of downloads. */
export interface CollectedFiles {
  readonly version: string;
  /** Tools that only the install needs are among them. */
  readonly artifacts: readonly Artifact[];
  /** Code names of the archive releases whose signed indexes name the artifacts. */
  readonly suites: readonly string[];
}

export interface StagePlan {
  /** Empty folder to unpack into. */
  readonly staging: string;
  /** Where the tree will be once it is activated; some programs must know it beforehand. */
  finalPath(version: string): string;
}

export interface RuntimeSourceDriver {
  readonly type: RuntimeSource['type'];
  /**
   * Fetches (using what an earlier try left), verifies every byte immediately before it is unpacked, and unpacks into `plan.staging`.
   * Leaves nothing outside the download cache and the staging folder. Rejects with a KojiboxError.
   */
  stage(binary: ServiceBinary, plan: StagePlan, progress: InstallProgress, signal: AbortSignal): Promise<StagedTree>;
  /** Bytes that `stage` would fetch now. Missing where the source does not know beforehand. Rejects as `stage` does. */
  bytesToFetch?(binary: ServiceBinary, signal: AbortSignal): Promise<number>;
  /** Fetches and verifies the same files without unpacking them. Missing where nothing is fetched. Rejects as `stage` does. */
  collect?(binary: ServiceBinary, progress: InstallProgress, signal: AbortSignal): Promise<CollectedFiles>;
}
