/** A stream of HTTP/2 and its answer. Framing and header compression are node:http2's (nghttp2). */
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import {
  fieldOf,
  HOP_BY_HOP,
  type BodyConsumer,
  type Exchange,
  type Field,
  type Peer,
  type RequestBody,
} from '../exchange.ts';

const NO_CONTENT = (status: number): boolean => status === 204 || status === 304;

export class Http2Exchange implements Exchange {
  readonly protocol = 'HTTP/2.0';
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  readonly host: string;
  readonly fields: readonly Field[];
  readonly peer: Peer;
  readonly body: RequestBody | null;
  readonly wantsWebSocket = false;
  readonly #stream: ServerHttp2Stream;
  #started = false;
  #aborted = false;
  #ended = false;
  #hasBody = true;
  #abortCallbacks: (() => void)[] = [];

  /** @param host the authority without its port */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    authority: string,
    host: string,
    endsAfterHeaders: boolean,
    peer: Peer,
  ) {
    this.#stream = stream;
    this.method = headers[':method'] as string;
    this.target = headers[':path'] as string;
    const question = this.target.indexOf('?');
    this.path = question === -1 ? this.target : this.target.slice(0, question);
    this.query = question === -1 ? '' : this.target.slice(question + 1);
    this.authority = authority;
    this.host = host;
    this.peer = peer;
    this.fields = fieldsOf(headers, authority);
    const length = headers['content-length'];
    this.body = endsAfterHeaders
      ? null
      : {
          length: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null,
          consume: (consumer) => this.#consume(consumer, headers.expect === '100-continue'),
          resume: () => void stream.resume(),
        };
    stream.on('close', () => this.#leave());
    stream.on('error', () => undefined); // The client broke the stream off; 'close' follows and says so to whoever waits.
  }

  get started(): boolean {
    return this.#started;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  field(name: string): string | undefined {
    return fieldOf(this.fields, name);
  }

  onAbort(callback: () => void): void {
    if (this.#aborted) callback();
    else this.#abortCallbacks.push(callback);
  }

  send(status: number, fields: readonly Field[], body: Buffer | string | null): void {
    if (this.#started || this.#aborted) {
      this.abort();
      return;
    }
    const data = typeof body === 'string' ? Buffer.from(body) : body;
    const isBare = data === null || data.length === 0 || this.method === 'HEAD' || NO_CONTENT(status);
    const headers = this.#headers(status, fields);
    const declared = this.method === 'HEAD' ? fieldOf(fields, 'content-length') : undefined;
    if (NO_CONTENT(status)) delete headers['content-length'];
    else headers['content-length'] = declared ?? String(data?.length ?? 0);
    this.#started = true;
    this.#ended = true;
    if (isBare) {
      this.#stream.respond(headers, { endStream: true });
    } else {
      this.#stream.respond(headers);
      this.#stream.end(data);
    }
    this.#dropBody();
  }

  begin(status: number, fields: readonly Field[]): void {
    if (this.#started || this.#aborted) {
      this.abort();
      return;
    }
    this.#started = true;
    this.#hasBody = this.method !== 'HEAD' && !NO_CONTENT(status);
    this.#stream.respond(this.#headers(status, fields), { endStream: !this.#hasBody });
  }

  write(data: Buffer): boolean {
    return this.#aborted || !this.#hasBody || this.#stream.write(data);
  }

  whenWritable(callback: () => void): void {
    if (this.#aborted || !this.#stream.writableNeedDrain) callback();
    else this.#stream.once('drain', callback);
  }

  end(): void {
    if (this.#aborted || this.#ended) return;
    this.#ended = true;
    if (this.#hasBody) this.#stream.end();
    this.#dropBody();
  }

  abort(): void {
    // Not `close`: that ends the stream in order before it resets it, and the client takes half for whole.
    if (!this.#stream.destroyed) this.#stream.destroy(new Error('broken off'));
  }

  takeOver(): { readonly stream: Duplex; readonly early: Buffer } {
    throw new Error('a stream of HTTP/2 cannot be taken over');
  }

  /** An answer that does not wait for the body: the client is told to stop sending (RFC 9113 section 8.1). */
  #dropBody(): void {
    if (this.body === null || this.#stream.readableEnded) return;
    this.#stream.on('data', () => undefined);
    this.#stream.once('finish', () => {
      if (!this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  #consume(consumer: BodyConsumer, sendContinue: boolean): void {
    if (sendContinue && !this.#started) this.#stream.additionalHeaders({ ':status': 100 });
    this.#stream.on('data', (data: Buffer) => {
      if (!consumer.content(data)) this.#stream.pause();
    });
    this.#stream.on('end', () => consumer.end());
  }

  #leave(): void {
    if (this.#ended || this.#aborted) return;
    this.#aborted = true;
    const callbacks = this.#abortCallbacks;
    this.#abortCallbacks = [];
    for (const callback of callbacks) callback();
  }

  #headers(status: number, fields: readonly Field[]): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = { ':status': status, server: 'kojibox' };
    for (const [name, value] of fields) {
      if (HOP_BY_HOP.has(name) || name === 'server') continue;
      const known = headers[name];
      if (known === undefined) headers[name] = value;
      else headers[name] = Array.isArray(known) ? [...known, value] : [String(known), value];
    }
    return headers;
  }
}

/** As HTTP/1.1 would have sent them: the authority as Host. Names are in lower case already (RFC 9113 section 8.2). */
function fieldsOf(headers: IncomingHttpHeaders, authority: string): Field[] {
  const fields: Field[] = [['host', authority]];
  for (const name in headers) {
    const value = headers[name];
    if (name.charCodeAt(0) === 0x3a || name === 'host' || value === undefined) continue;
    if (typeof value === 'string') fields.push([name, value]);
    else for (const each of value) fields.push([name, each]);
  }
  return fields;
}
