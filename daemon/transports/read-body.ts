/** Bodies of requests: bounded in size and time. */
import type { IncomingMessage } from 'node:http';
import { KojiboxError } from '../../contract/errors.ts';
import type { BodyBudget } from './body-budget.ts';

/** So much of a refused body is read and dropped: closing while the client still writes would take the answer from it (RFC 9112 section 9.6). */
const MAX_DRAINED_BYTES = 256 * 1024 * 1024;
/** Between two pieces of a message, and for a small one as a whole. */
const PATIENCE_MS = 10_000;
/** What comes before anyone is authenticated. */
const SMALL_BYTES = 1024;

/** The message of an authenticated client. Rejects with PAYLOAD_TOO_LARGE, UNAVAILABLE, or MALFORMED_REQUEST when it stops half-way. */
export function readBody(request: IncomingMessage, budget: BodyBudget): Promise<string> {
  const share = budget.open();
  return collect(request, { take: (bytes) => share.take(bytes), isPatient: true }).finally(() => share.release());
}

/** A message of at most 1 kB, within ten seconds. Rejects as `readBody` does. */
export function readSmallBody(request: IncomingMessage): Promise<string> {
  let size = 0;
  const take = (bytes: number): void => {
    size += bytes;
    if (size > SMALL_BYTES)
      throw new KojiboxError('PAYLOAD_TOO_LARGE', 'cannot take the request', {
        detail: 'this request may have 1 kB',
        source: 'daemon',
      });
  };
  return collect(request, { take, isPatient: false });
}

/** @param isPatient time begins again with each piece */
function collect(
  request: IncomingMessage,
  { take, isPatient }: { take(bytes: number): void; readonly isPatient: boolean },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let refused = false;
    const refuse = (error: unknown): void => {
      refused = true;
      chunks.length = 0;
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(
      () =>
        refuse(
          new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
            detail: `the rest of it did not come within ${PATIENCE_MS / 1000} s`,
            source: 'daemon',
          }),
        ),
      PATIENCE_MS,
    );
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_DRAINED_BYTES) request.destroy();
      if (refused) return;
      try {
        take(chunk.length);
      } catch (error) {
        refuse(error);
        return;
      }
      chunks.push(chunk);
      if (isPatient) timer.refresh();
    });
    request.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    request.on('error', refuse);
    // 'error' comes only where something was still expected; a connection that was destroyed closes without it.
    request.on('close', () => clearTimeout(timer));
  });
}
