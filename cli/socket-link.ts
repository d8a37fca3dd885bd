/** Link over the daemon's local socket: one JSON message a line. The socket file's mode is the permission. */
import { connect, type Socket } from 'node:net';
import { openEventStream } from '../client/event-channel.ts';
import type { ClientLink } from '../client/link.ts';
import { resultOf, unreachable } from '../client/replies.ts';

/** Calls back with each whole line. */
function onLines(socket: Socket, listener: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) listener(line);
  });
}

/** @param path read again for each new connection, because a new daemon may listen elsewhere */
export function createSocketLink(path: () => string): ClientLink {
  let calls: Socket | null = null;
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const streams = new Set<{ close(): void }>();
  let nextId = 1;

  const failAll = (error: unknown): void => {
    calls = null;
    for (const call of pending.values()) call.reject(error);
    pending.clear();
  };

  const open = (): Socket => {
    if (calls !== null) return calls;
    const socket = connect(path());
    onLines(socket, (line) => {
      const reply = JSON.parse(line) as { id: number };
      const call = pending.get(reply.id);
      pending.delete(reply.id);
      try {
        call?.resolve(resultOf(reply));
      } catch (error) {
        call?.reject(error);
      }
    });
    let reason = 'the connection was closed';
    socket.on('error', (error) => (reason = error.message));
    socket.on('close', () => failAll(unreachable(reason)));
    calls = socket;
    return socket;
  };

  return {
    call(method, params, allow) {
      return new Promise((resolve, reject) => {
        const id = nextId++;
        pending.set(id, { resolve, reject });
        open().write(`${JSON.stringify({ id, method, params, allow })}\n`);
      });
    },

    subscribe(listener, onStatus) {
      const stream = openEventStream(
        (events) => {
          const socket = connect(path());
          socket.on('connect', () => events.opened());
          onLines(socket, (line) => events.message(line));
          socket.on('error', () => socket.destroy()); // 'close' follows and makes the stream try again.
          socket.on('close', () => events.closed());
          return { send: (text) => void socket.write(`${text}\n`), close: () => socket.destroy() };
        },
        listener,
        onStatus,
      );
      streams.add(stream);
      return stream;
    },

    close() {
      for (const stream of streams) stream.close();
      calls?.destroy();
    },
  };
}
