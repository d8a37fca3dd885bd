/** Answers that clients do not read: memory and descriptors stay bounded and come back; slow readers and quiet streams live. */
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { mkdirSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../fixtures/free-port.ts';
import { createEdgeWorld, residentMb, until, writeSite, type EdgeWorld } from './edge-world.ts';

const FILE_BYTES = 50 * 1024 * 1024;
const LARGE = Buffer.alloc(4 * 1024 * 1024, 'x');
const CONNECTIONS = 20;
const STREAMS = 128;
/** The edge has about 70 MB before anything is asked. Unbounded, it kept 1382 MB for the file, and would keep 10 GB of the upstream. */
const MOST_MB = 800;

let world: EdgeWorld;
let upstream: Server;
const sessions = new Set<ClientHttp2Session>();

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
    ['files.test', 'api.test'].map((host) => ({ host, routes: {} })),
    (config) => {
      const root = join(config.controlSocket, '..', 'public');
      mkdirSync(root);
      writeSite(root, {
        'big.bin': Buffer.alloc(FILE_BYTES, 'x'),
        'middle.bin': Buffer.alloc(60_000, 'x'),
        'a.txt': 'a',
      });
      return {
        ...config,
        sites: config.sites.map((site) => ({
          ...site,
          routes: [
            {
              path: '/',
              route:
                site.name === 'files.test'
                  ? { type: 'static' as const, documentRoot: root, fallback: null }
                  : { type: 'http' as const, target: `http://127.0.0.1:${port}`, service: 'app-api' },
            },
          ],
        })),
      };
    },
  );
});
afterAll(async () => {
  upstream.closeAllConnections();
  upstream.close();
  await world.close();
});

afterEach(async () => {
  for (const session of sessions) session.destroy();
  sessions.clear();
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

test.each([
  ['files.test', '/big.bin'],
  ['files.test', '/middle.bin'],
  ['api.test', '/'],
])(
  '%s%s: 20 connections of 128 streams without a reader',
  async (host, path) => {
    await world.start();
    const before = residentMb(world.pid);
    let most = before;
    let mostDescriptors = 0;
    const look = setInterval(() => {
      if (world.pid === 0) return;
      most = Math.max(most, residentMb(world.pid));
      mostDescriptors = Math.max(mostDescriptors, descriptors());
    }, 50);
    const opened = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(host, 0)));
    const requested = opened.flatMap((session) => Array.from({ length: STREAMS }, () => ask(session, host, path)));
    let answered = 0;
    for (const stream of requested) {
      stream.once('response', () => (answered += 1));
      stream.once('close', () => (answered += 1));
    }
    await until(() => answered >= requested.length / 3);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    // Others are served all the while.
    expect((await world.get('files.test', '/a.txt')).text).toBe('a');
    expect((await world.get('files.test', '/big.bin')).body.length).toBe(FILE_BYTES);
    clearInterval(look);
    for (const session of opened) session.destroy();
    await until(async () => (await world.status()).openConnections === 0);
    for (let at = 0; at < 50; at++) await world.get('files.test', '/a.txt');
    const after = residentMb(world.pid);
    console.log(
      `${host}${path}: ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most, ${after.toFixed(0)} MB after; ${mostDescriptors} descriptors`,
    );
    expect(most).toBeLessThan(MOST_MB);
    expect(mostDescriptors).toBeLessThan(2000);
    await until(() => descriptors() < 60);
    await world.stop();
  },
  120_000,
);

test('uploads that a slow service does not take: memory is bounded', async () => {
  await world.start();
  const opened = await Promise.all(Array.from({ length: 8 }, () => open('api.test', 65_535)));
  for (const session of opened) {
    for (let at = 0; at < STREAMS; at++) {
      const stream = ask(session, 'api.test', '/slow-upload', 'POST');
      stream.write(Buffer.alloc(1024 * 1024));
    }
  }
  let most = 0;
  for (let at = 0; at < 20; at++) {
    most = Math.max(most, residentMb(world.pid));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect((await world.get('files.test', '/a.txt')).text).toBe('a');
  console.log(`uploads: ${most.toFixed(0)} MB at most`);
  expect(most).toBeLessThan(MOST_MB);
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
