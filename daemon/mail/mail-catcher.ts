/** Listens for mail on loopback and keeps it. In the daemon itself: a process of its own would cost forty times the memory. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../core/system/logger.ts';
import type { System } from '../../core/system/system.ts';
import { openMailDrop } from './mail-drop.ts';
import { MAX_MESSAGE_BYTES, openMailbox, type Mailbox } from './mailbox.ts';
import { createSmtpSession } from './smtp-session.ts';

const IDLE_MS = 60_000;
/** Of a connection, however busy it is: 50 MB come in a second on one machine. */
const LIFETIME_MS = 600_000;
const MAX_CONNECTIONS = 100;
/** Of one connection, on their way to the disk. */
const MAX_WAITING_BYTES = 512 * 1024;

export interface MailCatcher {
  readonly mailbox: Mailbox;
  /** Null: it does not listen. */
  readonly port: number | null;
  close(): void;
}

/** A port that cannot be had is a warning: everything else works without mail. */
export async function startMailCatcher(options: {
  readonly folder: string;
  /** Where programs hand mails over as files. */
  readonly dropFolder: string;
  readonly system: Pick<System, 'files' | 'host' | 'log'>;
  /** Rejects with PORT_CONFLICT. */
  assignPort(): Promise<number>;
  changed(count: number): void;
}): Promise<MailCatcher> {
  const { files, host, log } = options.system;
  const mailbox = await openMailbox(options.folder, files, options.changed);
  const drop = await openMailDrop({
    folder: options.dropFolder,
    isShared: host.isRoot,
    maxBytes: MAX_MESSAGE_BYTES,
    files,
    log,
    async deliver(message) {
      const writer = mailbox.receive(null);
      try {
        await writer.write(message);
        await writer.finish();
      } finally {
        await writer.discard();
      }
    },
  });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    // The oldest goes, which a working sender has long left: idle connections keep no mail out.
    if (sockets.size >= MAX_CONNECTIONS) for (const oldest of [...sockets].slice(0, 1)) oldest.destroy();
    sockets.add(socket);
    serve(socket, mailbox, log);
    socket.on('close', () => sockets.delete(socket));
  });
  // One that is just being dropped still counts.
  server.maxConnections = 2 * MAX_CONNECTIONS;
  let port: number | null = null;
  try {
    const wanted = await options.assignPort();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: wanted, host: '127.0.0.1', exclusive: true }, resolve);
    });
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : wanted;
  } catch (error) {
    log.warn('cannot catch mail', { error: String(error) });
  }
  return {
    mailbox: {
      ...mailbox,
      // What a program has just handed over is there for the one who asks.
      async list() {
        await drop.collect();
        return mailbox.list();
      },
    },
    port,
    close() {
      drop.close();
      mailbox.close();
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(socket: Socket, mailbox: Mailbox, log: Logger): void {
  /** A listener may look for the mail at once. */
  let stored: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const fail = (error: unknown): void => {
    log.error('cannot keep a mail', { error: String(error) });
    socket.destroy(); // The sender tries again, or tells its user.
  };
  const session = createSmtpSession({
    maxBytes: MAX_MESSAGE_BYTES,
    receive(envelope) {
      const writer = mailbox.receive(envelope);
      const after = (work: () => Promise<void>): void => {
        stored = stored.then(work).catch(async (error: unknown) => {
          fail(error);
          await writer.discard();
        });
      };
      return {
        write(piece) {
          waiting += piece.length;
          if (waiting > MAX_WAITING_BYTES) socket.pause();
          after(async () => {
            if (!socket.destroyed) await writer.write(piece);
            waiting -= piece.length;
            if (waiting <= MAX_WAITING_BYTES) socket.resume();
          });
        },
        finish: () => after(() => writer.finish()),
        discard: () => after(() => writer.discard()),
      };
    },
  });
  const lifetime = setTimeout(() => socket.destroy(), LIFETIME_MS);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    clearTimeout(lifetime);
    session.end();
  });
  socket.write(session.greeting);
  socket.on('data', (data) => {
    if (session.isOver) return;
    const replies = session.take(data);
    const { isOver } = session;
    void stored.then(() => {
      if (socket.destroyed) return;
      if (isOver) socket.end(replies, () => socket.destroySoon());
      // Who sends commands and reads no reply has to wait.
      else if (replies !== '' && !socket.write(replies)) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
  });
}
