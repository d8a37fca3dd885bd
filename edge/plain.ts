/** Plain HTTP: every request is sent on to HTTPS. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { guarded } from './boundary.ts';
import { hostOf } from './sites.ts';

export interface PlainOptions {
  secureUrl(host: string, target: string): string | null;
  unknownHost(accept: string, host: string): { type: string; body: string };
}

const TIME_LIMIT_MS = 10_000;

/** Takes over sockets on which plain HTTP is spoken. One request, one answer, one connection. */
export function createPlainAnswerer(options: PlainOptions): (socket: Socket) => void {
  const server = createServer({ requestTimeout: TIME_LIMIT_MS, headersTimeout: TIME_LIMIT_MS }, (request, response) =>
    guarded(response, () => answer(request, response, options))(),
  );
  return (socket) => {
    socket.setTimeout(TIME_LIMIT_MS, () => socket.destroy());
    server.emit('connection', socket);
  };
}

function answer(request: IncomingMessage, response: ServerResponse, options: PlainOptions): void {
  const host = hostOf(request.headers.host);
  const target = request.url ?? '/';
  response.setHeader('connection', 'close');
  if (host === null || !target.startsWith('/')) {
    response.writeHead(400, { 'content-length': '0' }).end();
    return;
  }
  const location = options.secureUrl(host, target);
  if (location === null) {
    const { type, body } = options.unknownHost(request.headers.accept ?? '', host);
    response.writeHead(404, { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) });
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  // 308 keeps method and body (RFC 9110 section 15.4.9).
  response.writeHead(308, { location, 'content-length': '0' }).end();
}
