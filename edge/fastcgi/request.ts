/** One request over FastCGI: parameters and body there, head and body back, with backpressure both ways. */
import { fail, type Exchange } from '../exchange.ts';
import { contain, contained } from '../boundary.ts';
import { log } from '../log.ts';
import { logForProject } from '../project-log.ts';
import { HEAD_TOO_LARGE, MAX_RESPONSE_HEAD_BYTES } from '../response-head.ts';
import type { ConnectionUser, FastcgiConnection } from './connection.ts';
import { findCgiHeadEnd, parseCgiHead } from './head.ts';
import type { FastcgiPool, Job } from './pool.ts';
import { encodeRequest } from './protocol.ts';

/** What the client sends on; a length is needed, because CGI has no other way to say where a body ends. */
export interface KnownBody {
  consume(consumer: { content(data: Buffer): boolean; end(): void }): void;
  resume(): void;
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** While php-fpm restarts there is no socket for a moment; visitors need not see it. */
const RESTART_MS = 400;
const RESTART_LOOK_MS = 40;
const NOTHING = Buffer.alloc(0);

const isDown = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOENT' || code === 'ECONNREFUSED';

export class FastcgiRequest implements Job, ConnectionUser {
  readonly #pool: FastcgiPool;
  readonly #exchange: Exchange;
  readonly #service: string;
  readonly #project: string | undefined;
  readonly #params: string;
  readonly #body: KnownBody | null;
  #connection: FastcgiConnection | null = null;
  /** What came of the head; null when it is whole. */
  #head: Buffer | null = NOTHING;
  #errors = '';
  #bodyBegan = false;
  #bodyEnded: boolean;
  #retried = false;
  #probed = false;
  #wasRefused = false;
  #restartUntil = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    pool: FastcgiPool,
    exchange: Exchange,
    route: { readonly service: string; readonly project?: string | undefined },
    params: string,
    body: KnownBody | null,
  ) {
    this.#pool = pool;
    this.#exchange = exchange;
    this.#service = route.service;
    this.#project = route.project;
    this.#params = params;
    this.#body = body;
    this.#bodyEnded = body === null;
  }

  get site(): string {
    return this.#exchange.site ?? this.#exchange.host;
  }

  refused(holders: string): void {
    this.#wasRefused = true;
    this.#failWith(503, `all its workers are busy, with requests of ${holders}`);
  }

  run(): void {
    this.#exchange.onAbort(() => this.#clientLeft());
    this.#pool.run(this);
  }

  start(connection: FastcgiConnection): void {
    this.#connection = connection;
    contain(this.#exchange, () => {
      connection.begin(this, encodeRequest(this.#params, this.#body !== null));
      // A body that was taken cannot be sent again, so it waits until the server has accepted.
      const body = this.#body;
      if (body !== null) connection.whenOpen(contained(this.#exchange, () => this.#sendBody(body, connection)));
    });
  }

  #sendBody(body: KnownBody, connection: FastcgiConnection): void {
    if (this.#bodyBegan) return;
    this.#bodyBegan = true;
    body.consume({
      content: (data) => connection.sendBody(data),
      end: () => {
        this.#bodyEnded = true;
        connection.endBody();
      },
    });
  }

  drained(): void {
    contain(this.#exchange, () => this.#body?.resume());
  }

  output(data: Buffer, ended: boolean): void {
    contain(this.#exchange, () => this.#takeOutput(data, ended));
  }

  #takeOutput(data: Buffer, ended: boolean): void {
    const connection = this.#connection;
    if (ended) this.#release();
    if (this.#head !== null) {
      this.#takeHead(this.#head.length === 0 ? data : Buffer.concat([this.#head, data]), ended);
      return;
    }
    const writable = data.length === 0 || this.#exchange.write(data);
    if (ended) {
      this.#exchange.end();
    } else if (!writable && connection !== null) {
      connection.pause();
      this.#exchange.whenWritable(() => connection.resume());
    }
  }

  #takeHead(data: Buffer, ended: boolean): void {
    const split = findCgiHeadEnd(data);
    if (split === null) {
      this.#head = data;
      if (!ended && data.length <= MAX_RESPONSE_HEAD_BYTES) return;
      this.#drop();
      const tooLarge = data.length > MAX_RESPONSE_HEAD_BYTES ? HEAD_TOO_LARGE : 'it sent no headers';
      this.#failWith(502, this.#errors === '' ? tooLarge : this.#errors);
      return;
    }
    const { status, fields } = parseCgiHead(data.toString('latin1', 0, split.head));
    const rest = data.subarray(split.body);
    this.#head = null;
    if (ended) {
      this.#exchange.send(status, fields, rest);
      return;
    }
    this.#exchange.begin(status, fields);
    if (rest.length > 0) this.#takeOutput(rest, false);
  }

  errors(data: Buffer): void {
    const text = data.toString('utf8').trim();
    if (text === '') return;
    this.#say(/\bPHP (?:Fatal|Parse|Recoverable fatal) error\b/.test(text) ? 'error' : 'warn', text);
    if (this.#errors.length < 500) this.#errors = `${this.#errors} ${text}`.trim().slice(0, 500);
  }

  /** Into the log of the project: the one of PHP has it already, without a word whose it is. */
  #say(level: 'warn' | 'error', text: string): void {
    const { method, authority, path } = this.#exchange;
    const request = `${method} https://${authority}${path}`;
    if (this.#project === undefined) log(level, `${request}: ${this.#service}: ${text}`);
    else logForProject('errors', this.#project, level, `${request}: ${text}`);
  }

  failed(error: NodeJS.ErrnoException, received: boolean): void {
    contain(this.#exchange, () => this.#takeFailure(error, received));
  }

  #takeFailure(error: NodeJS.ErrnoException, received: boolean): void {
    const wasUsed = this.#connection?.used === true;
    this.#connection = null;
    if (this.#exchange.aborted) return;
    if (isDown(error)) {
      if (!this.#bodyBegan && this.#waitForRestart()) return;
      this.#failWith(503, `nothing listens on its socket (${error.code ?? ''})`);
      return;
    }
    const mayRepeat = !received && !this.#bodyBegan && IDEMPOTENT.has(this.#exchange.method);
    // A kept connection that the server closed in the meantime: nothing was lost, once more on a new one.
    if (mayRepeat && wasUsed && !this.#retried) {
      this.#retried = true;
      this.#pool.run(this, true);
      return;
    }
    // A new connection was reset: the script killed its worker, or the server went down before it accepted. Only then once more.
    if (mayRepeat && !this.#probed) {
      this.#probed = true;
      const answered = (isThere: boolean): void => {
        if (this.#exchange.aborted) return;
        if (isThere || !this.#waitForRestart()) this.#failBroken(error, received);
      };
      this.#pool.probe(contained(this.#exchange, answered));
      return;
    }
    this.#failBroken(error, received);
  }

  /** @returns false when it has waited long enough */
  #waitForRestart(): boolean {
    this.#restartUntil ||= performance.now() + RESTART_MS;
    if (performance.now() >= this.#restartUntil) return false;
    const again = contained(this.#exchange, () => this.#pool.run(this, true));
    this.#timer = setTimeout(again, RESTART_LOOK_MS);
    return true;
  }

  #failBroken(error: NodeJS.ErrnoException, received: boolean): void {
    const stopped = received
      ? 'it broke off in the middle of its answer'
      : 'it closed the connection without an answer';
    this.#failWith(502, this.#errors === '' ? `${stopped} (${error.code ?? error.message})` : this.#errors);
  }

  #failWith(status: number, reason: string): void {
    const { method, authority, path } = this.#exchange;
    const hasSaid = this.#project !== undefined && reason === this.#errors;
    const why = hasSaid ? `its PHP failed; see koji logs ${this.#project ?? ''}` : reason;
    log('error', `${method} https://${authority}${path}: ${this.#service}: ${why}`);
    if (!hasSaid && this.#project !== undefined) this.#say('error', `${this.#service}: ${reason}`);
    // It runs: what helps is to find the slow requests.
    const cure = status === 503 && this.#wasRefused ? { cure: [`koji logs ${this.#project ?? this.#service}`] } : {};
    fail(this.#exchange, status, { service: this.#service, reason, ...cure });
  }

  /** The connection can serve the next request, unless part of this one's body is still on its way. */
  #release(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    if (this.#bodyEnded) this.#pool.give(connection);
    else connection.destroy();
  }

  #drop(): void {
    this.#connection?.destroy();
    this.#connection = null;
  }

  #clientLeft(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#pool.cancel(this);
    this.#drop();
  }
}
