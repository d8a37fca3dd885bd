/** HTTP upstreams: kept-alive connections, forwarding headers (RFC 7239 and their older kin), WebSocket passthrough. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EdgeRoute } from '../contract/edge.ts';
import { HOP_BY_HOP, type Exchange } from './exchange.ts';
import { renderError } from './error-page.ts';

type HttpRoute = Extract<EdgeRoute, { type: 'http' }>;

const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 32, timeout: 60_000 });
/** A development server may compile for long before its first byte. */
const FIRST_BYTE_MS = 120_000;

export function proxyHttp(exchange: Exchange, route: HttpRoute, attempt = 0): void {
  const target = new URL(route.target);
  const headers = forwardedHeaders(exchange.headers, exchange.host, exchange.remoteAddress, exchange.localPort);
  // Node's client would frame an unknown length as chunked; that is right, but not for a request without any body.
  const sent = httpRequest({
    agent,
    hostname: target.hostname.replace(/^\[|\]$/g, ''),
    port: target.port || 80,
    method: exchange.method,
    path: joinPaths(target.pathname, exchange.target),
    headers,
    setHost: false,
    timeout: FIRST_BYTE_MS,
  });
  sent.on('response', (answer) => {
    const passed: Record<string, string | string[]> = {};
    const listed = new Set(
      (answer.headers.connection ?? '')
        .toLowerCase()
        .split(',')
        .map((name) => name.trim()),
    );
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined && !HOP_BY_HOP.has(name) && !listed.has(name)) passed[name] = value;
    }
    exchange.stream(answer.statusCode ?? 502, passed, answer);
  });
  sent.on('timeout', () =>
    sent.destroy(Object.assign(new Error(`no answer within ${FIRST_BYTE_MS / 1000} s`), { code: 'ETIMEDOUT' })),
  );
  sent.on('error', (error: NodeJS.ErrnoException) => {
    if (exchange.signal.aborted) return;
    // A kept connection that the upstream closed at this very moment: once more, where nothing can have happened twice.
    if (sent.reusedSocket && error.code === 'ECONNRESET' && attempt === 0 && !exchange.hasBody) {
      proxyHttp(exchange, route, attempt + 1);
      return;
    }
    const status = error.code === 'ETIMEDOUT' ? 504 : error.code === 'ECONNREFUSED' ? 503 : 502;
    exchange.fail(
      status,
      {},
      {
        service: route.service,
        reason: error.code === 'ECONNREFUSED' ? `nothing listens on ${route.target}` : error.message,
      },
    );
  });
  exchange.signal.addEventListener('abort', () => sent.destroy(), { once: true });
  if (exchange.hasBody) exchange.request.pipe(sent);
  else sent.end();
}

/** The handshake goes through as it is; afterwards both ends talk without us. */
export function proxyUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  host: string,
  route: EdgeRoute | undefined,
): void {
  socket.on('error', () => socket.destroy());
  if (route?.type !== 'http') {
    refuse(socket, 404, request);
    return;
  }
  const target = new URL(route.target);
  const upstream = connect(Number(target.port || 80), target.hostname.replace(/^\[|\]$/g, ''));
  let connected = false;
  upstream.on('connect', () => {
    connected = true;
    const headers = forwardedHeaders(
      request.headers,
      host,
      request.socket.remoteAddress ?? '127.0.0.1',
      request.socket.localPort ?? 443,
    );
    const lines = Object.entries({
      ...headers,
      connection: 'Upgrade',
      upgrade: request.headers.upgrade ?? 'websocket',
    }).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => `${name}: ${each ?? ''}`));
    upstream.write(
      `${request.method ?? 'GET'} ${joinPaths(target.pathname, request.url ?? '/')} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`,
    );
    if (head.length > 0) upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on('error', (error) => {
    if (connected) socket.destroy();
    else refuse(socket, 503, request, route.service, error.message);
  });
  socket.on('close', () => upstream.destroy());
  upstream.on('close', () => socket.destroy());
}

function refuse(socket: Duplex, status: number, request: IncomingMessage, service?: string, reason?: string): void {
  const { type, body } = renderError(
    { status, ...(service === undefined ? {} : { service }), ...(reason === undefined ? {} : { reason }) },
    request.headers.accept ?? '',
  );
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const joinPaths = (base: string, path: string): string =>
  base === '/' || base === '' ? path : `${base.replace(/\/$/, '')}${path}`;

function forwardedHeaders(
  headers: IncomingMessage['headers'],
  host: string,
  remote: string,
  port: number,
): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {};
  const listed = new Set(
    (headers.connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(':') && !HOP_BY_HOP.has(name) && !listed.has(name))
      passed[name] = value;
  }
  const authority = (headers[':authority'] as string | undefined) ?? headers.host ?? host;
  // The edge is the first proxy: what a client claims about earlier ones is not passed on.
  return {
    ...passed,
    host: authority,
    'x-forwarded-for': remote,
    'x-forwarded-proto': 'https',
    'x-forwarded-host': authority,
    'x-forwarded-port': String(port),
    forwarded: `for=${remote.includes(':') ? `"[${remote}]"` : remote};host="${authority}";proto=https`,
  };
}
