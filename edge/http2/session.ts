/** One client connection that speaks HTTP/2. */
import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Exchange, Peer } from '../exchange.ts';
import { hostOf } from '../sites.ts';
import type { ConnectionWatch, Watched } from '../watch.ts';
import { Http2Exchange } from './exchange.ts';

const IDLE_MS = 120_000;
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export class Http2Connection implements Watched {
  readonly #session: ServerHttp2Session;
  readonly #peer: Peer;
  readonly #handle: (exchange: Exchange) => void;
  #open = 0;
  #isDraining = false;
  #idleSince = performance.now();

  constructor(socket: TLSSocket, peer: Peer, watch: ConnectionWatch, handle: (exchange: Exchange) => void) {
    this.#peer = peer;
    this.#handle = handle;
    this.#session = performServerHandshake(socket, {
      // Room for an upload at full speed; extended CONNECT is not offered, so WebSocket comes over HTTP/1.1 (RFC 8441 section 3).
      settings: { maxConcurrentStreams: 128, initialWindowSize: 1024 * 1024, maxHeaderListSize: 64 * 1024 },
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
    });
    this.#session.setLocalWindowSize(4 * 1024 * 1024);
    watch.add(this);
    this.#session.on('stream', this.#onStream);
    this.#session.on('error', () => undefined); // A client broke the protocol: its session is gone, nothing else.
    this.#session.on('close', () => watch.remove(this));
  }

  get idle(): boolean {
    return this.#open === 0;
  }

  check(now: number): void {
    if (this.#open === 0 && now - this.#idleSince > IDLE_MS) this.#session.close();
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
    const authority = headers[':authority'] ?? headers.host;
    const host = hostOf(authority);
    const target = headers[':path'];
    const method = headers[':method'];
    // nghttp2 has checked what RFC 9113 demands; the rest is as strict as for HTTP/1.1.
    const hostDiffers = headers[':authority'] !== undefined && headers.host !== undefined && headers.host !== authority;
    const status =
      authority === undefined || host === null || hostDiffers || method === undefined || !METHOD.test(method)
        ? 400
        : target === undefined || !(TARGET.test(target) || (target === '*' && method === 'OPTIONS'))
          ? 400
          : method === 'CONNECT' || method === 'TRACE'
            ? 405
            : headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue'
              ? 417
              : null;
    if (status !== null || authority === undefined || host === null || this.#isDraining) {
      stream.on('error', () => undefined); // The client may be gone; there is nobody to tell.
      if (stream.destroyed) return;
      if (this.#isDraining) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else stream.respond({ ':status': status ?? 400, 'content-length': '0' }, { endStream: true });
      return;
    }
    const endsAfterHeaders = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    this.#handle(new Http2Exchange(stream, headers, authority, host, endsAfterHeaders, this.#peer));
  };
}
