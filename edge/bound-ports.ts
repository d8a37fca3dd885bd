/** Ports that are bound before the configuration is read: ports below 1024 may need root, and root reads nothing. */
import { createServer, type Server, type Socket } from 'node:net';

const BACKLOG = 1024;

export interface BoundPort {
  readonly server: Server;
  /** Hands over the connections, those included that came before anything was ready for them. */
  serve(accept: (socket: Socket) => void): void;
}

export type BindPort = (address: string, port: number) => Promise<BoundPort | null>;

/** Null: this machine has no such address family, and is served without it. */
export function bindPort(address: string, port: number): Promise<BoundPort | null> {
  return new Promise((resolve, reject) => {
    const early: Socket[] = [];
    const keep = (socket: Socket): void => void early.push(socket);
    const server = createServer({ noDelay: true }, keep);
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (address.includes(':') && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')) resolve(null);
      else reject(error);
    });
    server.listen({ port, host: address, backlog: BACKLOG }, () =>
      resolve({
        server,
        serve(accept) {
          server.off('connection', keep).on('connection', accept);
          for (const socket of early.splice(0)) accept(socket);
        },
      }),
    );
  });
}

/** Binds all of them at once; afterwards each is given out once, and any other port is bound when it is asked for. */
export async function bindPorts(wanted: readonly { address: string; port: number }[]): Promise<BindPort> {
  const keyOf = (address: string, port: number): string => `${address} ${port}`;
  const bound = new Map(
    await Promise.all(
      wanted.map(async ({ address, port }) => [keyOf(address, port), await bindPort(address, port)] as const),
    ),
  );
  return (address, port) => {
    const key = keyOf(address, port);
    const known = bound.get(key);
    bound.delete(key);
    return known === undefined ? bindPort(address, port) : Promise.resolve(known);
  };
}
