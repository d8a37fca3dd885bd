/** The sockets of the name server: UDP and TCP on loopback (RFC 1035 section 4.2, RFC 7766). */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { EdgeConfig } from '../../contract/edge.ts';
import { describe, guarded } from '../boundary.ts';
import { log } from '../log.ts';
import { answer, type Zone } from './answer.ts';

const ADDRESS = '127.0.0.1';
/** RFC 7766 section 6.2.3: "in the order of a few seconds". */
const IDLE_MS = 10_000;
const MAX_CONNECTIONS = 64;

export interface NameServer {
  /** Opens, moves or closes the port; the names count at once. Never rejects: sites are served without it too, and the log says why. */
  apply(wanted: EdgeConfig['resolver']): Promise<void>;
  /** Port on which it answers, or null. */
  port(): number | null;
  close(): void;
}

/** @param idleMs how long a connection may stay without a byte in either direction */
export function createNameServer(idleMs = IDLE_MS): NameServer {
  let zone: Zone = { suffixes: [], port: 0 };
  let open: { readonly udp: UdpSocket; readonly tcp: Server; readonly port: number } | null = null;
  const connections = new Set<Socket>();

  const close = (): void => {
    open?.udp.close();
    open?.tcp.close();
    for (const connection of connections) connection.destroy();
    open = null;
  };

  const listen = async (port: number): Promise<void> => {
    const udp = createSocket('udp4');
    const tcp = createServer((socket) => serve(socket));
    tcp.maxConnections = MAX_CONNECTIONS;
    try {
      await bound(udp, () => udp.bind({ port, address: ADDRESS, exclusive: true }));
      await bound(tcp, () => tcp.listen({ port, host: ADDRESS, exclusive: true }));
    } catch (error) {
      udp.close();
      tcp.close();
      throw error;
    }
    udp.on('message', (bytes, { port: from, address }) => {
      try {
        const reply = answer(bytes, zone, 'udp');
        // The client may be gone; it asks again if it is not.
        if (reply !== null) udp.send(reply, from, address, () => undefined);
      } catch (error) {
        log('error', `name server: a question stays without an answer: ${describe(error)}`);
      }
    });
    for (const socket of [udp, tcp]) socket.on('error', (error: Error) => log('warn', `name server: ${error.message}`));
    open = { udp, tcp, port };
  };

  /** Each message has its length before it (RFC 1035 section 4.2.2); several may come on one connection. */
  const serve = (socket: Socket): void => {
    connections.add(socket);
    let pending: Buffer = Buffer.alloc(0);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => connections.delete(socket));
    const take = guarded(socket, (bytes: Buffer) => {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      let isFull = false;
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const reply = answer(pending.subarray(2, end), zone, 'tcp');
        pending = pending.subarray(end);
        if (reply === null) {
          socket.destroy();
          return;
        }
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        isFull = !socket.write(Buffer.concat([length, reply])) || isFull;
      }
      if (!isFull) return;
      // Who asks and never reads gets no more of this memory than one buffer.
      socket.pause();
      socket.once('drain', () => socket.resume());
    });
    socket.on('data', take);
  };

  return {
    port: () => open?.port ?? null,
    close,
    async apply(wanted) {
      if (wanted === null || wanted.port !== open?.port) close();
      if (wanted === null) return;
      zone = { suffixes: wanted.suffixes, port: wanted.port };
      if (open !== null) return;
      await listen(wanted.port).catch((error: unknown) =>
        log('error', `cannot answer names on port ${wanted.port}: ${String(error)}`),
      );
    },
  };
}

const bound = (socket: UdpSocket | Server, begin: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('listening', () => {
      socket.off('error', reject);
      resolve();
    });
    begin();
  });
