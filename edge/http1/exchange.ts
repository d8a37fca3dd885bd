/** A request of HTTP/1.x and its answer. */
import type { Duplex } from 'node:stream';
import { fieldOf, type BodyConsumer, type Exchange, type Field, type Peer, type RequestBody } from '../exchange.ts';
import type { Http1Connection } from './connection.ts';
import type { RequestHead } from './head.ts';
import { hasNoContent, responseHead } from './response.ts';

/** Up to here head and body go out as one text: one write is cheaper than two. */
const ONE_WRITE_BYTES = 16 * 1024;

export class Http1Exchange implements Exchange {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  readonly host: string;
  readonly fields: readonly Field[];
  readonly peer: Peer;
  readonly body: RequestBody | null;
  readonly wantsWebSocket: boolean;
  readonly #connection: Http1Connection;
  readonly #keepAlive: boolean;
  #started = false;
  #ended = false;
  #aborted = false;
  #abortCallbacks: (() => void)[] = [];
  #writable: (() => void) | null = null;
  /** How the body is framed, once it has begun. */
  #framing: 'length' | 'chunked' | 'close' | 'none' = 'none';
  /** Bytes still owed under `length`. */
  #left = 0;
  #closes = false;

  constructor(connection: Http1Connection, head: RequestHead) {
    this.#connection = connection;
    this.protocol = head.minorVersion === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
    this.method = head.method;
    this.target = head.target;
    const question = head.target.indexOf('?');
    this.path = question === -1 ? head.target : head.target.slice(0, question);
    this.query = question === -1 ? '' : head.target.slice(question + 1);
    this.authority = head.authority;
    this.host = head.host;
    this.fields = head.fields;
    this.peer = connection.peer;
    this.wantsWebSocket = head.wantsWebSocket;
    this.#keepAlive = head.keepAlive;
    this.body =
      head.contentLength === 0
        ? null
        : {
            length: head.contentLength,
            consume: (consumer) => this.#consume(consumer, head.expectsContinue),
            resume: () => connection.resumeBody(),
          };
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
    this.#started = true;
    const { socket } = this.#connection;
    const data = typeof body === 'string' ? Buffer.from(body) : body;
    let length = '';
    if (!hasNoContent(status)) {
      const declared = this.method === 'HEAD' ? fieldOf(fields, 'content-length') : undefined;
      length = `content-length: ${declared ?? data?.length ?? 0}\r\n`;
    }
    const head = responseHead(status, fields, length + this.#connectionLine());
    if (data === null || data.length === 0 || this.method === 'HEAD' || hasNoContent(status)) {
      socket.write(head, 'latin1');
    } else if (data.length <= ONE_WRITE_BYTES) {
      socket.write(head + data.toString('latin1'), 'latin1');
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(data);
      socket.uncork();
    }
    this.#finish();
  }

  begin(status: number, fields: readonly Field[]): void {
    if (this.#started || this.#aborted) {
      this.abort();
      return;
    }
    this.#started = true;
    const declared = fieldOf(fields, 'content-length');
    let framing = '';
    if (hasNoContent(status)) {
      this.#framing = 'none';
    } else if (declared !== undefined && /^\d{1,15}$/.test(declared)) {
      this.#framing = this.method === 'HEAD' ? 'none' : 'length';
      this.#left = Number(declared);
      framing = `content-length: ${declared}\r\n`;
    } else if (this.method === 'HEAD') {
      this.#framing = 'none';
    } else if (this.protocol === 'HTTP/1.1') {
      this.#framing = 'chunked';
      framing = 'transfer-encoding: chunked\r\n';
    } else {
      this.#framing = 'close';
      this.#closes = true;
    }
    this.#connection.socket.write(responseHead(status, fields, framing + this.#connectionLine()), 'latin1');
  }

  write(data: Buffer): boolean {
    if (this.#aborted || this.#ended) return true;
    if (this.#framing === 'none' || data.length === 0) return true;
    const { socket } = this.#connection;
    if (this.#framing === 'chunked') {
      socket.cork();
      socket.write(`${data.length.toString(16)}\r\n`, 'latin1');
      socket.write(data);
      const writable = socket.write('\r\n', 'latin1');
      socket.uncork();
      return writable;
    }
    if (this.#framing === 'length') {
      // More than was announced would be read as the next answer.
      if (data.length > this.#left) {
        this.abort();
        return true;
      }
      this.#left -= data.length;
    }
    return socket.write(data);
  }

  whenWritable(callback: () => void): void {
    if (this.#aborted || !this.#connection.socket.writableNeedDrain) callback();
    else this.#writable = callback;
  }

  end(): void {
    if (this.#aborted || this.#ended) return;
    if (this.#framing === 'length' && this.#left > 0) {
      this.abort();
      return;
    }
    if (this.#framing === 'chunked') this.#connection.socket.write('0\r\n\r\n', 'latin1');
    this.#finish();
  }

  abort(): void {
    if (!this.#ended) this.#connection.destroy();
  }

  takeOver(): { readonly stream: Duplex; readonly early: Buffer } {
    this.#started = true;
    return { stream: this.#connection.socket, early: this.#connection.detach() };
  }

  /** Called by the connection. */
  clientLeft(): void {
    if (this.#aborted || this.#ended) return;
    this.#aborted = true;
    this.#writable = null;
    const callbacks = this.#abortCallbacks;
    this.#abortCallbacks = [];
    for (const callback of callbacks) callback();
  }

  /** Called by the connection. */
  drained(): void {
    const callback = this.#writable;
    this.#writable = null;
    callback?.();
  }

  #consume(consumer: BodyConsumer, sendContinue: boolean): void {
    if (sendContinue && !this.#started) this.#connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    this.#connection.consumeBody(consumer);
  }

  #connectionLine(): string {
    // What is left of a body that nobody read cannot be told from the next request.
    this.#closes ||= !this.#keepAlive || this.#connection.isDraining || this.#connection.bodyIsPending;
    if (this.#closes) return 'connection: close\r\n';
    return this.protocol === 'HTTP/1.0' ? 'connection: keep-alive\r\n' : '';
  }

  #finish(): void {
    this.#ended = true;
    this.#abortCallbacks = [];
    this.#connection.answered(!this.#closes);
  }
}
