/** One request and its answer, the same over HTTP/1.1 and HTTP/2. */
import type { Duplex } from 'node:stream';
import { renderError, type ErrorDetails } from './error-page.ts';

/** A header field; the name in lower case. Bytes above 127 are kept as latin1 characters. */
export type Field = readonly [name: string, value: string];

/** Fields about one connection, which no proxy passes on (RFC 9110 section 7.6.1) and HTTP/2 does not have (RFC 9113 section 8.2.2). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-authenticate',
  'proxy-authorization',
  'http2-settings',
]);

/** Both ends of the connection, for CGI variables and forwarding headers. */
export interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Asked for by SNI; null when the client named none. */
  readonly serverName: string | null;
  /** False on a port that is shared with the network. */
  readonly isSecure: boolean;
}

export interface BodyConsumer {
  /** False: hold back until `resume` of the body is called. */
  content(data: Buffer): boolean;
  end(): void;
}

export interface RequestBody {
  /** Bytes; null when the client did not say. */
  readonly length: number | null;
  /** Begins to deliver; nothing is read from the client before. Once only. */
  consume(consumer: BodyConsumer): void;
  resume(): void;
}

/** What is known of an exchange when it is over. */
export interface Outcome {
  /** Null: nothing was answered. */
  readonly status: number | null;
  /** Of the body, as handed to the connection. */
  readonly bytes: number;
  /** The client has left, or the answer was broken off. */
  readonly isBroken: boolean;
}

export interface Exchange {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  readonly method: string;
  /** Path with query, as sent. */
  readonly target: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Host with port, as sent. */
  readonly authority: string;
  /** Host alone, in lower case. */
  readonly host: string;
  readonly fields: readonly Field[];
  readonly peer: Peer;
  /** Null: the request has none. */
  readonly body: RequestBody | null;
  /** The head of the answer is on its way. */
  readonly started: boolean;
  /** The client went away, or the answer was broken off. */
  readonly aborted: boolean;
  readonly wantsWebSocket: boolean;
  /** Main name of the site; null before it is known. */
  site: string | null;
  /** Whose site it is; null: no project's. */
  project: string | null;
  /** Who answers, for pages and logs; null: the edge itself. */
  service: string | null;
  /** Called once, when nothing more is sent. */
  onOver: ((outcome: Outcome) => void) | null;
  /** Value of a field; several are joined by a comma. */
  field(name: string): string | undefined;
  /** Called once when the client goes away before the answer is whole; at once when it has already. */
  onAbort(callback: () => void): void;
  /** The whole answer. Content-Length is added where it is allowed; the body is left out for HEAD. */
  send(status: number, fields: readonly Field[], body: Buffer | string | null): void;
  /** The head of an answer whose body follows by `write` and `end`. */
  begin(status: number, fields: readonly Field[]): void;
  /** False: wait for `whenWritable`. */
  write(data: Buffer): boolean;
  whenWritable(callback: () => void): void;
  end(): void;
  /** Breaks the answer off so that no one takes half for whole. */
  abort(): void;
  /** Answers with an error page where nothing was sent yet, else breaks the answer off; and ends whatever works for this exchange. */
  giveUp(status: number, details?: Omit<ErrorDetails, 'status'>): void;
  /** Hands the connection over after an upgrade; HTTP/1.1 only. `early` came behind the head. */
  takeOver(): { readonly stream: Duplex; readonly early: Buffer };
}

/** The friendly page (or JSON, where that is asked for). Breaks the answer off when one has begun. */
export function fail(
  exchange: Exchange,
  status: number,
  details: Omit<ErrorDetails, 'status'> = {},
  fields: readonly Field[] = [],
): void {
  if (exchange.started) {
    exchange.abort();
    return;
  }
  const { type, body } = renderError({ status, ...details }, exchange.field('accept') ?? '');
  exchange.send(
    status,
    [...fields, ['content-type', type], ['cache-control', 'no-store'], ['x-content-type-options', 'nosniff']],
    Buffer.from(body),
  );
}

/** @param location path or URL, already encoded */
export function redirect(exchange: Exchange, status: 301 | 308, location: string): void {
  exchange.send(status, [['location', location]], Buffer.alloc(0));
}

/** For `Exchange.field`. */
export function fieldOf(fields: readonly Field[], name: string): string | undefined {
  let found: string | undefined;
  for (const field of fields) {
    if (field[0] === name) found = found === undefined ? field[1] : `${found}, ${field[1]}`;
  }
  return found;
}

/** Fields that say whom a message is for, who sent it and how long it is: `Connection: host` must not take them away. */
const END_TO_END = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'authorization',
  'cookie',
  'set-cookie',
  'origin',
  'location',
  'cache-control',
]);

/** Names that the Connection field declares to be about this connection only, beside the usual ones (RFC 9110 section 7.6.1). */
export function connectionFields(fields: readonly Field[]): ReadonlySet<string> {
  const listed = fieldOf(fields, 'connection');
  if (listed === undefined) return HOP_BY_HOP;
  const names = listed.toLowerCase().split(',');
  return new Set([...HOP_BY_HOP, ...names.map((name) => name.trim()).filter((name) => !END_TO_END.has(name))]);
}
