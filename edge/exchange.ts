/** One request and its answer, the same over HTTP/1.1 and HTTP/2. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { renderError, type ErrorDetails } from './error-page.ts';
import type { RoutingTable } from './sites.ts';

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** Fields about one connection that an HTTP/2 answer must not have (RFC 9113 section 8.2.2), and that a proxy never passes on. */
export const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-authenticate',
  'proxy-authorization',
]);

type HeaderValues = Readonly<Record<string, string | readonly string[]>>;

export class Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly method: string;
  /** Path with query, as sent. */
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly table: RoutingTable;
  readonly #abort = new AbortController();

  constructor(request: Request, response: Response, host: string, table: RoutingTable) {
    this.request = request;
    this.response = response;
    this.method = request.method ?? 'GET';
    this.target = request.url ?? '/';
    const question = this.target.indexOf('?');
    this.path = question === -1 ? this.target : this.target.slice(0, question);
    this.query = question === -1 ? '' : this.target.slice(question + 1);
    this.host = host;
    this.table = table;
    response.on('close', () => {
      if (!response.writableFinished) this.#abort.abort();
    });
  }

  get headers(): Request['headers'] {
    return this.request.headers;
  }

  get isHttp2(): boolean {
    return this.request.httpVersionMajor === 2;
  }

  /** Aborts when the client goes away before the answer is whole. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get remoteAddress(): string {
    return this.request.socket.remoteAddress ?? '127.0.0.1';
  }

  get localPort(): number {
    return (this.request.socket as TLSSocket).localPort ?? 443;
  }

  /** True when the request may carry a body. */
  get hasBody(): boolean {
    if (this.isHttp2) return !(this.request as Http2ServerRequest).stream.endAfterHeaders;
    return this.headers['transfer-encoding'] !== undefined || Number(this.headers['content-length'] ?? 0) > 0;
  }

  /** Headers and, when it is known, the whole body. */
  send(status: number, headers: HeaderValues, body: Buffer | string | null): void {
    const { response } = this;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    this.writeHead(status, headers);
    if (body === null || this.method === 'HEAD') response.end();
    else (response as ServerResponse).end(body);
  }

  writeHead(status: number, headers: HeaderValues): void {
    const { response, isHttp2 } = this;
    for (const [name, value] of Object.entries(headers)) {
      if (isHttp2 && HOP_BY_HOP.has(name)) continue;
      response.setHeader(name, value as string | string[]);
    }
    (response as ServerResponse).writeHead(status);
  }

  /** Pipes a file or an upstream's answer; a source that breaks ends the connection, so that nobody takes half for whole. */
  stream(status: number, headers: HeaderValues, source: Readable): void {
    this.writeHead(status, headers);
    source.on('error', () => this.response.destroy());
    this.signal.addEventListener('abort', () => source.destroy(), { once: true });
    source.pipe(this.response as ServerResponse);
  }

  /** The friendly page. */
  fail(status: number, headers: HeaderValues = {}, details: Omit<ErrorDetails, 'status'> = {}): void {
    if (this.response.headersSent) {
      this.response.destroy();
      return;
    }
    const { type, body } = renderError({ status, ...details }, this.headers.accept ?? '');
    const answer = {
      ...headers,
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
    };
    // What is left of a refused body would be read as the next request.
    if (!this.isHttp2 && this.hasBody && !this.request.complete)
      (this.response as ServerResponse).setHeader('connection', 'close');
    this.send(status, answer, body);
  }
}
