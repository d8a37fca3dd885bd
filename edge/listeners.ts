/** The ports: HTTPS with HTTP/2 and HTTP/1.1 by ALPN, and plain HTTP that redirects. */
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { guarded } from './boundary.ts';
import type { BindPort } from './bound-ports.ts';
import { Http1Connection } from './http1/connection.ts';
import { Http2Connection } from './http2/session.ts';
import type { Exchange, Peer } from './exchange.ts';
import { log } from './log.ts';
import { createPlainAnswerer, type PlainOptions } from './plain.ts';
import { hostOf } from './sites.ts';
import type { CertificateStore } from './tls.ts';
import type { ConnectionWatch } from './watch.ts';

/** First byte of a TLS handshake record (RFC 8446 section 5.1). */
const TLS_HANDSHAKE = 0x16;
const HANDSHAKE_MS = 15_000;

export interface ListenerOptions extends PlainOptions {
  readonly bind: BindPort;
  readonly watch: ConnectionWatch;
  certificates(): CertificateStore;
  handle(exchange: Exchange): void;
}

export interface Listeners {
  /** Resolves when bound; an address family that this machine does not have is left out. */
  listenSecure(address: string, port: number): Promise<void>;
  listenPlain(address: string, port: number): Promise<void>;
  /** Clients that name no server get another certificate from now on. */
  refreshFallback(): void;
  /** Takes no more connections. */
  close(): void;
}

export function createListeners(options: ListenerOptions): Listeners {
  const servers: Server[] = [];
  const answerPlain = createPlainAnswerer(options);
  const tlsServer = createTlsServer({
    ...options.certificates().fallback,
    SNICallback: (name, done) => done(null, options.certificates().contextFor(name.toLowerCase().replace(/\.$/, ''))),
    ALPNProtocols: ['h2', 'http/1.1'],
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_MS,
  });
  // Usually a browser that does not trust the certificate yet. Nothing listens to the socket by then, so it is ended here.
  tlsServer.on('tlsClientError', (_error, socket) => socket.destroy());
  tlsServer.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => socket.destroy()); // The client went away; 'close' follows.
    guarded(socket, () => {
      const peer = peerOf(socket);
      if (socket.alpnProtocol === 'h2') new Http2Connection(socket, peer, options.watch, options.handle);
      else new Http1Connection(socket, peer, options.watch, options.handle);
    })();
  });

  /** Plain HTTP sent to the HTTPS port is answered too: a person typed "http://" with the port of the other. */
  const sniff = (socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
    socket.once('close', () => clearTimeout(timer));
    const begin = guarded(socket, () => {
      clearTimeout(timer);
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) tlsServer.emit('connection', socket);
      else answerPlain(socket);
    });
    socket.once('readable', begin);
  };

  const listen = async (address: string, port: number, accept: (socket: Socket) => void): Promise<void> => {
    const bound = await options.bind(address, port);
    if (bound === null) return;
    // Such as EMFILE for one connection: the next may be taken again.
    bound.server.on('error', (error) => log('error', `cannot take a connection on port ${port}: ${error.message}`));
    servers.push(bound.server);
    bound.serve(accept);
  };

  return {
    listenSecure: (address, port) => listen(address, port, sniff),
    listenPlain: (address, port) =>
      listen(address, port, (socket) => {
        socket.on('error', () => socket.destroy());
        answerPlain(socket);
      }),
    refreshFallback: () => tlsServer.setSecureContext({ ...options.certificates().fallback, minVersion: 'TLSv1.2' }),
    close() {
      for (const server of servers) server.close();
    },
  };
}

function peerOf(socket: TLSSocket): Peer {
  const serverName = (socket as TLSSocket & { readonly servername?: string | false }).servername;
  return {
    remoteAddress: socket.remoteAddress ?? '127.0.0.1',
    remotePort: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? '127.0.0.1',
    localPort: socket.localPort ?? 443,
    serverName: typeof serverName === 'string' ? hostOf(serverName) : null,
    isSecure: true,
  };
}
