/** Ports on which other machines of the same network may open one site each, over plain HTTP. */
import { BlockList, createServer, type Server, type Socket } from 'node:net';
import type { EdgeConfig } from '../contract/edge.ts';
import { PRIVATE_NETWORKS } from '../contract/sharing.ts';
import { guarded } from './boundary.ts';
import { Http1Connection } from './http1/connection.ts';
import type { Exchange, Peer } from './exchange.ts';
import { log } from './log.ts';
import type { ConnectionWatch } from './watch.ts';

type Share = EdgeConfig['shares'][number];

/** Private and link-local networks (RFC 3927, RFC 4291 section 2.5.6), and this machine. No one else is answered. */
const NEIGHBOURS = new BlockList();
for (const { network, prefix, family } of PRIVATE_NETWORKS) NEIGHBOURS.addSubnet(network, prefix, family);
NEIGHBOURS.addSubnet('127.0.0.0', 8, 'ipv4');
NEIGHBOURS.addSubnet('169.254.0.0', 16, 'ipv4');
NEIGHBOURS.addAddress('::1', 'ipv6');
NEIGHBOURS.addSubnet('fe80::', 10, 'ipv6');

const keyOf = ({ host, address, port }: Share): string => `${host} ${address} ${port}`;

export interface Shares {
  /** Opens and closes ports until they are as wanted. Rejects when one cannot be had; the others are open then. */
  apply(wanted: readonly Share[]): Promise<void>;
  /** Takes no more connections. */
  close(): void;
}

export function createShares(options: {
  readonly watch: ConnectionWatch;
  /** @param host the site, whatever the request names */
  handle(exchange: Exchange, host: string): void;
}): Shares {
  const open = new Map<string, { readonly server: Server; readonly sockets: Set<Socket> }>();

  const accept = (socket: Socket, { host }: Share, sockets: Set<Socket>): void => {
    socket.on('error', () => socket.destroy());
    const remote = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (!NEIGHBOURS.check(remote, remote.includes(':') ? 'ipv6' : 'ipv4')) {
      log('warn', `refused ${remote}: ${host} is shared with the same network only`);
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const peer: Peer = {
      remoteAddress: remote,
      remotePort: socket.remotePort ?? 0,
      localAddress: socket.localAddress ?? '127.0.0.1',
      localPort: socket.localPort ?? 80,
      serverName: null,
      isSecure: false,
    };
    new Http1Connection(socket, peer, options.watch, (exchange) => options.handle(exchange, host));
  };

  const listen = (share: Share): Promise<void> =>
    new Promise((resolve, reject) => {
      const sockets = new Set<Socket>();
      const server = createServer({ noDelay: true }, (socket) =>
        guarded(socket, () => accept(socket, share, sockets))(),
      );
      server.once('error', reject);
      server.listen({ port: share.port, host: share.address, exclusive: true }, () => {
        open.set(keyOf(share), { server, sockets });
        server.on('error', (error) => log('error', `cannot take a connection on port ${share.port}: ${error.message}`));
        resolve();
      });
    });

  const end = (key: string): void => {
    const entry = open.get(key);
    entry?.server.close();
    // Who still holds a connection must not go on either.
    for (const socket of entry?.sockets ?? []) socket.destroy();
    open.delete(key);
  };

  return {
    async apply(wanted) {
      const keys = new Set(wanted.map(keyOf));
      for (const key of [...open.keys()]) if (!keys.has(key)) end(key);
      const results = await Promise.allSettled(wanted.filter((share) => !open.has(keyOf(share))).map(listen));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    close() {
      for (const { server } of open.values()) server.close();
    },
  };
}
