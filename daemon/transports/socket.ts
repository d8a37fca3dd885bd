/**
 * The local socket: one JSON message a line. Who may open the socket file (mode 0600) may do everything, so no token is asked. A client that
 * acts for an agent or a page gives `allow`, and then it has that level.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { chmodSync } from 'node:fs';
import { KojiboxError } from '../../contract/errors.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Dispatcher } from './dispatcher.ts';
import { allowed, unknownLevel } from './allowed.ts';
import { endSoon } from './strangers.ts';
import type { EventHub, SubscriberHandle } from './event-hub.ts';

/** Between two pieces of a line. */
const PATIENCE_MS = 30_000;

/** @param path at most 107 bytes (unix(7)); a stale file there is the caller's to remove */
export async function listenOnSocket(
  path: string,
  { dispatcher, hub, budget }: { readonly dispatcher: Dispatcher; readonly hub: EventHub; readonly budget: BodyBudget },
): Promise<Server> {
  const server = createServer((socket) => serve(socket, dispatcher, hub, budget));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

function serve(socket: Socket, dispatcher: Dispatcher, hub: EventHub, budget: BodyBudget): void {
  let subscription: SubscriberHandle | null = null;
  let chunks: string[] = [];
  const share = budget.open();
  let timer: NodeJS.Timeout | undefined;
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy()); // A client that vanished; 'close' below cleans up.
  socket.on('close', () => {
    clearTimeout(timer);
    share.release();
    subscription?.close();
  });

  const write = (value: unknown): void => {
    if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
  };

  const handle = async (line: string): Promise<void> => {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch (error) {
      const malformed = new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
        detail: error instanceof Error ? error.message : 'not JSON',
        source: 'daemon',
      });
      write({ id: null, ...dispatcher.fail(malformed, 'socket') });
      return;
    }
    if (typeof message !== 'object' || message === null) {
      write({ id: null, ...(await dispatcher.dispatch(undefined, {}, 'socket')) });
      return;
    }
    const granted = allowed('allow' in message ? message.allow : undefined, 'admin');
    if (granted === null) {
      write({ id: 'id' in message ? message.id : null, ...dispatcher.fail(unknownLevel(), 'socket') });
      return;
    }
    if ('subscribe' in message) {
      subscription ??= hub.subscribe(
        {
          send: (text) => void socket.write(`${text}\n`),
          waitingBytes: () => socket.writableLength,
        },
        granted,
      );
      if (!subscription.receive(JSON.stringify({ ...message, allow: undefined }))) socket.destroy();
      return;
    }
    const { id = null, method, params } = message as { id?: unknown; method?: unknown; params?: unknown };
    write({ id, ...(await dispatcher.dispatch(method, params, 'socket', granted)) });
  };

  const refuse = (error: unknown): void => {
    clearTimeout(timer);
    chunks = [];
    share.release();
    socket.removeAllListeners('data');
    socket.end(`${JSON.stringify({ id: null, ...dispatcher.fail(error, 'socket') })}\n`);
    endSoon(socket);
  };

  socket.on('data', (chunk: string) => {
    let rest = chunk;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      const line = chunks.join('') + rest.slice(0, end);
      chunks = [];
      share.release();
      clearTimeout(timer);
      rest = rest.slice(end + 1);
      if (line.trim() !== '') void handle(line);
    }
    if (rest === '') return;
    chunks.push(rest);
    try {
      share.take(Buffer.byteLength(rest));
    } catch (error) {
      refuse(error);
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => refuse(tooSlow()), PATIENCE_MS);
  });
}

const tooSlow = (): KojiboxError =>
  new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
    detail: `the rest of the line did not come within ${PATIENCE_MS / 1000} s`,
    source: 'daemon',
  });
