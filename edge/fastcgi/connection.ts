/** A connection to a FastCGI server: one request at a time, kept open between them (FCGI_KEEP_CONN). */
import type { Socket } from 'node:net';
import { connectToOwned } from './owned-socket.ts';
import { EMPTY_STDIN, RECORD, RecordReader, stdinHeader } from './protocol.ts';

/** Whoever has a request on the connection. */
export interface ConnectionUser {
  /** What one read of the socket brought. `ended`: the answer is whole; then the connection is free again. */
  output(data: Buffer, ended: boolean): void;
  /** Text for the error log. */
  errors(data: Buffer): void;
  /** The request came to nothing. @param received something of an answer had come */
  failed(error: NodeJS.ErrnoException, received: boolean): void;
  /** More of the body may be sent. */
  drained(): void;
}

const MAX_STDIN = 65_535;
const NOTHING = Buffer.alloc(0);

export class FastcgiConnection {
  /** True when it has answered a request before: its end may then only mean that the server was restarted. */
  used = false;
  readonly #socket: Socket;
  readonly #onClosed: (connection: FastcgiConnection) => void;
  readonly #records = new RecordReader();
  #user: ConnectionUser | null = null;
  #received = false;
  #error: NodeJS.ErrnoException | null = null;

  constructor(path: string, onClosed: (connection: FastcgiConnection) => void) {
    this.#onClosed = onClosed;
    this.#socket = connectToOwned(path);
    this.#socket.on('data', (data: Buffer) => this.#onData(data));
    this.#socket.on('drain', () => this.#user?.drained());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => void (this.#error = error));
    this.#socket.on('close', () => {
      this.#onClosed(this);
      this.#fail(this.#error ?? Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' }));
    });
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** @param request records up to the end of the parameters, and the empty body when there is none; latin1 */
  begin(user: ConnectionUser, request: string): void {
    this.#user = user;
    this.#received = false;
    this.#socket.write(request, 'latin1');
  }

  whenOpen(callback: () => void): void {
    if (this.#socket.connecting) this.#socket.once('connect', callback);
    else callback();
  }

  /** False: wait for `drained`. */
  sendBody(data: Buffer): boolean {
    const socket = this.#socket;
    socket.cork();
    for (let at = 0; at < data.length; at += MAX_STDIN) {
      const content = data.length <= MAX_STDIN ? data : data.subarray(at, at + MAX_STDIN);
      socket.write(stdinHeader(content.length), 'latin1');
      socket.write(content);
    }
    socket.uncork();
    return !socket.writableNeedDrain;
  }

  endBody(): void {
    this.#socket.write(EMPTY_STDIN, 'latin1');
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Also how a request is aborted: php-fpm does not read FCGI_ABORT_REQUEST while a script runs, but notices a closed connection. */
  destroy(): void {
    this.#user = null;
    this.#socket.destroy();
  }

  #onData(data: Buffer): void {
    const user = this.#user;
    if (user === null) {
      // No one asked: the server and we no longer agree where one answer ends.
      this.#socket.destroy();
      return;
    }
    this.#received = true;
    let only: Buffer | null = null;
    let parts: Buffer[] | null = null;
    const state = this.#records.push(data, (type, content) => {
      if (type === RECORD.STDERR) {
        user.errors(content);
      } else if (type === RECORD.STDOUT) {
        if (only === null) only = content;
        else (parts ??= [only]).push(content);
      }
    });
    if (state === 'malformed') {
      this.#error = Object.assign(new Error('the server does not speak FastCGI'), { code: 'EPROTO' });
      this.#socket.destroy();
      return;
    }
    const output = parts === null ? (only ?? NOTHING) : Buffer.concat(parts);
    if (state === 'ended') {
      this.#user = null;
      this.used = true;
    }
    if (state === 'ended' || output.length > 0) user.output(output, state === 'ended');
  }

  #fail(error: NodeJS.ErrnoException): void {
    const user = this.#user;
    this.#user = null;
    user?.failed(error, this.#received);
  }
}
