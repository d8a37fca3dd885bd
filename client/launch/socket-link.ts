/** Link over the daemon's local socket: one JSON message a line. The socket file's mode is the permission. */
import { connect, type Socket } from 'node:net';
import { openEventStream } from '../event-channel.ts';
import type { ClientLink } from '../link.ts';
import type { AccessLevel } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { resultOf, unreachable } from '../replies.ts';

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

/**
 * @param path read again for each new connection, because a new daemon may listen elsewhere
 * @param eventsAllow the level of its events, where that is less than all
 */
export function createSocketLink(path: () => string, eventsAllow?: AccessLevel): ClientLink {
  let calls: Socket | null = null;
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const streams = new Set<{ close(): void }>();
  let nextId = 1;

  const failAll = (error: unknown): void => {
    calls = null;
    for (const call of pending.values()) call.reject(error);
    pending.clear();
  };

  /** Throws a KojiboxError: what `path` says, or DAEMON_UNREACHABLE while there is no socket. */
  const pathNow = (): string => {
    try {
      return path();
    } catch (error) {
      if (error instanceof KojiboxError) throw error;
      throw unreachable(error instanceof Error ? error.message : String(error), error);
    }
  };

  const open = (): Socket => {
    if (calls !== null) return calls;
    const socket = connect(pathNow());
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
        const socket = open();
        const id = nextId++;
        pending.set(id, { resolve, reject });
        socket.write(`${JSON.stringify({ id, method, params, allow })}\n`);
      });
    },

    subscribe(listener, onStatus) {
      const stream = openEventStream(
        (events) => {
          let place: string;
          try {
            place = pathNow();
          } catch {
            // The daemon is away; the stream tries again, and says so.
            const timer = setTimeout(() => events.closed());
            return { send: () => undefined, close: () => clearTimeout(timer) };
          }
          const socket = connect(place);
          socket.on('connect', () => events.opened());
          onLines(socket, (line) => events.message(line));
          socket.on('error', () => socket.destroy()); // 'close' follows and makes the stream try again.
          socket.on('close', () => events.closed());
          const allow = eventsAllow === undefined ? {} : { allow: eventsAllow };
          return {
            send: (text) => void socket.write(`${JSON.stringify({ ...(JSON.parse(text) as object), ...allow })}\n`),
            close: () => socket.destroy(),
          };
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
