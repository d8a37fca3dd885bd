/** Answers that clients do not read: memory and descriptors stay bounded and come back; slow readers and quiet streams live. */
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { mkdirSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EdgeRoute } from '../../contract/edge.ts';
import { listenFastcgi } from './edge-backends.ts';
import { freePort } from '../fixtures/free-port.ts';
import { greeting, requestFrame } from './http2-frames.ts';
import { createEdgeWorld, residentMb, until, writeSite, type EdgeWorld } from './edge-world.ts';

const FILE_BYTES = 50 * 1024 * 1024;
const LARGE = Buffer.alloc(4 * 1024 * 1024, 'x');
const CONNECTIONS = 20;
const STREAMS = 128;
/** Beyond what the edge has before anything is asked. Unbounded, it took 1300 MB for the file, and would keep 10 GB of the upstream. */
const MOST_MORE_MB = 250;

let world: EdgeWorld;
let upstream: Server;
const sessions = new Set<ClientHttp2Session>();
const sockets = new Set<TLSSocket>();
let phpSocket = '';
let endPhp = (): void => undefined;

function routeOf(site: string, documentRoot: string, port: number): EdgeRoute {
  if (site === 'files.test') return { type: 'static', documentRoot, fallback: null };
  if (site === 'api.test') return { type: 'http', target: `http://127.0.0.1:${port}`, service: 'app-api' };
  return { type: 'php', documentRoot, socket: phpSocket, service: 'php', env: {}, frontController: null };
}

beforeAll(async () => {
  const port = await freePort();
  upstream = createServer((request, response) => {
    if (request.url === '/quiet') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      setTimeout(() => response.end('data: last\n\n'), 8000);
    } else if (request.url === '/slow-upload') {
      // Takes nothing of the body.
    } else {
      response.end(LARGE);
    }
  });
  await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve));
  world = await createEdgeWorld(
    ['files.test', 'api.test', 'php.test'].map((host) => ({ host, routes: {} })),
    (config) => {
      const root = join(config.controlSocket, '..', 'public');
      mkdirSync(root);
      writeSite(root, {
        'big.bin': Buffer.alloc(FILE_BYTES, 'x'),
        'middle.bin': Buffer.alloc(60_000, 'x'),
        'a.txt': 'a',
        'index.php': '<?php',
      });
      phpSocket = join(root, '../php.sock');
      return {
        ...config,
        sites: config.sites.map((site) => ({
          ...site,
          routes: [{ path: '/', route: routeOf(site.name, root, port) }],
        })),
      };
    },
  );
  endPhp = await listenFastcgi(phpSocket, () => `Content-Type: text/plain\r\n\r\n${LARGE.toString('latin1')}`);
});
afterAll(async () => {
  endPhp();
  upstream.closeAllConnections();
  upstream.close();
  await world.close();
});

afterEach(async () => {
  for (const session of sessions) session.destroy();
  sessions.clear();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await world.stop();
});

const open = (host: string, initialWindowSize: number): Promise<ClientHttp2Session> =>
  new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${world.port}`, {
      ca: world.root,
      servername: host,
      settings: { initialWindowSize },
    });
    sessions.add(session);
    session.on('error', reject);
    session.once('remoteSettings', () => resolve(session));
  });
const ask = (session: ClientHttp2Session, host: string, path: string, method = 'GET'): ClientHttp2Stream => {
  const stream = session.request({ ':path': path, ':authority': host, ':method': method });
  stream.on('error', () => undefined);
  return stream;
};
const descriptors = (): number => readdirSync(`/proc/${world.pid}/fd`).length;

/** Looks at the edge until it is asked for what it saw. */
function watchEdge(): () => { readonly more: number; readonly descriptors: number } {
  const before = residentMb(world.pid);
  let most = before;
  let mostDescriptors = 0;
  const look = setInterval(() => {
    if (world.pid === 0) return;
    most = Math.max(most, residentMb(world.pid));
    mostDescriptors = Math.max(mostDescriptors, descriptors());
  }, 20);
  return () => {
    clearInterval(look);
    return { more: most - before, descriptors: mostDescriptors };
  };
}

/** Streams that are asked for and never read. */
const UNREAD = {
  /** The client gives the streams no room. */
  'HTTP/2, without a window': async (host: string, path: string) => {
    const opened = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(host, 0)));
    return opened.flatMap((session) => Array.from({ length: STREAMS }, () => ask(session, host, path)));
  },
  /** It gives them all room, and reads nothing of its connection. */
  'HTTP/2, with a silent connection': async (host: string, path: string) => {
    for (let at = 0; at < CONNECTIONS; at++) {
      const socket = await world.connect(host, ['h2']);
      sockets.add(socket);
      socket.pause();
      socket.write(
        Buffer.concat([
          greeting(2 ** 30),
          ...Array.from({ length: STREAMS }, (_, at) => requestFrame(2 * at + 1, host, path)),
        ]),
      );
    }
    return [];
  },
  'HTTP/1': async (host: string, path: string) => {
    for (let at = 0; at < 300; at++) {
      const socket = await world.connect(host);
      sockets.add(socket);
      socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    }
    return [];
  },
};

test.each<[keyof typeof UNREAD, string, string]>([
  ['HTTP/2, without a window', 'files.test', '/big.bin'],
  ['HTTP/2, without a window', 'files.test', '/middle.bin'],
  ['HTTP/2, without a window', 'api.test', '/'],
  ['HTTP/2, with a silent connection', 'files.test', '/middle.bin'],
  ['HTTP/2, with a silent connection', 'api.test', '/'],
  ['HTTP/2, with a silent connection', 'php.test', '/'],
  ['HTTP/1', 'api.test', '/'],
])('%s: %s%s without a reader', async (client, host, path) => {
  await world.start();
  const seen = watchEdge();
  const requested = await UNREAD[client](host, path);
  let answered = 0;
  for (const stream of requested) {
    stream.once('response', () => (answered += 1));
    stream.once('close', () => (answered += 1));
  }
  if (client === 'HTTP/2, without a window' && host !== 'php.test') await until(() => answered >= requested.length / 3);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  // Others are served all the while.
  expect((await world.get('files.test', '/a.txt')).text).toBe('a');
  expect((await world.get('files.test', '/big.bin')).body.length).toBe(FILE_BYTES);
  for (const session of sessions) session.destroy();
  for (const socket of sockets) socket.destroy();
  await until(async () => (await world.status()).openConnections === 0);
  const { more, descriptors: mostDescriptors } = seen();
  console.log(`${client} ${host}${path}: ${more.toFixed(0)} MB more at most; ${mostDescriptors} descriptors`);
  expect(more).toBeLessThan(MOST_MORE_MB);
  expect(mostDescriptors).toBeLessThan(2000);
  await until(() => descriptors() < 60);
  await world.stop();
});

test('uploads that a slow service does not take: memory is bounded', async () => {
  await world.start();
  const seen = watchEdge();
  const opened = await Promise.all(Array.from({ length: CONNECTIONS }, () => open('api.test', 65_535)));
  for (const session of opened) {
    for (let at = 0; at < STREAMS; at++) {
      const stream = ask(session, 'api.test', '/slow-upload', 'POST');
      stream.write(Buffer.alloc(1024 * 1024));
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect((await world.get('files.test', '/a.txt')).text).toBe('a');
  const { more } = seen();
  console.log(`uploads: ${more.toFixed(0)} MB more at most`);
  expect(more).toBeLessThan(MOST_MORE_MB);
  for (const session of opened) session.destroy();
});

test('a slow reader, a quiet stream of events and a long poll live while others do not read', async () => {
  await world.start();
  const greedy = await Promise.all(Array.from({ length: 6 }, () => open('files.test', 0)));
  for (const session of greedy) for (let at = 0; at < STREAMS; at++) ask(session, 'files.test', '/big.bin');
  const quiet = ask(await open('api.test', 65_535), 'api.test', '/quiet');
  let events = '';
  quiet.setEncoding('utf8').on('data', (part: string) => (events += part));
  const slow = ask(await open('files.test', 65_535), 'files.test', '/big.bin');
  let taken = 0;
  slow.on('data', (data: Buffer) => {
    taken += data.length;
    if (taken > 512 * 1024) return;
    slow.pause();
    setTimeout(() => slow.resume(), 250);
  });
  await new Promise((resolve) => slow.once('close', resolve));
  expect(taken).toBe(FILE_BYTES);
  await until(() => quiet.closed);
  expect(events).toBe('data: first\n\ndata: last\n\n');
  for (const session of greedy) session.destroy();
});
