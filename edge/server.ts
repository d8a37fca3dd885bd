/** The listeners: HTTPS with HTTP/2 and HTTP/1.1, and plain HTTP that redirects. */
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EdgeConfig, EdgeStatus } from '../contract/edge.ts';
import { Exchange, type Request, type Response } from './exchange.ts';
import { log } from './log.ts';
import { decodePath, resolveFile } from './paths.ts';
import { servePhp } from './php.ts';
import { createRoutingTable, hostOf, routeFor, type RoutingTable } from './sites.ts';
import { serveFile } from './static.ts';
import { createCertificateStore, type CertificateStore } from './tls.ts';
import { proxyHttp, proxyUpgrade } from './upstream.ts';

const DRAIN_MS = 3000;

export interface Edge {
  listen(): Promise<void>;
  /** Takes a new configuration; throws when it cannot be used, and then keeps the old one. Ports do not change. */
  reload(config: EdgeConfig): void;
  status(): EdgeStatus;
  close(): Promise<void>;
}

export function createEdge(initial: EdgeConfig): Edge {
  let config = initial;
  let table: RoutingTable = createRoutingTable(initial);
  let certificates: CertificateStore = createCertificateStore(initial);
  let requests = 0;
  const connections = new Set<Socket>();
  const servers: (Http2SecureServer | Server)[] = [];

  const handle = (request: Request, response: Response): void => {
    requests += 1;
    response.on('error', () => undefined); // The client went away; 'close' ends what was under way.
    const authority = (request.headers[':authority'] as string | undefined) ?? request.headers.host;
    const host = hostOf(authority);
    const exchange = new Exchange(request, response, host ?? '', table);
    if (host === null || (!request.url?.startsWith('/') && request.url !== '*')) {
      exchange.fail(400);
      return;
    }
    const site = table.find(host);
    if (site === undefined) {
      exchange.fail(404, {}, { sites: table.all });
      return;
    }
    const route = routeFor(site, exchange.path);
    run(exchange, route).catch((error: unknown) => {
      log(
        'error',
        `${exchange.method} https://${host}${exchange.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      exchange.fail(500);
    });
  };

  const listenSecure = (address: string): Promise<void> => {
    const server = createSecureServer({
      allowHTTP1: true,
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',

      settings: { maxConcurrentStreams: 256 },
      ...({ maxHeaderSize: 65_536, headersTimeout: 15_000, requestTimeout: 0, keepAliveTimeout: 75_000 } as object),
    });
    // Clients without SNI (an IP address in the URL) get the fallback.
    server.setSecureContext(fallbackPem(config));
    server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => handle(request, response));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const host = hostOf(request.headers.host);
      const site = host === null ? undefined : table.find(host);
      proxyUpgrade(
        request,
        socket,
        head,
        host ?? '',
        site && routeFor(site, (request.url ?? '/').split('?')[0] ?? '/'),
      );
    });
    server.on('sessionError', () => undefined); // A client broke the protocol: its session is gone, nothing else.
    server.on('tlsClientError', () => undefined); // Usually a browser that does not trust the certificate yet.
    server.on('secureConnection', (socket) => track(socket));
    return bind(server, config.httpsPort, address);
  };

  const listenPlain = (address: string, port: number): Promise<void> => {
    const server = createHttpServer((request, response) => {
      const host = hostOf(request.headers.host);
      const suffix = config.httpsPort === 443 ? '' : `:${config.httpsPort}`;
      // 308 keeps method and body (RFC 9110 section 15.4.9).
      if (host === null) response.writeHead(400).end();
      else
        response
          .writeHead(308, { location: `https://${host}${suffix}${request.url ?? '/'}`, 'content-length': '0' })
          .end();
    });
    server.on('connection', (socket) => track(socket));
    return bind(server, port, address);
  };

  const track = (socket: Socket): void => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
  };

  const bind = (server: Http2SecureServer | Server, port: number, address: string): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        // A machine without IPv6 is served on IPv4 alone.
        if (address.includes(':') && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(error.code ?? '')) resolve();
        else reject(error);
      });
      server.listen({ port, host: address, backlog: 1024 }, () => {
        servers.push(server);
        resolve();
      });
    });

  return {
    async listen() {
      for (const address of config.addresses) {
        await listenSecure(address);
        if (config.httpPort !== null) await listenPlain(address, config.httpPort);
      }
    },
    reload(next) {
      const nextCertificates = createCertificateStore(next);
      const nextTable = createRoutingTable(next);
      config = { ...next, httpPort: config.httpPort, httpsPort: config.httpsPort };
      certificates = nextCertificates;
      table = nextTable;
    },
    status: () => ({
      pid: process.pid,
      generation: table.generation,
      httpsPort: config.httpsPort,
      httpPort: config.httpPort,
      sites: config.sites.length,
      openConnections: connections.size,
      requests,
    }),
    async close() {
      const closing = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const server of servers) if ('closeIdleConnections' in server) server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of connections) socket.destroy();
      }, DRAIN_MS);
      // Idle HTTP/2 sessions would hold the server open for ever.
      for (const socket of connections) if (socket.bytesWritten === 0) socket.destroy();
      await Promise.all(closing);
      clearTimeout(timer);
    },
  };
}

async function run(exchange: Exchange, route: ReturnType<typeof routeFor>): Promise<void> {
  if (route === undefined) {
    exchange.fail(404);
  } else if (route.type === 'php') {
    await servePhp(exchange, route);
  } else if (route.type === 'http') {
    proxyHttp(exchange, route);
  } else {
    const path = decodePath(exchange.path);
    const wanted = path === null ? null : resolveFile(route.documentRoot, path);
    const index =
      wanted?.type === 'folder' && path !== null ? resolveFile(route.documentRoot, `${path}/index.html`) : wanted;
    const fallback =
      index?.type === 'file' || route.fallback === null || path === null
        ? index
        : resolveFile(route.documentRoot, `/${route.fallback}`);
    if (wanted?.type === 'folder' && index?.type === 'file' && !exchange.path.endsWith('/'))
      exchange.send(301, { location: `${exchange.path}/`, 'content-length': '0' }, null);
    else if (fallback?.type === 'file') serveFile(exchange, fallback.file, fallback.stats);
    else exchange.fail(fallback?.type === 'forbidden' ? 403 : 404);
  }
}

const fallbackPem = (config: EdgeConfig): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(config.fallbackCertificate),
  key: readFileSync(config.fallbackKey),
});
