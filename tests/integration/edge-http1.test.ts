/** What a hostile or broken client may send, over real TLS sockets: nothing of it may be read in two ways. */
import { createServer, type Server } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atMost } from '../figures.ts';
import { freePort } from '../fixtures/free-port.ts';
import { createEdgeWorld, until, writeSite, type EdgeWorld } from './edge-world.ts';

let world: EdgeWorld;
let upstream: Server;
/** What came through to the upstream. */
let seen: { method: string; url: string; body: string }[] = [];

beforeAll(async () => {
  const port = await freePort();
  upstream = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString('latin1')));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', body });
      response.end(`upstream ${request.url ?? ''}`);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve));
  world = await createEdgeWorld([
    { host: 'api.test', routes: { '/': { type: 'http', target: `http://127.0.0.1:${port}`, service: 'api' } } },
  ]);
  mkdirSync(join(world.folder, 'site'));
  writeSite(join(world.folder, 'site'), { 'index.html': 'hi' });
  await world.start();
});
afterAll(async () => {
  await world.close();
  upstream.close();
});

const HOST = 'Host: api.test\r\n';
const statusOf = (answer: string): string => /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? `none (${answer.slice(0, 40)})`;
const answersIn = (answer: string): number => answer.match(/HTTP\/1\.1 \d{3}/g)?.length ?? 0;

describe('requests that two programs could read differently are refused, and the connection is closed', () => {
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\n';
  const corpus: Record<string, [status: string, request: string]> = {
    'Content-Length and Transfer-Encoding': [
      '400',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    'Transfer-Encoding and Content-Length': [
      '400',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    'two different Content-Length': [
      '400',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 40\r\n\r\n${smuggled}`,
    ],
    'two equal Content-Length': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
    'a list as Content-Length': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length: 3, 3\r\n\r\nabc`],
    'Content-Length with a sign': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\nabc`],
    'negative Content-Length': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
    'hexadecimal Content-Length': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x3\r\n\r\nabc`],
    'empty Content-Length': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`],
    'enormous Content-Length': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999\r\n\r\n`],
    'space before the colon': ['400', `POST / HTTP/1.1\r\n${HOST}Content-Length : 3\r\n\r\nabc`],
    'space before the colon of Transfer-Encoding': [
      '400',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    'tab in a name': ['400', `GET / HTTP/1.1\r\n${HOST}X\tY: 1\r\n\r\n`],
    'folded line': ['400', `GET / HTTP/1.1\r\n${HOST}X: 1\r\n 2\r\n\r\n`],
    'folded Transfer-Encoding': [
      '400',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    'first line folded': ['400', `GET / HTTP/1.1\r\n ${HOST}\r\n\r\n`],
    'bare LF': ['400', `GET / HTTP/1.1\nHost: api.test\n\n`],
    'bare LF between headers': ['400', `GET / HTTP/1.1\r\n${HOST}X: 1\nY: 2\r\n\r\n`],
    'bare CR in a value': ['400', `GET / HTTP/1.1\r\n${HOST}X: 1\rY: 2\r\n\r\n`],
    'NUL in a value': ['400', `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`],
    'DEL in a value': ['400', `GET / HTTP/1.1\r\n${HOST}X: a\x7fb\r\n\r\n`],
    'no colon': ['400', `GET / HTTP/1.1\r\n${HOST}X\r\n\r\n`],
    'empty name': ['400', `GET / HTTP/1.1\r\n${HOST}: x\r\n\r\n`],
    'no Host': ['400', 'GET / HTTP/1.1\r\n\r\n'],
    'two Hosts': ['400', `GET / HTTP/1.1\r\n${HOST}Host: other.test\r\n\r\n`],
    'malformed Host': ['400', 'GET / HTTP/1.1\r\nHost: api.test/evil\r\n\r\n'],
    'user in the Host': ['400', 'GET / HTTP/1.1\r\nHost: a@api.test\r\n\r\n'],
    'target of another host': ['400', `GET https://other.test/ HTTP/1.1\r\n${HOST}\r\n`],
    'target without slash': ['400', `GET index HTTP/1.1\r\n${HOST}\r\n`],
    'fragment in the target': ['400', `GET /#x HTTP/1.1\r\n${HOST}\r\n`],
    'two spaces': ['400', `GET  / HTTP/1.1\r\n${HOST}\r\n`],
    'space in the target': ['400', `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
    'tab as separator': ['400', `GET\t/ HTTP/1.1\r\n${HOST}\r\n`],
    'high byte in the target': ['400', `GET /\xff HTTP/1.1\r\n${HOST}\r\n`],
    'no version': ['400', `GET /\r\n${HOST}\r\n`],
    'version in lower case': ['400', `GET / http/1.1\r\n${HOST}\r\n`],
    'version 2.0 as text': ['505', `GET / HTTP/2.0\r\n${HOST}\r\n`],
    'empty line first': ['400', `\r\nGET / HTTP/1.1\r\n${HOST}\r\n`],
    'unknown transfer coding': ['501', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    'identity as transfer coding': ['501', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`],
    'chunked with a vertical tab': ['400', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
    'chunked in quotes': ['501', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`],
    'two Transfer-Encodings': [
      '400',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    ],
    'Transfer-Encoding in HTTP/1.0': ['400', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    'unknown expectation': ['417', `GET / HTTP/1.1\r\n${HOST}Expect: 200-ok\r\n\r\n`],
    CONNECT: ['405', 'CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n'],
    TRACE: ['405', `TRACE / HTTP/1.1\r\n${HOST}\r\n`],
    'TRACE in lower case': ['400', `trace / HTTP/1.1\r\n${HOST}\r\n`],
    'CONNECT in lower case': ['400', `connect / HTTP/1.1\r\n${HOST}\r\n`],
    'GET in lower case': ['400', `get / HTTP/1.1\r\n${HOST}\r\n`],
    'very long target': ['414', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`],
    'very large head': ['431', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(80_000)}\r\n\r\n`],
    'head that never ends': ['431', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(80_000)}`],
    'very many headers': ['431', `GET / HTTP/1.1\r\n${HOST}${'X: 1\r\n'.repeat(300)}\r\n`],
    'the preface of HTTP/2': ['505', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  };
  for (const [name, [status, request]] of Object.entries(corpus)) {
    test(`${name}: ${status}`, async () => {
      seen = [];
      const answer = await world.raw('api.test', Buffer.from(request, 'latin1'), 1500);
      expect(statusOf(answer)).toBe(status);
      expect(answersIn(answer)).toBe(1);
      expect(answer.toLowerCase()).toContain('connection: close');
      expect(seen).toEqual([]);
    });
  }
});

describe('bodies in chunks', () => {
  const post = `POST /in HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
  const malformed: Record<string, string> = {
    'size that is no number': 'zz\r\nabc\r\n0\r\n\r\n',
    'size with 0x': '0x3\r\nabc\r\n0\r\n\r\n',
    'size with a sign': '+3\r\nabc\r\n0\r\n\r\n',
    'size with a space in front': ' 3\r\nabc\r\n0\r\n\r\n',
    'size that overflows': 'ffffffffffffffff1\r\nabc',
    'bare LF after the size': '3\nabc\r\n0\r\n\r\n',
    'content longer than its size': '3\r\nabcdef\r\n0\r\n\r\n',
    'bare LF in an extension': '3;x\nabc\r\n0\r\n\r\n',
    'bare CR in an extension': '3;a\rb\r\nabc\r\n0\r\n\r\n',
    'malformed trailer': '3\r\nabc\r\n0\r\nGET /smuggled HTTP/1.1\r\n\r\n',
    'endless extension': `3;${'x'.repeat(5000)}\r\nabc\r\n0\r\n\r\n`,
  };
  for (const [name, body] of Object.entries(malformed)) {
    test(`${name}: refused, nothing behind it is read as a request`, async () => {
      seen = [];
      const answer = await world.raw('api.test', `${post}${body}GET /smuggled HTTP/1.1\r\n${HOST}\r\n`, 1500);
      expect(statusOf(answer)).toBe('400');
      expect(answersIn(answer)).toBe(1);
      expect(seen.map(({ url }) => url)).not.toContain('/smuggled');
    });
  }

  test('arrive whole, in any cut, with extensions and trailers; the connection goes on', async () => {
    seen = [];
    const socket = await world.connect('api.test');
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    const bytes = `${post}3;ext="a b"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nGET /next HTTP/1.1\r\n${HOST}\r\n`;
    for (const byte of bytes) await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
    await until(() => answersIn(received) === 2);
    socket.destroy();
    expect(seen).toEqual([
      { method: 'POST', url: '/in', body: 'abc0123456789' },
      { method: 'GET', url: '/next', body: '' },
    ]);
  });
});

describe('ordinary requests', () => {
  test('pipelined requests are answered in order, one upstream request each', async () => {
    seen = [];
    const many = Array.from({ length: 50 }, (_, at) => `GET /${at} HTTP/1.1\r\n${HOST}\r\n`).join('');
    const answer = await world.raw('api.test', many, 1000);
    expect(answersIn(answer)).toBe(50);
    expect(seen.map(({ url }) => url)).toEqual(Array.from({ length: 50 }, (_, at) => `/${at}`));
    expect(answer.lastIndexOf('upstream /49')).toBeGreaterThan(answer.lastIndexOf('upstream /48'));
  });

  test('a head in single bytes', async () => {
    const socket = await world.connect('api.test');
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    for (const byte of `GET /slow HTTP/1.1\r\n${HOST}\r\n`)
      await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
    await until(() => received.includes('upstream /slow'));
    socket.destroy();
  });

  test('Expect: 100-continue is answered before the body', async () => {
    const socket = await world.connect('api.test');
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    socket.write(`POST /c HTTP/1.1\r\n${HOST}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`);
    await until(() => received.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    socket.write('abc');
    await until(() => received.includes('upstream /c'));
    socket.destroy();
  });

  test('HTTP/1.0 gets an answer without chunks, and the end of the connection', async () => {
    const answer = await world.raw('api.test', `GET /old HTTP/1.0\r\n${HOST}\r\n`, 3000);
    expect(statusOf(answer)).toBe('200');
    expect(answer.toLowerCase()).not.toContain('transfer-encoding');
    expect(answer).toContain('upstream /old');
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('the absolute form of the target', async () => {
    const answer = await world.raw('api.test', `GET https://api.test/abs?x=1 HTTP/1.1\r\n${HOST}\r\n`);
    expect(answer).toContain('upstream /abs?x=1');
  });

  test('OPTIONS * is about the server', async () => {
    const answer = await world.raw('api.test', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`);
    expect(statusOf(answer)).toBe('204');
  });

  test('a body that nobody reads is not taken for a request', async () => {
    const answer = await world.raw(
      'api.test',
      `POST / HTTP/1.1\r\nHost: unknown.test\r\nContent-Length: 60\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\nand more and more`,
      3000,
    );
    expect(answersIn(answer)).toBe(1);
    expect(seen.map(({ url }) => url)).not.toContain('/smuggled');
  });
});

describe('slow clients', () => {
  test('a head that drips in is cut off with 408 after 15 s, others are served meanwhile', async () => {
    const socket = await world.connect('api.test');
    let received = '';
    let isClosed = false;
    socket.on('data', (data: Buffer) => (received += data.toString()));
    socket.on('close', () => (isClosed = true));
    socket.on('error', () => (isClosed = true));
    const began = performance.now();
    socket.write('GET / HTTP/1.1\r\n');
    const drip = setInterval(() => void socket.write('X: 1\r\n'), 500);
    const silent = await Promise.all(Array.from({ length: 200 }, () => world.connect('api.test')));
    expect((await world.get('api.test', '/meanwhile')).text).toBe('upstream /meanwhile');
    await until(() => received !== '' || isClosed);
    clearInterval(drip);
    expect(statusOf(received)).toBe('408');
    expect(performance.now() - began).toBeLessThan(atMost(18_000));
    // Those that said nothing at all are closed without a word.
    await until(async () => (await world.status()).openConnections <= 1);
    for (const each of [socket, ...silent]) each.destroy();
  });
});
