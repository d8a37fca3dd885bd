/** The name server's sockets, with a client that misbehaves. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNameServer, type NameServer } from '../../edge/dns/server.ts';
import { freePort } from '../fixtures/free-port.ts';

/** shop.test, A, with its length before it. */
const QUESTION = Buffer.from([
  ...[0, 27, 0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
  ...[4, ...Buffer.from('shop'), 4, ...Buffer.from('test'), 0, 0, 1, 0, 1],
]);
const MANY = Buffer.concat(Array.from({ length: 40_000 }, () => QUESTION));

let server: NameServer;
let client: Socket;
beforeEach(async () => {
  server = createNameServer(1500);
  await server.apply({ port: await freePort(), suffixes: ['test'] });
  client = connect(server.port() ?? 0, '127.0.0.1');
  await once(client, 'connect');
});
afterEach(() => {
  client.destroy();
  server.close();
});

it('answers several questions on one connection, however they are cut', async () => {
  let answered = 0;
  client.on('data', (bytes: Buffer) => (answered += bytes.length));
  for (const part of [
    QUESTION.subarray(0, 1),
    QUESTION.subarray(1, 9),
    Buffer.concat([QUESTION.subarray(9), QUESTION]),
  ])
    client.write(part);
  await expect.poll(() => answered).toBe(2 * (QUESTION.length + 16));
});

it('does not take in what it cannot get rid of: a client that asks and never reads is held up', async () => {
  let taken = 0;
  // 46 MB of questions; what the kernel keeps for both sides is a few.
  for (let part = 0; part < 40; part += 1) client.write(MANY, (error) => (taken += error ? 0 : 1));
  client.on('error', () => undefined);
  // Not once(), which rejects when it ends with a reset, as it does here.
  await new Promise((closed) => client.once('close', closed));
  expect(taken).toBeLessThan(20);
});
