/** A request of HTTP/1.x and its answer. */
import type { Duplex } from 'node:stream';
import { BaseExchange } from '../base-exchange.ts';
import type { BodyConsumer, RequestBody } from '../exchange.ts';
import type { ResponseHead } from '../response-head.ts';
import type { Http1Connection } from './connection.ts';
import type { RequestHead } from './head.ts';
import { responseHead } from './response.ts';

/** Up to here head and body go out as one text: one write is cheaper than two. */
const ONE_WRITE_BYTES = 16 * 1024;

export class Http1Exchange extends BaseExchange {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  readonly body: RequestBody | null;
  readonly wantsWebSocket: boolean;
  protected readonly maxHeadBytes = Infinity;
  readonly #connection: Http1Connection;
  readonly #keepAlive: boolean;
  #writable: (() => void) | null = null;
  #isChunked = false;
  #hasStarted = false;
  #closes = false;

  constructor(connection: Http1Connection, head: RequestHead) {
    super({ ...head, peer: connection.peer });
    this.#connection = connection;
    this.protocol = head.minorVersion === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
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

  takeOver(): { readonly stream: Duplex; readonly early: Buffer } {
    this.#hasStarted = true;
    this.tookOver(101);
    return { stream: this.#connection.socket, early: this.#connection.detach() };
  }

  /** Called by the connection. */
  drained(): void {
    const callback = this.#writable;
    this.#writable = null;
    callback?.();
  }

  protected get isFull(): boolean {
    return this.#connection.socket.writableNeedDrain;
  }

  protected awaitWritable(callback: () => void): void {
    this.#writable = callback;
  }

  protected transmitWhole(head: ResponseHead, length: number, content: Buffer | null): void {
    this.#hasStarted = true;
    const { socket } = this.#connection;
    const text = responseHead(head, this.#framing(head.status, length) + this.#connectionLine());
    if (content === null || content.length === 0) {
      socket.write(text, 'latin1');
    } else if (content.length <= ONE_WRITE_BYTES) {
      socket.write(text + content.toString('latin1'), 'latin1');
    } else {
      socket.cork();
      socket.write(text, 'latin1');
      if (!socket.write(content)) this.#connection.hold();
      socket.uncork();
    }
    this.#connection.answered(!this.#closes);
  }

  protected transmitHead(head: ResponseHead, hasBody: boolean): void {
    this.#hasStarted = true;
    let framing = '';
    if (!hasBody || head.length !== null) {
      framing = this.#framing(head.status, head.length);
    } else if (this.protocol === 'HTTP/1.1') {
      this.#isChunked = true;
      framing = 'transfer-encoding: chunked\r\n';
    } else {
      // HTTP/1.0 has no chunks: the end of the connection is the end of the body.
      this.#closes = true;
    }
    this.#connection.socket.write(responseHead(head, framing + this.#connectionLine()), 'latin1');
  }

  protected transmitData(data: Buffer): boolean {
    const { socket } = this.#connection;
    let isWritable: boolean;
    if (this.#isChunked) {
      socket.cork();
      socket.write(`${data.length.toString(16)}\r\n`, 'latin1');
      socket.write(data);
      isWritable = socket.write('\r\n', 'latin1');
      socket.uncork();
    } else {
      isWritable = socket.write(data);
    }
    if (!isWritable) this.#connection.hold();
    return isWritable;
  }

  protected transmitEnd(): void {
    if (this.#isChunked) this.#connection.socket.write('0\r\n\r\n', 'latin1');
    this.#connection.answered(!this.#closes);
  }

  protected breakOff(): void {
    this.#writable = null;
    this.#connection.destroy();
  }

  /** RFC 9110 section 8.6: none for 204; RFC 9112 section 6.3 needs one for 205, which has no body either. */
  #framing(status: number, length: number | null): string {
    if (status === 204 || status === 304) return '';
    if (status === 205) return 'content-length: 0\r\n';
    return length === null ? '' : `content-length: ${length}\r\n`;
  }

  #consume(consumer: BodyConsumer, sendContinue: boolean): void {
    if (sendContinue && !this.#hasStarted) this.#connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    this.#connection.consumeBody(consumer);
  }

  #connectionLine(): string {
    // What is left of a body that no one read cannot be told from the next request.
    this.#closes ||= !this.#keepAlive || this.#connection.isDraining || this.#connection.bodyIsPending;
    if (this.#closes) return 'connection: close\r\n';
    return this.protocol === 'HTTP/1.0' ? 'connection: keep-alive\r\n' : '';
  }
}
