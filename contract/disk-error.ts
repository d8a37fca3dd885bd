/** A disk that takes nothing: full, over quota, read-only or broken. One place that tells it and says what helps. */
import { KojiboxError } from './errors.ts';
import { sayDisk } from './sentences/disk.ts';

/** See errno(3). EFBIG comes of a limit for the size of files, and leaves the same as a full disk. */
const REASONS = {
  ENOSPC: 'full',
  EDQUOT: 'overQuota',
  EFBIG: 'overLimit',
  EROFS: 'readOnly',
  EIO: 'broken',
} as const;
type DiskCode = keyof typeof REASONS;

interface ErrorLike {
  readonly code?: unknown;
  readonly path?: unknown;
  /** Of a copy or a rename. */
  readonly dest?: unknown;
  readonly cause?: unknown;
}

const isDiskCode = (code: unknown): code is DiskCode => typeof code === 'string' && code in REASONS;

/** The error of the system call in it, whatever was wrapped around it; null when there is none of these kinds. */
function diskCause(error: unknown): (ErrorLike & { readonly code: DiskCode }) | null {
  let at: unknown = error;
  for (let depth = 0; depth < 8 && typeof at === 'object' && at !== null; depth += 1) {
    const { code, cause } = at as ErrorLike;
    if (isDiskCode(code)) return at as ErrorLike & { readonly code: DiskCode };
    at = cause;
  }
  return null;
}

/** @returns whether a disk is the reason */
export const isDiskError = (error: unknown): boolean => diskCause(error) !== null;

/** Errors of an open file do not say which one it is. @returns the same error, with the path where it has none */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && (error as ErrorLike).path === undefined) Object.assign(error, { path });
  return error;
}

/**
 * @param what cannot be done, e.g. `cannot start redis`
 * @returns DISK_FULL with the folder, or null when no disk is the reason
 */
export function diskFull(error: unknown, what: string): KojiboxError | null {
  if (error instanceof KojiboxError && error.code === 'DISK_FULL') return error;
  const cause = diskCause(error);
  if (cause === null) return null;
  const written = cause.dest ?? cause.path;
  const folder = typeof written === 'string' ? written.replace(/\/[^/]*$/, '') || '/' : sayDisk('unknownFolder');
  const reason = REASONS[cause.code];
  return new KojiboxError('DISK_FULL', what, {
    detail: sayDisk(reason, { folder }),
    source: error instanceof KojiboxError ? error.source : 'disk',
    ...(reason === 'full' ? {} : { remedy: sayDisk(`${reason}Help`) }),
    cause: error,
  });
}
