/**
 * HTTP on loopback: `POST /rpc`, what pages get in with, `GET /healthz`, WebSocket `/events`, and the files of the user interface. Knows no
 * resource. Who asks is known before a body is read: the user of the program at the other end, then the key.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { isAllowed, type AccessLevel } from '../../contract/define.ts';
import { ERRORS, KojiboxError, type ErrorBody } from '../../contract/errors.ts';
import { ownValue } from '../../contract/own-value.ts';
import { allowed, unknownLevel } from './allowed.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { EventHub } from './event-hub.ts';
import type { PageKeys, PeerOwner } from './page-keys.ts';
import { readBody, readSmallBody } from './read-body.ts';
import type { StaticFiles } from './static-files.ts';
import { endSoon, watchStrangers } from './strangers.ts';

const LOOPBACK = '127.0.0.1';

export interface HttpOptions {
  readonly dispatcher: Dispatcher;
  readonly hub: EventHub;
  readonly keys: PageKeys;
  readonly budget: BodyBudget;
  /** User id of who opened a connection from this port of loopback; -1: it has gone away; null: it cannot be told. */
  ownerOf(local: number, remote: number): PeerOwner;
  readonly version: string;
  readonly files: StaticFiles;
  /** What takes files, by path: POST with a key of level admin, the file as the body. */
  readonly uploads?: ReadonlyMap<string, (request: IncomingMessage) => Promise<unknown>>;
  /** The page in front of Adminer changes a ticket into a session, by a key of its own. Throws UNAUTHORIZED. */
  readonly gate?: (key: string | undefined, message: Readonly<Record<string, unknown>>) => unknown;
  /** Tried in order; 0 lets the system choose. */
  readonly ports: readonly number[];
}

/** @returns the server and its port; rejects when none of the ports can be bound */
export async function listenOnHttp(options: HttpOptions): Promise<{ server: Server; port: number }> {
  const { dispatcher, hub, keys, version, files } = options;
  let port = 0;

  const server = createServer({ connectionsCheckingInterval: 5000 }, (request, response) => {
    handle(request, response)
      .catch((error: unknown) => sendError(response, dispatcher.fail(error, 'http').error))
      .finally(() => {
        // Refused before its body was read: it is not waited for.
        if (request.complete) return;
        if (response.writableFinished) endSoon(request.socket);
        else response.once('finish', () => endSoon(request.socket));
      });
  });
  server.headersTimeout = 10_000;
  // A file may take its time; headers may not, and a message has a deadline of its own.
  server.requestTimeout = 600_000;
  const strangers = watchStrangers(server);

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 64 * 1024,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('kojibox') ? 'kojibox' : false),
  });

  /** Throws when the request did not come from this machine's own page or program. Stops DNS rebinding and foreign pages. */
  const assertLocal = (request: IncomingMessage): void => {
    const names = [LOOPBACK, 'localhost', '[::1]'].map((name) => `${name}:${port}`);
    if (!names.includes(request.headers.host ?? '')) {
      throw new KojiboxError('HOST_FORBIDDEN', 'cannot answer under this host name', {
        detail: `Host: ${request.headers.host ?? '(none)'}`,
        source: 'daemon',
      });
    }
    const origin = request.headers.origin;
    if (origin !== undefined && !names.some((name) => origin === `http://${name}`)) {
      throw new KojiboxError('ORIGIN_FORBIDDEN', 'cannot answer pages of another origin', {
        detail: `Origin: ${origin}`,
        source: 'daemon',
      });
    }
  };

  const owners = new WeakMap<Duplex, { readonly owner: PeerOwner }>();
  /** Of the program at the other end; looked up once for each connection. */
  const ownerOf = ({ socket }: IncomingMessage): PeerOwner => {
    const known = owners.get(socket);
    if (known !== undefined) return known.owner;
    const owner = options.ownerOf(port, socket.remotePort ?? 0);
    owners.set(socket, { owner });
    return owner;
  };

  /** @param asked a lesser level that the client wants. Throws UNAUTHORIZED. */
  const levelOf = (request: IncomingMessage, given: string | undefined, asked: unknown): AccessLevel => {
    const level = keys.levelOf(given);
    if (level === null) {
      throw new KojiboxError('UNAUTHORIZED', 'cannot answer without the right token', {
        detail: given === undefined ? 'no Authorization header' : 'the token is not the one of this daemon',
        source: 'daemon',
      });
    }
    // A key that another user got hold of is of no use to him.
    keys.assertOwner(ownerOf(request));
    const granted = allowed(asked, level);
    if (granted === null) throw unknownLevel();
    strangers.admit(request.socket);
    return granted;
  };
  const bearerOf = (request: IncomingMessage): string | undefined =>
    /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];

  /** How pages get in; before anything of the body is read, the owner is known. */
  const enter: Readonly<Record<string, (request: IncomingMessage) => Promise<unknown>>> = {
    async '/ticket'(request) {
      keys.assertOwner(ownerOf(request));
      return keys.exchange(parseMessage(await readSmallBody(request))['ticket'], ownerOf(request));
    },
    async '/session'(request) {
      keys.assertOwner(ownerOf(request));
      const { session, nonce } = parseMessage(await readSmallBody(request));
      return keys.challenge(session, nonce, port);
    },
    async '/session/proof'(request) {
      keys.assertOwner(ownerOf(request));
      const { nonce, proof } = parseMessage(await readSmallBody(request));
      keys.prove(nonce, proof);
      return 'ok';
    },
    async '/adminer'(request) {
      const key = bearerOf(request);
      return options.gate?.(key, parseMessage(await readSmallBody(request)));
    },
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    assertLocal(request);
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const entrance = ownValue(enter, path);
    if (path === '/healthz') {
      sendJson(response, 200, { status: 'ok', version });
    } else if (path === '/rpc' || entrance !== undefined) {
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        throw new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
          detail: `${path} takes POST`,
          source: 'daemon',
        });
      }
      if (entrance !== undefined) {
        sendJson(response, 200, { result: await entrance(request) });
        return;
      }
      const level = levelOf(request, bearerOf(request), request.headers['kojibox-allow']);
      const message = parseMessage(await readBody(request, options.budget));
      const reply = await dispatcher.dispatch(message['method'], message['params'], 'http', level);
      if ('error' in reply) sendError(response, reply.error);
      else sendJson(response, 200, reply);
    } else if (request.method === 'POST' && options.uploads?.has(path) === true) {
      // What is in a file is read and run later: a dump is code.
      if (!isAllowed('admin', levelOf(request, bearerOf(request), undefined)))
        throw new KojiboxError('PERMISSION_DENIED', 'cannot take a file from this page', {
          detail: 'it was opened with less than the access level admin',
          source: 'daemon',
          remedy: 'Open one that may: koji open',
        });
      sendJson(response, 200, { result: await options.uploads.get(path)?.(request) });
    } else {
      await files.serve(request, response, path);
    }
  };

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()); // The other end went away; nothing was begun.
    let level: AccessLevel;
    try {
      assertLocal(request);
      if ((request.url ?? '').split('?')[0] !== '/events') {
        throw new KojiboxError('NOT_FOUND', 'cannot upgrade this path', {
          detail: 'events are at /events',
          source: 'daemon',
        });
      }
      const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((text) => text.trim());
      const bearer = protocols.find((text) => text.startsWith('bearer.'))?.slice('bearer.'.length);
      const asked = new URLSearchParams((request.url ?? '').split('?')[1] ?? '').get('allow') ?? undefined;
      level = levelOf(request, bearer ?? bearerOf(request), asked);
    } catch (error) {
      const { error: body } = dispatcher.fail(error, 'events');
      const text = JSON.stringify({ error: body });
      socket.end(
        `HTTP/1.1 ${ERRORS[body.code].httpStatus} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
      );
      endSoon(socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const subscription = hub.subscribe(
        {
          send: (text) => webSocket.send(text),
          waitingBytes: () => webSocket.bufferedAmount,
        },
        level,
      );
      webSocket.on('message', (data) => {
        if (!subscription.receive((data as Buffer).toString('utf8'))) webSocket.close(1008, 'not a subscription');
      });
      webSocket.on('error', () => webSocket.terminate());
      webSocket.on('close', () => subscription.close());
    });
  });

  port = await bindFirst(server, options.ports);
  return { server, port };
}

async function bindFirst(server: Server, ports: readonly number[]): Promise<number> {
  let lastError: unknown;
  for (const wanted of ports) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(wanted, LOOPBACK, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : wanted;
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError;
}

function parseMessage(text: string): Readonly<Record<string, unknown>> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (error) {
    throw new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
      detail: error instanceof Error ? error.message : 'not JSON',
      source: 'daemon',
    });
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
      detail: 'the body must be one JSON object',
      source: 'daemon',
    });
  }
  return message as Readonly<Record<string, unknown>>;
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return;
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function sendError(response: ServerResponse, body: ErrorBody): void {
  sendJson(response, ERRORS[body.code].httpStatus, { error: body });
}
