/** One request over FastCGI: parameters and body there, headers and body back, with backpressure both ways. */
import type { Readable } from 'node:stream';
import { log } from '../log.ts';
import type { Connection, FastcgiPool } from './pool.ts';
import { EMPTY_STDIN, encodeBody, encodeRequest, RECORD, RecordReader } from './protocol.ts';

const MAX_HEAD = 256 * 1024;

export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Where the answer goes. `head` comes once and first; `whole` says that the body given to it is all there is. */
export interface ResponseSink {
  head(head: ResponseHead, whole: Buffer | null): void;
  /** False: wait for `onDrain`. */
  body(chunk: Buffer): boolean;
  end(): void;
  onDrain(callback: () => void): void;
}

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  /** True when the server never began to answer, so that the request may be tried again. */
  readonly untouched: boolean;
  constructor(message: string, untouched: boolean) {
    super(message);
    this.untouched = untouched;
  }
}

/**
 * Resolves when the answer was passed on whole; rejects with an UpstreamError.
 *
 * @param body null: the request has none
 * @param signal the client went away: the connection is closed, which ends the script's output
 */
export async function exchange(
  pool: FastcgiPool,
  params: Buffer,
  body: Readable | null,
  sink: ResponseSink,
  service: string,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const connection = await pool.take();
    const wasUsed = connection.used;
    try {
      await runOn(connection, pool, params, body, sink, service, signal);
      return;
    } catch (error) {
      // A kept connection that the server closed meanwhile: nothing was lost, once more on a new one.
      const again =
        error instanceof UpstreamError && error.untouched && wasUsed && body === null && attempt < 2 && !signal.aborted;
      if (!again) throw error;
    }
  }
}

function runOn(
  connection: Connection,
  pool: FastcgiPool,
  params: Buffer,
  body: Readable | null,
  sink: ResponseSink,
  service: string,
  signal: AbortSignal,
): Promise<void> {
  const { socket } = connection;
  return new Promise((resolve, reject) => {
    const records = new RecordReader();
    let head: Buffer | null = Buffer.alloc(0);
    let received = false;
    let reason = 'the server closed the connection';

    const detach = (): void => {
      socket.off('data', onData);
      socket.off('error', onError);
      socket.off('close', onClose);
      socket.off('drain', onSocketDrain);
      signal.removeEventListener('abort', onAbort);
      body?.off('data', onBodyData);
      body?.off('end', onBodyEnd);
    };
    const fail = (message: string): void => {
      detach();
      socket.destroy();
      reject(new UpstreamError(message, !received));
    };
    const onError = (error: Error): void => void (reason = (error as NodeJS.ErrnoException).code ?? error.message);
    const onClose = (): void => fail(reason);
    const onAbort = (): void => fail('the client went away');
    const onSocketDrain = (): void => void body?.resume();
    const onBodyData = (chunk: Buffer): void => {
      if (!socket.write(encodeBody(chunk))) body?.pause();
    };
    const onBodyEnd = (): void => void socket.write(EMPTY_STDIN);

    const onData = (chunk: Buffer): void => {
      received = true;
      const parts: Buffer[] = [];
      let ended = false;
      records.push(chunk, (type, content) => {
        if (type === RECORD.STDOUT && content.length > 0) parts.push(content);
        else if (type === RECORD.STDERR && content.length > 0)
          log('warn', `${service}: ${content.toString('utf8').trim()}`);
        else if (type === RECORD.END_REQUEST) ended = true;
      });
      let output = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      if (head !== null) {
        head = head.length === 0 ? output : Buffer.concat([head, output]);
        const split = findHeadEnd(head);
        if (split === null) {
          if (ended || head.length > MAX_HEAD) fail('the script sent no headers');
          return;
        }
        const parsed = parseHead(head.subarray(0, split.at));
        output = head.subarray(split.at + split.length);
        head = null;
        if (ended) {
          detach();
          sink.head(parsed, output);
          pool.give(connection);
          resolve();
          return;
        }
        sink.head(parsed, null);
      }
      if (output.length > 0 && !sink.body(output)) {
        socket.pause();
        sink.onDrain(() => socket.resume());
      }
      if (!ended) return;
      detach();
      sink.end();
      pool.give(connection);
      resolve();
    };

    if (socket.destroyed) {
      fail('the server closed the connection');
      return;
    }
    if (signal.aborted) {
      reject(new UpstreamError('the client went away', true));
      pool.give(connection);
      return;
    }
    socket.on('data', onData);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('drain', onSocketDrain);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.resume();
    socket.write(encodeRequest(params, body !== null));
    if (body !== null) {
      body.on('data', onBodyData);
      body.on('end', onBodyEnd);
      body.resume();
    }
  });
}

/** Headers of CGI end with an empty line; PHP writes CRLF, some programs LF (RFC 3875 section 6). */
function findHeadEnd(data: Buffer): { at: number; length: number } | null {
  const crlf = data.indexOf('\r\n\r\n');
  if (crlf !== -1) return { at: crlf, length: 4 };
  const lf = data.indexOf('\n\n');
  return lf === -1 ? null : { at: lf, length: 2 };
}

function parseHead(data: Buffer): ResponseHead {
  let status = 200;
  let hasLocation = false;
  const headers: [string, string][] = [];
  for (const line of data.toString('latin1').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase().trim();
    const value = line.slice(colon + 1).trim();
    if (name === 'status') status = Number.parseInt(value, 10) || 500;
    else headers.push([name, value]);
    hasLocation ||= name === 'location';
  }
  // A Location without a Status is a redirect (RFC 3875 section 6.2.3).
  return { status: hasLocation && status === 200 ? 302 : status, headers };
}
