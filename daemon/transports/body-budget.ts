/** How much of unfinished messages is kept in memory, over all connections: many that are never finished must not fill it. */
import { KojiboxError } from '../../contract/errors.ts';

/** One message may have this much. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const MAX_TOTAL_BYTES = 48 * 1024 * 1024;

export interface BodyBudget {
  /** Begins a message. */
  open(): MessageShare;
}

export interface MessageShare {
  /** Counts bytes that arrived. Throws PAYLOAD_TOO_LARGE beyond the limit of one message, UNAVAILABLE beyond that of all. */
  take(bytes: number): void;
  /** Gives back what was counted. Idempotent. */
  release(): void;
}

export function createBodyBudget(totalBytes = MAX_TOTAL_BYTES): BodyBudget {
  let used = 0;
  return {
    open() {
      let mine = 0;
      return {
        take(bytes) {
          if (mine + bytes > MAX_MESSAGE_BYTES)
            throw new KojiboxError('PAYLOAD_TOO_LARGE', 'cannot take the request', {
              detail: `a request may have ${MAX_MESSAGE_BYTES / 1048576} MB`,
              source: 'daemon',
            });
          if (used + bytes > totalBytes)
            throw new KojiboxError('UNAVAILABLE', 'cannot take the request', {
              detail: 'too many large requests are unfinished',
              source: 'daemon',
              remedy: 'Wait for a moment and try again.',
            });
          mine += bytes;
          used += bytes;
        },
        release() {
          used -= mine;
          mine = 0;
        },
      };
    },
  };
}
