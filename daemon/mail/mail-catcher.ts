/** Listens for mail on loopback and keeps it. In the daemon itself: a process of its own would cost forty times the memory. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../core/system/logger.ts';
import { openMailbox, type Mailbox } from './mailbox.ts';
import { createSmtpSession } from './smtp-session.ts';

const MAX_MESSAGE_BYTES = 50 * 1024 * 1024;
const IDLE_MS = 120_000;
const MAX_CONNECTIONS = 100;

export interface MailCatcher {
  readonly mailbox: Mailbox;
  /** Null: it does not listen. */
  readonly port: number | null;
  close(): void;
}

/** A port that cannot be had is a warning: everything else works without mail. */
export async function startMailCatcher(options: {
  readonly folder: string;
  readonly log: Logger;
  /** Rejects with PORT_CONFLICT. */
  assignPort(): Promise<number>;
  changed(count: number): void;
}): Promise<MailCatcher> {
  const { log } = options;
  const mailbox = await openMailbox(options.folder, options.changed);
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, mailbox, log);
    socket.on('close', () => sockets.delete(socket));
  });
  server.maxConnections = MAX_CONNECTIONS;
  let port: number | null = null;
  try {
    const wanted = await options.assignPort();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: wanted, host: '127.0.0.1', exclusive: true }, resolve);
    });
    port = wanted;
  } catch (error) {
    log.warn('cannot catch mail', { error: String(error) });
  }
  return {
    mailbox,
    port,
    close() {
      mailbox.close();
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(socket: Socket, mailbox: Mailbox, log: Logger): void {
  /** Whoever is told that a mail was caught may look for it at once. */
  let stored: Promise<unknown> = Promise.resolve();
  const session = createSmtpSession({
    maxBytes: MAX_MESSAGE_BYTES,
    deliver(message, envelope) {
      stored = stored
        .then(() => mailbox.add(message, envelope))
        .catch((error: unknown) => {
          log.error('cannot keep a mail', { error: String(error) });
          socket.destroy(); // The sender tries again, or tells its user.
        });
    },
  });
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.write(session.greeting);
  socket.on('data', (data) => {
    if (session.isOver) return;
    const replies = session.take(data);
    void stored.then(() => {
      if (socket.destroyed) return;
      if (session.isOver) socket.end(replies);
      else if (replies !== '') socket.write(replies);
    });
  });
}
