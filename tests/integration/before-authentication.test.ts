/** Memory and time of the daemon for those who have proved nothing. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postRpc } from './daemon-calls.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = createStackWorld();
  await world.koji('info');
});
afterAll(() => world.remove());

const rssMB = (): number => {
  const status = readFileSync(`/proc/${world.daemonFile().pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
};

/** Sends a head and as much of an 8 MB body as is taken, never all of it. */
function unfinished(target: { port: number; host: string } | { path: string }, head: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(target as { path: string });
    socket.on('error', () => resolve(socket)); // Cut off by the daemon, as it should.
    socket.on('close', () => resolve(socket));
    socket.resume();
    socket.on('connect', () => {
      socket.write(head);
      const piece = Buffer.alloc(100_000, 0x20);
      let left = 79;
      const send = (): void => {
        if (left-- <= 0 || socket.destroyed) {
          resolve(socket);
          return;
        }
        // What is not taken is not waited for.
        if (socket.write(piece)) setImmediate(send);
        else {
          const timer = setTimeout(() => resolve(socket), 3000);
          socket.once('drain', () => {
            clearTimeout(timer);
            send();
          });
        }
      };
      send();
    });
  });
}

const post = (path: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: HOST\r\n${more}Content-Length: 8000000\r\n\r\n{"ticket":"`;

it.each([
  ['POST /ticket', post('/ticket'), 100],
  ['POST /session', post('/session'), 100],
  ['POST /session/proof', post('/session/proof'), 100],
  ['POST /adminer', post('/adminer', 'Authorization: Bearer guessed\r\n'), 100],
  ['POST /rpc without a token', post('/rpc'), 100],
  ['an upload without a token', post('/upload/dump'), 100],
  ['POST to a file', post('/'), 100],
  [
    'a WebSocket without a key',
    'GET /events HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    30,
  ],
  ['a head that never ends', 'GET / HTTP/1.1\r\nHost: HOST\r\nX: ', 100],
])('60 unfinished bodies of %s do not fill the memory, and do not stay', async (_, head, mostMB) => {
  const { url } = world.daemonFile();
  const { hostname, port, host } = new URL(url);
  const before = rssMB();
  const sockets = await Promise.all(
    Array.from({ length: 60 }, () => unfinished({ host: hostname, port: Number(port) }, head.replace('HOST', host))),
  );
  const grown = rssMB() - before;
  console.log(`grown by ${grown.toFixed(0)} MB`);
  expect(grown).toBeLessThan(mostMB);
  // A client with a key is answered beside it.
  expect((await postRpc(world.daemonFile(), '{"method":"daemon.info"}')).status).toBe(200);
  await expect.poll(() => sockets.filter((socket) => !socket.closed && !socket.destroyed).length).toBe(0);
});

it('many connections that say nothing are cut off, the oldest first', async () => {
  const { hostname, port } = new URL(world.daemonFile().url);
  const sockets = Array.from({ length: 500 }, () => connect({ host: hostname, port: Number(port) }));
  for (const socket of sockets) socket.on('error', () => undefined).resume(); // Cut off is what is counted.
  await expect.poll(() => sockets.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(256);
  expect((await postRpc(world.daemonFile(), '{"method":"daemon.info"}')).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

it('unfinished lines on the local socket, and unfinished requests with a token, share a bounded memory', async () => {
  const { socket: path, url, token } = world.daemonFile();
  const { hostname, port, host } = new URL(url);
  const before = rssMB();
  const heads = `POST /rpc HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 8000000\r\n\r\n{"a":"`;
  const sockets = [
    ...(await Promise.all(Array.from({ length: 60 }, () => unfinished({ path }, '{"id":1,"method":"')))),
    ...(await Promise.all(Array.from({ length: 60 }, () => unfinished({ host: hostname, port: Number(port) }, heads)))),
  ];
  const grown = rssMB() - before;
  console.log(`grown by ${grown.toFixed(0)} MB`);
  // Twice what is kept of them: a text has two bytes for each where it is not Latin.
  expect(grown).toBeLessThan(150);
  for (const socket of sockets) socket.destroy();
  await wait(500);
  expect((await postRpc(world.daemonFile(), '{"method":"daemon.info"}')).status).toBe(200);
});
