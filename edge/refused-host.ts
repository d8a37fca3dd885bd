/**
 * Development servers that refuse names which they were not told, as a guard against DNS rebinding: webpack-dev-server, older Vite for a second
 * name, and their kin. The edge passes on requests for names of its own sites only, so that guard is kept here; such a server is asked once
 * more as `localhost`, and from then on. Its X-Forwarded-Host still says the name.
 */
import type { IncomingMessage } from 'node:http';
import { contained } from './boundary.ts';
import type { Exchange } from './exchange.ts';

/** What they say, with status 403. */
const REFUSALS = /Invalid Host(?:\/Origin)? header|Blocked request\. This host|Blocked hosts?:/;
const MAX_BYTES = 16 * 1024;
const MAX_KNOWN = 1000;
/** Target and name. */
const known = new Set<string>();

const keyOf = (exchange: Exchange, target: string): string => `${target} ${exchange.host}`;

export const isAskedAsLocalhost = (exchange: Exchange, target: string): boolean => known.has(keyOf(exchange, target));

/** The second try went through. */
export function rememberAsLocalhost(exchange: Exchange, target: string): void {
  if (known.size < MAX_KNOWN) known.add(keyOf(exchange, target));
}

/** Whether an answer may be such a refusal, so that it is worth to read its beginning. */
export const mayBeRefusal = (exchange: Exchange, answer: IncomingMessage): boolean =>
  answer.statusCode === 403 &&
  exchange.body === null &&
  answer.headers['content-encoding'] === undefined &&
  Number(answer.headers['content-length'] ?? 0) <= MAX_BYTES;

/** Calls back once, with what was read so far; after `no` the rest of the answer follows as usual. */
export function readRefusal(
  exchange: Exchange,
  answer: IncomingMessage,
  decide: (isRefusal: boolean, read: Buffer, ended: boolean) => void,
): void {
  const pieces: Buffer[] = [];
  let length = 0;
  const finish = (ended: boolean): void => {
    answer.off('data', take);
    answer.off('end', end);
    const read = Buffer.concat(pieces);
    decide(REFUSALS.test(read.toString('latin1')), read, ended);
  };
  const take = contained(exchange, (data: Buffer) => {
    pieces.push(data);
    length += data.length;
    if (length > MAX_BYTES) finish(false);
  });
  const end = contained(exchange, () => finish(true));
  answer.on('data', take);
  answer.on('end', end);
}
