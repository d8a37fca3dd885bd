/** A stream of HTTP/2 and its answer. Framing and header compression are node:http2's (nghttp2). */
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { backlog, type Carrier, type ClientConnection } from '../backlog.ts';
import { BaseExchange } from '../base-exchange.ts';
import { contained } from '../boundary.ts';
import type { BodyConsumer, Field, Peer, RequestBody } from '../exchange.ts';
import { log } from '../log.ts';
import type { ResponseHead } from '../response-head.ts';

/** What a client may send of one body before the service has taken it. Measured: full speed on loopback. */
export const STREAM_WINDOW_BYTES = 128 * 1024;

export interface Http2Limits {
  /** A connection without a stream. */
  readonly idleMs: number;
  /** Between two pieces of a body. */
  readonly bodyMs: number;
  /** A client that takes nothing of an answer for so long is gone. */
  readonly stalledMs: number;
}

export class Http2Exchange extends BaseExchange implements Carrier {
  readonly protocol = 'HTTP/2.0';
  readonly body: RequestBody | null;
  readonly wantsWebSocket = false;
  readonly connection: ClientConnection;
  readonly #stream: ServerHttp2Stream;
  readonly #limits: Http2Limits;
  #written = 0;
  /** Bytes of the body that were handed on. */
  #bodyTaken = 0;
  /** What the client may have sent of the body while nothing takes it; 0: it is taken. */
  #bodyWaiting = 0;
  #takenAtLastCheck = 0;
  /** Monotonic milliseconds. */
  #takenAt = 0;
  #bodyDeadline = Infinity;

  /** @param host the authority without its port */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    fields: readonly Field[],
    authority: string,
    host: string,
    endsAfterHeaders: boolean,
    peer: Peer,
    limits: Http2Limits,
    connection: ClientConnection,
  ) {
    super({
      method: headers[':method'] as string,
      target: headers[':path'] as string,
      authority,
      host,
      fields,
      peer,
    });
    this.connection = connection;
    this.#stream = stream;
    this.#limits = limits;
    const length = headers['content-length'];
    this.body = endsAfterHeaders
      ? null
      : {
          length: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null,
          consume: (consumer) => this.#consume(consumer, headers.expect !== undefined),
          resume: () => this.#resume(),
        };
    stream.on('drain', () => this.#account());
    this.#waitWithBody();
    stream.on('close', () => this.disconnected());
    stream.on('error', () => undefined); // The client broke the stream off; 'close' follows and says so to whoever waits.
  }

  /** Called when the stream is closed, or its connection. */
  disconnected(): void {
    backlog.release(this);
    this.left();
    if (!this.#stream.destroyed) this.#stream.destroy();
  }

  get name(): string {
    return `${this.method} https://${this.authority}${this.path}`;
  }

  get taken(): number {
    return this.#written - this.#stream.writableLength + this.#bodyTaken;
  }

  /** Called every second. @param now monotonic milliseconds */
  check(now: number): void {
    const { taken } = this;
    if (this.#stream.writableLength === 0 || taken !== this.#takenAtLastCheck || this.#takenAt === 0) {
      this.#takenAtLastCheck = taken;
      this.#takenAt = now;
    } else if (now - this.#takenAt > this.#limits.stalledMs) {
      log('warn', `${this.name}: the client has taken nothing for ${this.#limits.stalledMs / 1000} s`);
      this.breakOff();
    }
    if (now > this.#bodyDeadline) {
      this.#bodyDeadline = Infinity;
      this.giveUp(408);
    }
  }

  takeOver(): { readonly stream: Duplex; readonly early: Buffer } {
    throw new Error('a stream of HTTP/2 cannot be taken over');
  }

  /** What the client said in its SETTINGS (RFC 9113 section 6.5.2). */
  protected get maxHeadBytes(): number {
    return this.#stream.session?.remoteSettings.maxHeaderListSize ?? Infinity;
  }

  protected get isFull(): boolean {
    return this.#stream.writableNeedDrain;
  }

  protected awaitWritable(callback: () => void): void {
    this.#stream.once('drain', contained(this, callback));
  }

  protected transmitWhole(head: ResponseHead, length: number, content: Buffer | null): void {
    const headers = toHeaders(head);
    if (head.status !== 204 && head.status !== 304 && head.status !== 205) headers['content-length'] = String(length);
    const isBare = content === null || content.length === 0;
    if (this.#respond(headers, isBare) && !isBare) {
      this.#stream.end(content);
      this.#written += content.length;
      this.#account();
    }
    this.#dropBody();
  }

  protected transmitHead(head: ResponseHead, hasBody: boolean): void {
    const headers = toHeaders(head);
    if (head.length !== null && head.status !== 204 && head.status !== 304 && head.status !== 205)
      headers['content-length'] = String(head.length);
    this.#respond(headers, !hasBody);
  }

  protected transmitData(data: Buffer): boolean {
    if (this.#stream.destroyed) return true;
    const isWritable = this.#stream.write(data);
    this.#written += data.length;
    if (!isWritable) this.#account();
    return isWritable;
  }

  protected transmitEnd(hasBody: boolean): void {
    if (hasBody && !this.#stream.destroyed) this.#stream.end();
    this.#dropBody();
  }

  breakOff(): void {
    // Not `close`: that ends the stream in order before it resets it, and the client takes half for whole.
    if (!this.#stream.destroyed) this.#stream.destroy(new Error('broken off'));
  }

  #account(): void {
    if (!this.#stream.destroyed) backlog.hold(this, this.#stream.writableLength + this.#bodyWaiting);
  }

  /** node:http2 takes what the window allows, whether it is wanted or not. */
  #waitWithBody(): void {
    if (this.body === null) return;
    this.#bodyWaiting = Math.min(this.body.length ?? STREAM_WINDOW_BYTES, STREAM_WINDOW_BYTES);
    this.#account();
  }

  #takeBody(): void {
    this.#bodyWaiting = 0;
    this.#account();
  }

  #resume(): void {
    this.#takeBody();
    this.#bodyDeadline = performance.now() + this.#limits.bodyMs;
    this.#stream.resume();
  }

  /** @returns false when the client has reset the stream; its 'close' follows */
  #respond(headers: OutgoingHttpHeaders, endStream: boolean): boolean {
    if (this.#stream.destroyed || this.#stream.closed) return false;
    this.#stream.respond(headers, { endStream });
    return true;
  }

  /** An answer that does not wait for the body: the client is asked to stop sending (RFC 9113 section 8.1). */
  #dropBody(): void {
    const stream = this.#stream;
    if (this.body === null || stream.readableEnded || stream.destroyed) return;
    this.#takeBody();
    stream.on('data', () => undefined);
    stream.once('finish', () => {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  #consume(consumer: BodyConsumer, sendContinue: boolean): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    this.#takeBody();
    this.#bodyDeadline = performance.now() + this.#limits.bodyMs;
    if (sendContinue && !stream.headersSent) stream.additionalHeaders({ ':status': 100 });
    stream.on(
      'data',
      contained(this, (data: Buffer) => {
        // While the service is slow the client need not hurry.
        const mayGoOn = consumer.content(data);
        this.#bodyDeadline = mayGoOn ? performance.now() + this.#limits.bodyMs : Infinity;
        this.#bodyTaken += data.length;
        if (mayGoOn) return;
        stream.pause();
        this.#waitWithBody();
      }),
    );
    stream.on(
      'end',
      contained(this, () => {
        this.#bodyDeadline = Infinity;
        consumer.end();
      }),
    );
  }
}

/** Without a prototype: names come from outside. */
function toHeaders({ status, fields }: ResponseHead): OutgoingHttpHeaders {
  const headers = Object.create(null) as OutgoingHttpHeaders;
  headers[':status'] = status;
  headers['server'] = 'kojibox';
  for (const [name, value] of fields) {
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else headers[name] = Array.isArray(known) ? [...known, value] : [String(known), value];
  }
  return headers;
}
