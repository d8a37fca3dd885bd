/** What an answer goes through over either protocol: one head, checked; a body of the length that was announced; one end. */
import { describe } from './boundary.ts';
import type { ErrorDetails } from './error-page.ts';
import { fail, fieldOf, type Exchange, type Field, type Outcome, type Peer, type RequestBody } from './exchange.ts';
import { log } from './log.ts';
import { forbidsContent, prepareHead, type ResponseHead } from './response-head.ts';

export abstract class BaseExchange implements Exchange {
  abstract readonly protocol: Exchange['protocol'];
  abstract readonly body: RequestBody | null;
  abstract readonly wantsWebSocket: boolean;
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  readonly host: string;
  readonly fields: readonly Field[];
  readonly peer: Peer;
  site: string | null = null;
  project: string | null = null;
  service: string | null = null;
  /** Called once, when nothing more is sent. */
  onOver: ((outcome: Outcome) => void) | null = null;
  #started = false;
  #aborted = false;
  #ended = false;
  #gaveUp = false;
  #status: number | null = null;
  #bytes = 0;
  /** Of the body: bytes that are still owed; null when no length was announced. */
  #left: number | null = null;
  #hasBody = false;
  #abortCallbacks: (() => void)[] = [];

  constructor(request: {
    readonly method: string;
    readonly target: string;
    readonly authority: string;
    readonly host: string;
    readonly fields: readonly Field[];
    readonly peer: Peer;
  }) {
    const { target } = request;
    this.method = request.method;
    this.target = target;
    const question = target.indexOf('?');
    this.path = question === -1 ? target : target.slice(0, question);
    this.query = question === -1 ? '' : target.slice(question + 1);
    this.authority = request.authority;
    this.host = request.host;
    this.fields = request.fields;
    this.peer = request.peer;
  }

  get started(): boolean {
    return this.#started;
  }

  get aborted(): boolean {
    return this.#aborted || this.#gaveUp;
  }

  field(name: string): string | undefined {
    return fieldOf(this.fields, name);
  }

  onAbort(callback: () => void): void {
    if (this.aborted) callback();
    else this.#abortCallbacks.push(callback);
  }

  send(status: number, fields: readonly Field[], body: Buffer | string | null): void {
    const head = this.#begin(status, fields);
    if (head === null) return;
    const data = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0));
    const length = this.method === 'HEAD' ? (head.length ?? data.length) : data.length;
    const content = this.method === 'HEAD' || forbidsContent(status) ? null : data;
    this.#bytes = content?.length ?? 0;
    this.#ended = true;
    if (this.#transmit(() => this.transmitWhole(head, length, content))) this.#over();
  }

  begin(status: number, fields: readonly Field[]): void {
    const head = this.#begin(status, fields);
    if (head === null) return;
    this.#hasBody = this.method !== 'HEAD' && !forbidsContent(status);
    this.#left = this.#hasBody ? head.length : null;
    this.#transmit(() => this.transmitHead(head, this.#hasBody));
  }

  write(data: Buffer): boolean {
    if (this.#aborted || this.#ended || !this.#hasBody || data.length === 0) return true;
    // More than was announced would be read as the next answer.
    if (this.#left !== null && (this.#left -= data.length) < 0) {
      this.abort();
      return true;
    }
    this.#bytes += data.length;
    let isWritable = true;
    this.#transmit(() => void (isWritable = this.transmitData(data)));
    return isWritable;
  }

  whenWritable(callback: () => void): void {
    if (this.#aborted || !this.isFull) callback();
    else this.awaitWritable(callback);
  }

  end(): void {
    if (this.#aborted || this.#ended || !this.#started) return;
    if (this.#left !== null && this.#left > 0) {
      this.abort();
      return;
    }
    this.#ended = true;
    if (this.#transmit(() => this.transmitEnd(this.#hasBody))) this.#over();
  }

  abort(): void {
    if (this.#ended || this.#aborted) return;
    this.breakOff();
    this.left();
  }

  giveUp(status: number, details: Omit<ErrorDetails, 'status'> = {}): void {
    if (this.#aborted || this.#ended) return;
    // A client that takes not even the head of the page gets nothing.
    if (this.#started || this.#gaveUp) {
      this.abort();
      return;
    }
    this.#gaveUp = true;
    const callbacks = this.#takeCallbacks();
    fail(this, status, details);
    this.#notify(callbacks);
  }

  abstract takeOver(): ReturnType<Exchange['takeOver']>;

  /** @param length for Content-Length, where the status allows it; @param content null: no body is sent */
  protected abstract transmitWhole(head: ResponseHead, length: number, content: Buffer | null): void;
  protected abstract transmitHead(head: ResponseHead, hasBody: boolean): void;
  protected abstract transmitData(data: Buffer): boolean;
  protected abstract transmitEnd(hasBody: boolean): void;
  /** Ends what carries the answer, so that half an answer is not taken for a whole one. */
  protected abstract breakOff(): void;
  protected abstract readonly isFull: boolean;
  protected abstract awaitWritable(callback: () => void): void;
  /** Bytes that the client takes as the head of an answer at most. */
  protected abstract readonly maxHeadBytes: number;

  /** For `takeOver`: the head of the answer is written by who took over. */
  protected tookOver(status: number): void {
    this.#started = true;
    this.#status = status;
  }

  /** Called by the connection: the client has left. */
  left(): void {
    if (this.#aborted || this.#ended) return;
    this.#aborted = true;
    const callbacks = this.#takeCallbacks();
    this.#over();
    this.#notify(callbacks);
  }

  /** @returns null when there is nothing to send */
  #begin(status: number, fields: readonly Field[]): ResponseHead | null {
    if (this.#started || this.#aborted) {
      this.abort();
      return null;
    }
    const prepared = prepareHead(status, fields);
    const head =
      typeof prepared !== 'string' && prepared.bytes > this.maxHeadBytes
        ? `the head of its answer is larger than the ${Math.floor(this.maxHeadBytes / 1024)} kB that the browser takes`
        : prepared;
    if (typeof head === 'string') {
      log('error', `${this.method} https://${this.authority}${this.path}: ${this.service ?? 'the edge'}: ${head}`);
      this.giveUp(502, { ...(this.service === null ? {} : { service: this.service }), reason: head });
      return null;
    }
    this.#started = true;
    this.#status = status;
    return head;
  }

  /** The carrier may be gone, or refuse what was checked here: then this answer alone is broken off. */
  #transmit(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      log('error', `${this.method} https://${this.authority}${this.path}: ${describe(error)}`);
      this.#ended = false;
      this.abort();
      return false;
    }
  }

  #takeCallbacks(): (() => void)[] {
    const callbacks = this.#abortCallbacks;
    this.#abortCallbacks = [];
    return callbacks;
  }

  #notify(callbacks: readonly (() => void)[]): void {
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        log('error', `cannot end ${this.method} https://${this.authority}${this.path}: ${describe(error)}`);
      }
    }
  }

  #over(): void {
    const callback = this.onOver;
    this.onOver = null;
    this.#abortCallbacks = [];
    callback?.({ status: this.#status, bytes: this.#bytes, isBroken: this.#aborted });
  }
}
