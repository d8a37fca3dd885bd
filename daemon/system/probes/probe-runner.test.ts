/** Probes of services that mean harm. */
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { probeRunner } from './probe-runner.ts';

let folder: string;
const servers: { close(): unknown }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kb-probe-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const flood = (): Server =>
  createServer((socket) => {
    socket.on('error', () => undefined);
    const piece = Buffer.alloc(64 * 1024, 'x');
    const send = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', send);
    send();
  });

it('an answer without an end is cut off', async () => {
  const server = flood().listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const { ok, text } = await probeRunner.probe({ type: 'redis', address, password: 'x' } as never, 10_000);
  expect([ok, text]).toEqual([false, expect.stringMatching(/more than was asked for|unexpected/)]);
});

it('the body of a page without an end is not waited for', async () => {
  const server = createHttpServer((_request, response) => {
    const timer = setInterval(() => response.write('x'), 5);
    response.on('close', () => clearInterval(timer));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  expect(await probeRunner.probe({ type: 'http', url } as never, 1000)).toMatchObject({
    ok: true,
    text: 'answered 200',
  });
});

it('a server at a socket is asked there', async () => {
  const socket = join(folder, 'edge.sock');
  const spec = { type: 'http-socket', socket, path: '/status' } as const;
  expect((await probeRunner.probe(spec, 2000)).text).toMatch('ENOENT');
  const server = createHttpServer((request, response) => {
    response.statusCode = request.url === '/status' ? 202 : 500;
    response.end();
  }).listen(socket);
  servers.push(server);
  await once(server, 'listening');
  expect(await probeRunner.probe(spec, 2000)).toMatchObject({ ok: true, text: 'answered 202' });
});

it.runIf(process.getuid?.() === 0)('a link in a folder of another user is not followed to a socket', async () => {
  let asked = 0;
  const server = createServer((socket) => {
    asked += 1;
    socket.destroy();
  }).listen(join(folder, 'of-root.sock'));
  servers.push(server);
  await once(server, 'listening');
  const planted = join(folder, 'run');
  mkdirSync(planted);
  symlinkSync(join(folder, 'of-root.sock'), join(planted, 'php.sock'));
  chownSync(planted, 4321, 4321);
  for (const spec of [
    { type: 'port', address: { socket: join(planted, 'php.sock') } },
    { type: 'fastcgi', address: { socket: join(planted, 'php.sock') }, path: '/ping' },
    { type: 'http-socket', socket: join(planted, 'php.sock'), path: '/status' },
  ])
    expect((await probeRunner.probe(spec as never, 2000)).ok).toBe(false);
  expect(asked).toBe(0);
});
