/** One client connection that speaks HTTP/1.x: requests one after the other, their bodies, time limits, and how it ends. */
import type { Socket } from 'node:net';
import type { BodyConsumer, Exchange, Peer } from '../exchange.ts';
import { admission } from '../admission.ts';
import { backlog, type Carrier, type ClientConnection } from '../backlog.ts';
import { contain, guarded } from '../boundary.ts';
import { log } from '../log.ts';
import type { ConnectionWatch, Watched } from '../watch.ts';
import { BodyError, ChunkedDecoder, LengthDecoder, type BodyDecoder } from './body.ts';
import { Http1Exchange } from './exchange.ts';
import { findHeadEnd, hasBareLineEnd, MAX_HEAD_BYTES, parseHead, type Refusal } from './head.ts';
import { shortAnswer } from './response.ts';

export interface Http1Limits {
  /** From the first byte of a head to its end; what a slow client may hold. */
  readonly headMs: number;
  /** Without a request. Browsers keep a connection for about as long. */
  readonly idleMs: number;
  /** Between two pieces of a body. */
  readonly bodyMs: number;
  /** A client that takes nothing of its answer for so long is gone. */
  readonly stalledMs: number;
  /** Between our last byte and the client's. */
  readonly lingerMs: number;
}

export const HTTP1_LIMITS: Http1Limits = {
  headMs: 15_000,
  idleMs: 75_000,
  bodyMs: 60_000,
  stalledMs: 120_000,
  lingerMs: 2000,
};

/** Requests sent before the answer to an earlier one, in bytes. */
const MAX_PIPELINED_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class Http1Connection implements Watched, Carrier, ClientConnection {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly #handle: (exchange: Exchange) => void;
  readonly #watch: ConnectionWatch;
  readonly #limits: Http1Limits;
  /** Bytes that no one has taken yet: part of a head, a body no one wants yet, the next request. */
  #rest: Buffer = NOTHING;
  /** How far `#rest` was searched for the end of a head. */
  #searched = 0;
  #exchange: Http1Exchange | null = null;
  /** Gives back what the admission expects of the request that is under way. */
  #leave: () => void = () => undefined;
  #decoder: BodyDecoder | null = null;
  #consumer: BodyConsumer | null = null;
  #isHeldBack = false;
  /** The next request waits until the client has taken the answers before it. */
  #waitsForReader = false;
  #isAdvancing = false;
  #isClosing = false;
  #isDraining = false;
  /** Monotonic milliseconds. */
  #deadline: number;
  #takenAtLastCheck = 0;
  #stalledSince = 0;

  constructor(
    socket: Socket,
    peer: Peer,
    watch: ConnectionWatch,
    handle: (exchange: Exchange) => void,
    limits: Http1Limits = HTTP1_LIMITS,
  ) {
    this.socket = socket;
    this.peer = peer;
    this.#handle = handle;
    this.#watch = watch;
    this.#limits = limits;
    this.#deadline = performance.now() + limits.headMs;
    watch.add(this);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
  }

  get name(): string {
    const exchange = this.#exchange;
    return exchange === null
      ? this.peer.remoteAddress
      : `${exchange.method} https://${exchange.authority}${exchange.path}`;
  }

  get connection(): ClientConnection {
    return this;
  }

  /** For a carrier that is its connection, ending it is enough. */
  relieve(): void {
    this.destroy();
  }

  /** Of bytes that are handed over; `bytesWritten` counts what still waits too. */
  get taken(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  breakOff(): void {
    this.destroy();
  }

  /** Called by the exchange: what it has sent waits for the client. */
  hold(): void {
    backlog.hold(this, this.socket.writableLength);
  }

  get idle(): boolean {
    return this.#exchange === null;
  }

  /** Bytes of the request's body are still to come. */
  get bodyIsPending(): boolean {
    return this.#decoder !== null && !this.#decoder.done;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  readonly #onData = (data: Buffer): void => {
    if (this.#isClosing) return; // The client has our last answer; what it still sends is dropped.
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    this.#contain(() => this.#advance());
  };

  /** A client that sends no more does not wait for an answer either: browsers end a request this way. */
  readonly #onEnd = (): void => {
    this.#exchange?.left();
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    backlog.release(this);
    this.#leave();
    this.#watch.remove(this);
    this.#exchange?.left();
  };

  readonly #onDrain = (): void => {
    backlog.release(this);
    this.#contain(() => {
      this.#exchange?.drained();
      if (!this.#waitsForReader) return;
      this.#waitsForReader = false;
      this.socket.resume();
      this.#advance();
    });
  };

  /** An error costs the exchange that is under way, and without one the connection. */
  #contain(work: () => void): void {
    const exchange = this.#exchange;
    if (exchange === null) guarded(this.socket, work)();
    else contain(exchange, work);
  }

  #advance(): void {
    // Answers may come while the loop runs; it then continues by itself.
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      while (this.#step());
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** @returns true when there may be more to do */
  #step(): boolean {
    if (this.#isClosing || this.#rest.length === 0) return false;
    if (this.#exchange === null) return this.#takeHead();
    if (this.bodyIsPending) return this.#takeBody();
    if (this.#rest.length > MAX_PIPELINED_BYTES) this.socket.pause();
    return false;
  }

  #takeHead(): boolean {
    if (this.socket.writableNeedDrain) {
      this.#waitsForReader = true;
      this.#deadline = Infinity; // `stalledMs` holds.
      this.socket.pause();
      return false;
    }
    const data = this.#rest;
    if (this.#searched === 0) this.#deadline = performance.now() + this.#limits.headMs;
    const end = findHeadEnd(data, this.#searched);
    if (end === -1) {
      if (data.length > MAX_HEAD_BYTES) this.#refuse({ status: 431, reason: 'the head is too large' });
      else if (hasBareLineEnd(data, this.#searched))
        this.#refuse({ status: 400, reason: 'a line does not end with CRLF' });
      this.#searched = data.length;
      return false;
    }
    if (end > MAX_HEAD_BYTES) {
      this.#refuse({ status: 431, reason: 'the head is too large' });
      return false;
    }
    const head = parseHead(data.toString('latin1', 0, end));
    if ('reason' in head) {
      this.#refuse(head);
      return false;
    }
    this.#rest = end === data.length ? NOTHING : data.subarray(end);
    this.#searched = 0;
    this.#decoder =
      head.contentLength === null
        ? new ChunkedDecoder()
        : head.contentLength === 0
          ? null
          : new LengthDecoder(head.contentLength);
    this.#deadline = Infinity;
    const exchange = new Http1Exchange(this, head);
    this.#exchange = exchange;
    this.#leave = admission.enter(this, (leave) => {
      this.#leave = leave;
      this.#handle(exchange);
    });
    // Nothing of a body is read before someone wants it.
    if (this.#exchange === exchange && this.bodyIsPending && this.#consumer === null) this.socket.pause();
    return true;
  }

  #takeBody(): boolean {
    const [decoder, consumer] = [this.#decoder, this.#consumer];
    if (decoder === null || consumer === null || this.#isHeldBack) return false;
    this.#deadline = performance.now() + this.#limits.bodyMs;
    const data = this.#rest;
    try {
      const taken = decoder.take(data, (content) => {
        if (!consumer.content(content)) this.#isHeldBack = true;
      });
      this.#rest = taken === data.length ? NOTHING : data.subarray(taken);
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      const hasStarted = this.#exchange?.started === true;
      this.#exchange?.left();
      // In the middle of an answer the page would be read as a part of it.
      if (hasStarted) this.socket.destroy();
      else this.#refuse({ status: 400, reason: error.message });
      return false;
    }
    if (decoder.done) {
      this.#deadline = Infinity;
      this.#isHeldBack = false;
      consumer.end();
    } else if (this.#isHeldBack) {
      this.#deadline = Infinity; // The upstream is slow, not the client.
      this.socket.pause();
    }
    return true;
  }

  /** Called by the exchange: the body is wanted now. */
  consumeBody(consumer: BodyConsumer): void {
    this.#consumer = consumer;
    this.#deadline = performance.now() + this.#limits.bodyMs;
    this.socket.resume();
    this.#advance();
  }

  resumeBody(): void {
    if (!this.#isHeldBack || this.#isClosing) return;
    this.#isHeldBack = false;
    this.#deadline = performance.now() + this.#limits.bodyMs;
    this.socket.resume();
    this.#advance();
  }

  /** Called by the exchange: the answer is whole. */
  answered(keepAlive: boolean): void {
    if (this.#isClosing) return;
    const bodyIsPending = this.bodyIsPending;
    this.#leave();
    this.#exchange = null;
    this.#decoder = null;
    this.#consumer = null;
    this.#isHeldBack = false;
    if (!keepAlive || bodyIsPending || this.#isDraining) {
      this.#close();
      return;
    }
    this.#deadline = performance.now() + this.#limits.idleMs;
    if (this.socket.isPaused()) this.socket.resume();
    if (this.#rest.length > 0) this.#advance();
  }

  /** Gives the socket away; from here on this connection does nothing with it. */
  detach(): Buffer {
    this.socket.off('data', this.#onData);
    this.socket.off('end', this.#onEnd);
    this.socket.off('drain', this.#onDrain);
    this.#deadline = Infinity;
    this.#isClosing = true;
    return this.#rest;
  }

  check(now: number): void {
    const { socket } = this;
    if (socket.writableLength > 0) {
      if (this.taken !== this.#takenAtLastCheck || this.#stalledSince === 0) this.#stalledSince = now;
      this.#takenAtLastCheck = this.taken;
      if (now - this.#stalledSince > this.#limits.stalledMs) socket.destroy();
    } else {
      this.#stalledSince = 0;
    }
    if (now < this.#deadline) return;
    const isAtBody = this.#exchange !== null;
    if (this.#isClosing || (!isAtBody && this.#rest.length === 0)) {
      socket.destroy();
      return;
    }
    const hasStarted = this.#exchange?.started === true;
    this.#exchange?.left();
    if (hasStarted) socket.destroy();
    else this.#refuse({ status: 408, reason: 'the request took too long to arrive' });
  }

  drain(): void {
    this.#isDraining = true;
    if (this.#exchange === null) this.#close();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #refuse(refusal: Refusal | { status: 408; reason: string }): void {
    if (this.#isClosing) return;
    log('warn', `refused a request of ${this.peer.remoteAddress}: ${refusal.status}, ${refusal.reason}`);
    this.socket.write(shortAnswer(refusal.status, refusal.reason), 'latin1');
    this.#close();
  }

  /**
   * Our side first, then the client's: a connection that is closed with unread bytes is reset, and the client may lose the answer
   * (RFC 9112 section 9.6).
   */
  #close(): void {
    this.#isClosing = true;
    this.#rest = NOTHING;
    this.#deadline = performance.now() + this.#limits.lingerMs;
    this.socket.end();
    this.socket.resume();
  }
}
