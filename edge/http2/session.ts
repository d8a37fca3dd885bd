/** One client connection that speaks HTTP/2. */
import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { admission } from '../admission.ts';
import type { ClientConnection } from '../backlog.ts';
import { guarded } from '../boundary.ts';
import type { Exchange, Peer } from '../exchange.ts';
import { MAX_FIELDS, type Refusal } from '../http1/head.ts';
import { refusalText } from '../http1/response.ts';
import { log } from '../log.ts';
import { MAX_RESPONSE_HEAD_BYTES } from '../response-head.ts';
import type { ConnectionWatch, Watched } from '../watch.ts';
import { Http2Exchange, STREAM_WINDOW_BYTES, type Http2Limits } from './exchange.ts';
import { readHead } from './request-head.ts';

export const HTTP2_LIMITS: Http2Limits = { idleMs: 120_000, bodyMs: 60_000, stalledMs: 120_000 };
/** In this time a reset stream is told to a client that reads. */
const RELIEF_MS = 200;
/** More than is served, so that what is too much reaches `readHead` and is answered. */
const RECEIVED_HEAD_BYTES = 256 * 1024;

export class Http2Connection implements Watched, ClientConnection {
  readonly #session: ServerHttp2Session;
  readonly #socket: Duplex;
  readonly #watch: ConnectionWatch;
  readonly #peer: Peer;
  readonly #handle: (exchange: Exchange) => void;
  readonly #limits: Http2Limits;
  readonly #exchanges = new Set<Http2Exchange>();
  #open = 0;
  #isRelieving = false;
  #isDraining = false;
  #idleSince = performance.now();

  constructor(
    socket: Duplex,
    peer: Peer,
    watch: ConnectionWatch,
    handle: (exchange: Exchange) => void,
    limits: Http2Limits = HTTP2_LIMITS,
  ) {
    this.#limits = limits;
    this.#peer = peer;
    this.#handle = handle;
    this.#session = performServerHandshake(socket, {
      // Extended CONNECT is not offered, so WebSocket comes over HTTP/1.1 (RFC 8441 section 3).
      settings: {
        maxConcurrentStreams: 128,
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxHeaderListSize: RECEIVED_HEAD_BYTES,
      },
      maxHeaderListPairs: 2 * MAX_FIELDS,
      // nghttp2 ends the whole session for a head above this (its default is 64 kB); `prepareHead` refuses it before.
      maxSendHeaderBlockLength: 2 * MAX_RESPONSE_HEAD_BYTES,
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
    });
    this.#session.setLocalWindowSize(4 * 1024 * 1024);
    watch.add(this);
    this.#session.on('stream', guarded(this.#session, this.#onStream));
    // A client broke the protocol or a limit: its session is gone, nothing else.
    this.#session.on('error', (error) =>
      log('warn', `a connection of ${peer.remoteAddress} was closed: ${error.message}`),
    );
    this.#session.on('close', () => watch.remove(this));
    this.#socket = socket;
    this.#watch = watch;
  }

  get idle(): boolean {
    return this.#open === 0;
  }

  check(now: number): void {
    if (this.#open === 0 && now - this.#idleSince > this.#limits.idleMs) this.#session.close();
    if (isDisconnected(this.#socket)) this.#leave();
    for (const exchange of this.#exchanges) exchange.check(now);
  }

  /** A stream that was ended keeps its bytes until the client is told. One that reads nothing of its connection is never told. */
  relieve(): void {
    if (this.#isRelieving) return;
    this.#isRelieving = true;
    setTimeout(() => {
      this.#isRelieving = false;
      if (!this.#session.destroyed && (this.#session.state.outboundQueueSize ?? 0) > 0) this.#leave();
    }, RELIEF_MS);
  }

  #leave(): void {
    for (const exchange of this.#exchanges) exchange.disconnected();
    this.#exchanges.clear();
    this.#session.destroy();
    this.#socket.destroy();
    this.#watch.remove(this);
  }

  drain(): void {
    this.#isDraining = true;
    // GOAWAY; streams under way are finished.
    this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
  }

  readonly #onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number): void => {
    this.#open += 1;
    stream.on('close', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#idleSince = performance.now();
    });
    const head = readHead(headers);
    if (this.#isDraining || 'reason' in head) {
      stream.on('error', () => undefined); // The client may be gone.
      if (stream.destroyed || stream.closed) return;
      if ('reason' in head) this.#refuse(stream, head);
      else stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    const endsAfterHeaders = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const { authority, host, fields } = head;
    const exchange = new Http2Exchange(
      stream,
      headers,
      fields,
      authority,
      host,
      endsAfterHeaders,
      this.#peer,
      this.#limits,
      this,
    );
    this.#exchanges.add(exchange);
    const leave = admission.enter(this, () => this.#handle(exchange));
    stream.on('close', () => {
      this.#exchanges.delete(exchange);
      leave();
    });
  };

  #refuse(stream: ServerHttp2Stream, { status, reason }: Refusal): void {
    log('warn', `refused a request of ${this.#peer.remoteAddress}: ${status}, ${reason}`);
    stream.respond({ ':status': status, server: 'kojibox', 'content-type': 'text/plain; charset=utf-8' });
    stream.end(refusalText(status, reason));
    // What is left of its body is dropped.
    stream.on('data', () => undefined);
    stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  }
}

/**
 * True when the client has reset the connection. In the middle of a write node:http2 does not read, and over TLS the error of the write is
 * lost: nothing else would tell, and the work behind the streams would run until `stalledMs`. Seen with Node 24.
 */
function isDisconnected(socket: Duplex): boolean {
  const { _handle: handle } = socket as Duplex & { readonly _handle?: { getpeername?(out: object): number } | null };
  // getpeername(2): ENOTCONN when there is no other side.
  return handle?.getpeername !== undefined && handle.getpeername({}) < 0;
}
