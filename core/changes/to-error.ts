/** What a change failed with, in the form that crosses the wire. */
import { KojiboxError } from '../../contract/errors.ts';
import { diskFull } from '../../contract/disk-error.ts';

/** Anything that is not a KojiboxError is a defect, and says so. */
export function toError(error: unknown): KojiboxError {
  if (error instanceof KojiboxError) return error;
  const full = diskFull(error, 'cannot finish the change');
  if (full !== null) return full;
  return new KojiboxError('INTERNAL', 'cannot finish the change', {
    detail: error instanceof Error ? error.message : String(error),
    source: 'daemon',
    cause: error,
  });
}
