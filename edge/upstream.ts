/** HTTP upstreams: kept-alive connections, forwarding headers (RFC 7239 and their older kin), streaming both ways, WebSocket. */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EdgeRoute } from '../contract/edge.ts';
import { contained } from './boundary.ts';
import { toLocalhost, withLocalOrigin } from './development-origin.ts';
import { fail, type Exchange, type Field } from './exchange.ts';
import { forwardedFields } from './forwarded.ts';
import { log } from './log.ts';
import { isAskedAsLocalhost, mayBeRefusal, readRefusal, rememberAsLocalhost } from './refused-host.ts';
import { HEAD_TOO_LARGE, MAX_RESPONSE_HEAD_BYTES, prepareHead } from './response-head.ts';

type HttpRoute = Extract<EdgeRoute, { type: 'http' }>;

/** A development server may compile for long before its first byte. */
const FIRST_BYTE_MS = 120_000;
const IDLE_MS = 30_000;
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

const agent = new Agent({ keepAlive: true, maxFreeSockets: 32, scheduling: 'lifo', timeout: IDLE_MS });

interface Target {
  readonly hostname: string;
  readonly port: number;
  /** Put before each path; without a slash at its end. */
  readonly basePath: string;
}
const targets = new WeakMap<HttpRoute, Target>();

function targetOf(route: HttpRoute): Target {
  let target = targets.get(route);
  if (target === undefined) {
    const { hostname, port, pathname } = new URL(route.target);
    target = {
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 80 : Number(port),
      basePath: pathname.replace(/\/$/, ''),
    };
    targets.set(route, target);
  }
  return target;
}

export function proxyHttp(exchange: Exchange, route: HttpRoute): void {
  send(exchange, route, 'first', isAskedAsLocalhost(exchange, route.target));
}

/**
 * @param attempt `again`: the connection was closed at the wrong moment; `renamed`: the name was refused
 * @param asLocalhost the name that the server is asked under
 */
function send(
  exchange: Exchange,
  route: HttpRoute,
  attempt: 'first' | 'again' | 'renamed',
  asLocalhost: boolean,
): void {
  const isRetry = attempt !== 'first';
  const { hostname, port, basePath } = targetOf(route);
  const { body, wantsWebSocket } = exchange;
  const sent = httpRequest({
    // A handshake has a connection of its own, which is not given back; so has a second try.
    agent: wantsWebSocket || isRetry ? false : agent,
    hostname,
    port,
    method: exchange.method,
    path: basePath + exchange.target,
    headers: requestHeaders(exchange, port, asLocalhost),
    setHost: false,
    maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
  });
  // What is too much is refused by `prepareHead` and not cut off here.
  sent.maxHeadersCount = 0;
  let firstByte: NodeJS.Timeout | undefined;
  const waitForFirstByte = (): void => {
    firstByte = setTimeout(
      () => sent.destroy(Object.assign(new Error(`no answer within ${FIRST_BYTE_MS / 1000} s`), { code: 'ETIMEDOUT' })),
      FIRST_BYTE_MS,
    );
  };
  sent.on(
    'response',
    contained(exchange, (answer: IncomingMessage) => {
      clearTimeout(firstByte);
      if (attempt === 'renamed' && answer.statusCode !== 403) rememberAsLocalhost(exchange, route.target);
      if (asLocalhost || !mayBeRefusal(exchange, answer)) {
        passOn(exchange, sent, answer);
        return;
      }
      answer.on('error', () => exchange.abort());
      readRefusal(exchange, answer, (isRefusal, read, ended) => {
        if (isRefusal) {
          log('info', `${route.service} refuses the name ${exchange.host}; it is asked as localhost`);
          send(exchange, route, 'renamed', true);
        } else if (ended) {
          exchange.send(403, fieldsOf(answer), read);
        } else {
          passOn(exchange, sent, answer);
          exchange.write(read);
        }
      });
    }),
  );
  // Without a listener Node waits for ever when a server switches protocols unasked.
  sent.on(
    'upgrade',
    contained(exchange, (answer: IncomingMessage, stream: Duplex, early: Buffer) => {
      clearTimeout(firstByte);
      if (wantsWebSocket && !exchange.aborted) {
        splice(exchange, answer, stream, early);
        return;
      }
      stream.destroy();
      failWith(exchange, route, new Error('it switched protocols unasked (status 101)'));
    }),
  );
  sent.on(
    'error',
    contained(exchange, (error: NodeJS.ErrnoException) => {
      clearTimeout(firstByte);
      if (exchange.aborted) return;
      // A kept connection that the upstream closed at this very moment: once more, where nothing can have happened twice.
      const mayRetry = sent.reusedSocket && !isRetry && body === null && IDEMPOTENT.has(exchange.method);
      if (mayRetry && !exchange.started && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
        send(exchange, route, 'again', asLocalhost);
        return;
      }
      failWith(exchange, route, error);
    }),
  );
  exchange.onAbort(() => {
    clearTimeout(firstByte);
    sent.destroy();
  });
  if (body === null) {
    waitForFirstByte();
    sent.end();
    return;
  }
  sent.on(
    'drain',
    contained(exchange, () => body.resume()),
  );
  body.consume({
    content: (data) => sent.write(data),
    end: () => {
      waitForFirstByte();
      sent.end();
    },
  });
}

function failWith(exchange: Exchange, route: HttpRoute, error: NodeJS.ErrnoException): void {
  const isDown = error.code === 'ECONNREFUSED';
  const reason = isDown ? `nothing listens on ${route.target}` : reasonOf(error);
  log('error', `${exchange.method} https://${exchange.authority}${exchange.path}: ${route.service}: ${reason}`);
  const status = error.code === 'ETIMEDOUT' ? 504 : isDown ? 503 : 502;
  fail(exchange, status, { service: route.service, reason, ...(route.isForeign === true ? foreignCure(isDown) : {}) });
}

/** Of a program that Kojibox does not start, there is no command that starts it. */
const foreignCure = (isDown: boolean): { readonly cure: readonly string[]; readonly hint?: string } => ({
  cure: [],
  ...(isDown ? { hint: 'Kojibox does not start this program itself: start it, then reload this page.' } : {}),
});

/** What the parser of node:http says, for people. */
function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'HPE_HEADER_OVERFLOW') return HEAD_TOO_LARGE;
  return error.code?.startsWith('HPE_') === true ? `its answer is not valid HTTP (${error.message})` : error.message;
}

function passOn(exchange: Exchange, sent: ClientRequest, answer: IncomingMessage): void {
  // Cut off in the middle: the client must not take it for whole.
  answer.on('error', () => exchange.abort());
  answer.on('aborted', () => exchange.abort());
  exchange.begin(answer.statusCode ?? 502, fieldsOf(answer));
  answer.on(
    'data',
    contained(exchange, (data: Buffer) => {
      if (exchange.write(data)) return;
      answer.pause();
      exchange.whenWritable(() => answer.resume());
    }),
  );
  answer.on(
    'end',
    contained(exchange, () => {
      exchange.end();
      // An upstream that answered without reading the whole body: its connection is of no more use.
      if (!sent.writableFinished) sent.destroy();
    }),
  );
}

/** From the 101 on both ends talk without us. */
function splice(exchange: Exchange, answer: IncomingMessage, upstream: Duplex, early: Buffer): void {
  const head = prepareHead(200, fieldsOf(answer));
  if (typeof head === 'string') {
    upstream.destroy();
    exchange.giveUp(502, { reason: head });
    return;
  }
  const { stream, early: fromClient } = exchange.takeOver();
  // First, because an error without a listener ends the process.
  upstream.on('error', () => stream.destroy());
  stream.on('error', () => upstream.destroy());
  stream.on('close', () => upstream.destroy());
  upstream.on('close', () => stream.destroy());
  const lines = head.fields.map(([name, value]) => `${name}: ${value}\r\n`);
  stream.write(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${lines.join('')}\r\n`,
    'latin1',
  );
  if (early.length > 0) stream.write(early);
  if (fromClient.length > 0) upstream.write(fromClient);
  upstream.pipe(stream);
  stream.pipe(upstream);
}

function fieldsOf(answer: IncomingMessage): Field[] {
  const raw = answer.rawHeaders;
  const fields: Field[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) fields.push([(raw[at] ?? '').toLowerCase(), raw[at + 1] ?? '']);
  return fields;
}

/** Names and values in turn: as an object, names such as `constructor` would mean something else. */
function requestHeaders(exchange: Exchange, port: number, asLocalhost: boolean): string[] {
  const headers: string[] = [];
  let cookies = '';
  for (const field of forwardedFields(exchange)) {
    const [name, value] = asLocalhost ? toLocalhost(exchange, field, port) : withLocalOrigin(exchange, field, port);
    // HTTP/2 may send each cookie in a field of its own (RFC 9113 section 8.2.3).
    if (name === 'cookie') cookies = cookies === '' ? value : `${cookies}; ${value}`;
    else headers.push(name, value);
  }
  if (cookies !== '') headers.push('cookie', cookies);
  if (exchange.wantsWebSocket) {
    headers.push('connection', 'Upgrade', 'upgrade', 'websocket');
  } else if (exchange.body !== null) {
    // Said outright: Node would leave both out for methods that usually have no body.
    if (exchange.body.length === null) headers.push('transfer-encoding', 'chunked');
    else headers.push('content-length', String(exchange.body.length));
  }
  return headers;
}
