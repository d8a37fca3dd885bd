/** Reading the daemon's answers, the same on every link. */
import { ErrorBodySchema, KojiboxError } from '../contract/errors.ts';

/** @returns the result of a reply `{result}`; throws the KojiboxError of `{error}`, or DAEMON_UNREACHABLE when it is neither. */
export function resultOf(reply: unknown): unknown {
  if (typeof reply === 'object' && reply !== null) {
    if ('result' in reply) return reply.result;
    if ('error' in reply) {
      const parsed = ErrorBodySchema.safeParse(reply.error);
      if (parsed.success) throw KojiboxError.fromBody(parsed.data);
    }
  }
  throw unreachable('the answer is not one of a Kojibox daemon');
}

/** @param detail why the daemon cannot be reached */
export function unreachable(detail: string, cause?: unknown): KojiboxError {
  return new KojiboxError('DAEMON_UNREACHABLE', 'cannot reach the Kojibox daemon', { detail, source: 'client', cause });
}
