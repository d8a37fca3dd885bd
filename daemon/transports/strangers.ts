/** Connections that have not authenticated yet: few of them, and none for long. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** A script may ask a hundred things at once, each on a connection of its own. A stranger costs some 30 kB: its head, and a body of 1 kB. */
const MOST = 256;
/** What still sends after its answer is cut off. */
const LINGER_MS = 2000;

export interface Strangers {
  /** The program at the other end has shown a key. */
  admit(connection: Duplex): void;
}

export function watchStrangers(server: Server): Strangers {
  const unknown = new Set<Duplex>();
  server.on('connection', (connection) => {
    unknown.add(connection);
    connection.on('close', () => unknown.delete(connection));
    if (unknown.size <= MOST) return;
    const [oldest] = unknown;
    oldest?.destroy();
  });
  return { admit: (connection) => void unknown.delete(connection) };
}

/** Ends a connection soon, whatever the other end does: its answer was written. */
export function endSoon(connection: Duplex): void {
  const timer = setTimeout(() => connection.destroy(), LINGER_MS);
  timer.unref();
  connection.once('close', () => clearTimeout(timer));
}
