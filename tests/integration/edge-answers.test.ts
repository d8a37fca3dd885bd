/** Answers that no server should send: each costs its own stream, never another stream, the connection or the edge. */
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../fixtures/free-port.ts';
import { createEdgeWorld, until, writeSite, type EdgeWorld } from './edge-world.ts';
import { listenFastcgi, listenRawHttp } from './edge-backends.ts';

let world: EdgeWorld;
let pid: number;
/** The head of the next answers, without the empty line; and the body. */
let fields = '';
let status = '200 OK';
let body = 'whole';
const ends: (() => void)[] = [];

const DOORS = ['php.test', 'api.test'] as const;

beforeAll(async () => {
  const port = await freePort();
  let socket = '';
  world = await createEdgeWorld(
    DOORS.map((host) => ({ host, routes: {} })),
    (config) => {
      const root = join(config.controlSocket, '..', 'public');
      mkdirSync(root);
      socket = join(config.controlSocket, '..', 'php.sock');
      const routes = {
        'php.test': {
          type: 'php' as const,
          documentRoot: root,
          socket,
          service: 'php-8.4',
          env: {},
          frontController: 'index.php',
        },
        'api.test': { type: 'http' as const, target: `http://127.0.0.1:${port}`, service: 'app-api' },
      };
      return {
        ...config,
        sites: config.sites.map((site) => ({
          ...site,
          routes: [{ path: '/', route: routes[site.name as (typeof DOORS)[number]] }],
        })),
      };
    },
  );
  writeSite(join(world.folder, 'public'), { 'index.php': '<?php' });
  ends.push(
    await listenFastcgi(socket, (path) =>
      path === '/ok' ? 'Content-Type: text/plain\r\n\r\nfine' : `Status: ${status}\r\n${fields}\r\n\r\n${body}`,
    ),
    await listenRawHttp(port, (path) =>
      path === '/ok'
        ? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine'
        : `HTTP/1.1 ${status}\r\n${fields}\r\n\r\n${body}`,
    ),
  );
  await world.start();
  pid = world.pid;
});
afterAll(async () => {
  for (const end of ends) end();
  await world.close();
});

interface Outcome {
  readonly status: number | null;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly error: string | null;
}

const ask = (
  over: ClientHttp2Session,
  host: string,
  path: string,
  headers: Record<string, string | string[]> = {},
): Promise<Outcome> =>
  new Promise((resolve) => {
    let text = '';
    let received: IncomingHttpHeaders = {};
    let error: string | null = null;
    const stream = over.request({ ':path': path, ':authority': `${host}:${world.port}`, ...headers });
    stream.on('response', (answer) => (received = answer));
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    stream.on('error', (reason: Error) => (error = reason.message));
    stream.on('close', () =>
      resolve({ status: Number(received[':status'] ?? 0) || null, headers: received, text, error }),
    );
  });

/** Sessions by the site that their certificate is for. */
const sessions = new Map<string, Promise<ClientHttp2Session>>();
const sessionFor = (host: string): Promise<ClientHttp2Session> => {
  const known = sessions.get(host) ?? openSession(host);
  sessions.set(host, known);
  return known;
};
const openSession = (host: string): Promise<ClientHttp2Session> =>
  new Promise((resolve, reject) => {
    const opened = connect(`https://127.0.0.1:${world.port}`, {
      ca: world.root,
      servername: host,
      settings: { maxHeaderListSize: 1024 * 1024 },
      maxHeaderListPairs: 4000,
      maxSendHeaderBlockLength: 1024 * 1024,
    });
    opened.on('error', reject);
    opened.on('connect', () => resolve(opened));
    ends.push(() => opened.destroy());
  });

/** Status of the answer, also of one that is broken off. */
const overHttp1 = async (host: string): Promise<number | null> => {
  const answer = await world.raw(host, `GET /any HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 5000);
  const code = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  return code === undefined ? null : Number(code);
};

/** Another stream of the same connection is answered, and the edge is the process that it was. */
async function expectUnharmed(host: string): Promise<void> {
  const over = await sessionFor(host);
  expect(over.closed).toBe(false);
  expect(await ask(over, host, '/ok')).toMatchObject({ status: 200, text: 'fine', error: null });
  expect(process.kill(world.pid, 0) && world.pid === pid).toBe(true);
  expect(world.log()).not.toContain('unexpected');
}

const HOSTILE: Record<string, { readonly status?: string; readonly fields?: string; readonly body?: string }> = {
  'two ETags': { fields: 'ETag: "a"\r\nETag: "b"' },
  'two Content-Types': { fields: 'Content-Type: text/plain\r\nContent-Type: text/html' },
  'two Locations': { status: '302 Found', fields: 'Location: /a\r\nLocation: /b' },
  'two Last-Modifieds': { fields: 'Last-Modified: x\r\nLast-Modified: y' },
  'two Dates': { fields: 'Date: x\r\nDate: y' },
  'two Ages, Expires, Retry-Afters': {
    fields: 'Age: 1\r\nAge: 2\r\nExpires: 0\r\nExpires: 1\r\nRetry-After: 1\r\nRetry-After: 2',
  },
  'two Content-Encodings': { fields: 'Content-Encoding: identity\r\nContent-Encoding: identity' },
  'fields of a connection': {
    fields:
      'Connection: close\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nTE: gzip\r\nTrailer: x',
  },
  'a field that Connection lists': { fields: 'Connection: x-mine\r\nX-Mine: 1' },
  'a pseudo-header': { fields: ':status: 404\r\n:path: /x' },
  'a field without a name': { fields: ': x' },
  'names that are no tokens': { fields: 'X Y: 1\r\nX(Y): 2\r\nÄ: 3' },
  'bytes above 127 in a value': { fields: 'X-Name: M\xfcller\xff' },
  'control characters in a value': { fields: 'X-Name: a\x01b\x7fc\td' },
  'a zero byte': { fields: 'X-Name: a\0b' },
  'no status number': { status: 'fine' },
  'status 0': { status: '0 x' },
  'status 99': { status: '99 x' },
  'status 101 that was not asked for': {
    status: '101 Switching Protocols',
    fields: 'Connection: Upgrade\r\nUpgrade: websocket',
  },
  'status 101 without Upgrade': { status: '101 Switching Protocols' },
  'status 103 alone': { status: '103 Early Hints', fields: 'Link: </a.css>; rel=preload' },
  'status 600': { status: '600 x' },
  'status 999': { status: '999 x' },
  'status 204 with a body': { status: '204 No Content' },
  'status 205 with a body': { status: '205 Reset Content' },
  'status 304 with a body': { status: '304 Not Modified' },
  'a Content-Length that is too small': { fields: 'Content-Length: 2' },
  'a Content-Length that is too large': { fields: 'Content-Length: 200' },
  'a Content-Length that is no number': { fields: 'Content-Length: many' },
  'two Content-Lengths': { fields: 'Content-Length: 5\r\nContent-Length: 6' },
  'a negative Content-Length': { fields: 'Content-Length: -1' },
  'a head of 300 kB': { fields: `X-Large: ${'x'.repeat(300_000)}` },
  '5000 fields': { fields: Array.from({ length: 5000 }, (_, at) => `X-${at}: 1`).join('\r\n') },
  'no head at all': { status: '', fields: '' },
  trailers: {
    fields: 'Transfer-Encoding: chunked\r\nTrailer: X-T',
    body: '5\r\nwhole\r\n0\r\nX-T: 1\r\n:bad: 2\r\n\r\n',
  },
};

describe.each(DOORS)('%s', (host) => {
  test.each(Object.entries(HOSTILE))('%s', async (_name, hostile) => {
    [status, fields, body] = [hostile.status ?? '200 OK', hostile.fields ?? '', hostile.body ?? 'whole'];
    const over = await sessionFor(host);
    const [second, first] = [await ask(over, host, '/any'), await overHttp1(host)];
    // Either answered, or broken off: never a session that ends, and the same over both protocols.
    expect(second.status === null || (second.status >= 200 && second.status <= 599)).toBe(true);
    expect(first).toBe(second.status);
    await expectUnharmed(host);
  });

  test('of two values of a field that may be there once, the last one counts', async () => {
    [status, fields, body] = ['200 OK', 'ETag: "a"\r\nETag: "b"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2', 'x'];
    const { headers } = await ask(await sessionFor(host), host, '/any');
    expect(headers).toMatchObject({ etag: '"b"', 'set-cookie': ['a=1', 'b=2'] });
    expect((await world.get(host, '/any')).headers).toMatchObject({ etag: '"b"', 'set-cookie': ['a=1', 'b=2'] });
  });

  test('a head of 70 kB arrives over both protocols; one above the limit is a page and a line in the log', async () => {
    [status, fields, body] = ['200 OK', `X-Debug-Exception: ${'x'.repeat(70_000)}`, 'whole'];
    const over = await sessionFor(host);
    expect((await ask(over, host, '/any')).text).toBe('whole');
    [fields] = [`X-Debug-Exception: ${'x'.repeat(270_000)}`];
    const second = await ask(over, host, '/any', { accept: 'text/html' });
    expect(second.status).toBe(502);
    expect(second.text).toContain('the head of its answer is larger than 256 kB');
    expect(await overHttp1(host)).toBe(502);
    expect(world.log()).toContain('the head of its answer is larger than 256 kB');
    await expectUnharmed(host);
  });
});

test('a request head that is too large: 431 and a line in the log over both protocols, the connection lives', async () => {
  const over = await sessionFor('php.test');
  const second = await ask(over, 'php.test', '/ok', { 'x-large': 'x'.repeat(66_000) });
  expect(second.status).toBe(431);
  expect(second.text).toContain('431');
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`x-${at}`, '1']));
  expect((await ask(over, 'php.test', '/ok', many)).status).toBe(431);
  expect((await ask(over, 'php.test', '/ok', Object.fromEntries(Object.entries(many).slice(0, 150)))).status).toBe(200);
  const first = await world.raw('php.test', `GET / HTTP/1.1\r\nHost: php.test\r\nX: ${'x'.repeat(66_000)}\r\n\r\n`);
  expect(first).toContain('431');
  await until(() => (world.log().match(/refused a request of \S+ 431/g)?.length ?? 0) >= 3);
  await expectUnharmed('php.test');
});

test('a request head far above the limit ends at most its own connection, and the log says it', async () => {
  const other = await sessionFor('api.test');
  const own = await openSession('php.test');
  const before = world.log().length;
  const outcome = await ask(own, 'php.test', '/ok', { 'x-large': 'x'.repeat(700_000) });
  expect([431, null]).toContain(outcome.status);
  await until(() => /refused a request of|was closed/.test(world.log().slice(before)));
  own.destroy();
  expect(other.closed).toBe(false);
  await expectUnharmed('api.test');
});

const NAMES = [
  'ETag',
  'Content-Type',
  'Content-Length',
  'Location',
  'Set-Cookie',
  'Connection',
  'Transfer-Encoding',
  'Upgrade',
  'TE',
  'Trailer',
  'Date',
  'Server',
  'Age',
  'Expires',
  'X-A',
  'Vary',
  'Status',
  ':status',
  'constructor',
  '__proto__',
  'Content-Encoding',
  'Access-Control-Allow-Credentials',
  'HTTP2-Settings',
  'Host',
  'Referer',
  'Tk',
];
const headLine = fc.oneof(
  fc
    .tuple(fc.constantFrom(...NAMES), fc.constantFrom('1', '"x"', 'a, b', 'close', '', ' ', 'x\tx', 'chunked', 'gzip'))
    .map(([name, value]) => `${name}: ${value}`),
  fc
    .tuple(fc.string({ maxLength: 12, unit: 'binary-ascii' }), fc.string({ maxLength: 30, unit: 'binary-ascii' }))
    .map(([name, value]) => `${name}: ${value}`),
);

test.each(DOORS)('property: no head of an answer of %s harms another stream or the edge', async (host) => {
  const over = await sessionFor(host);
  await fc.assert(
    fc.asyncProperty(
      fc.array(headLine, { maxLength: 12 }),
      fc.oneof(fc.integer({ min: 0, max: 1100 }).map(String), fc.constantFrom('204', '205', '304', '101', '', 'x')),
      fc.string({ maxLength: 20 }),
      async (lines, code, content) => {
        [status, fields, body] = [`${code} x`, lines.join('\r\n'), content];
        const [second, first] = [await ask(over, host, '/any'), await overHttp1(host)];
        expect(second.status === null || (second.status >= 200 && second.status <= 599)).toBe(true);
        expect(first === null || (first >= 200 && first <= 599)).toBe(true);
        await expectUnharmed(host);
      },
    ),
    { numRuns: 150, endOnFailure: true },
  );
});

test('clients that leave at any moment, also before the answer begins, cost nothing', async () => {
  [status, fields, body] = ['200 OK', 'X-A: 1', 'x'.repeat(200_000)];
  for (const host of DOORS) {
    const over = await sessionFor(host);
    for (let at = 0; at < 60; at++) {
      const stream = over.request({
        ':path': '/any',
        ':authority': `${host}:${world.port}`,
        expect: '100-continue',
        ':method': at % 2 === 0 ? 'POST' : 'GET',
      });
      stream.on('error', () => undefined);
      if (at % 3 === 0) stream.close(8);
      else if (at % 3 === 1) setImmediate(() => stream.close(8));
      else stream.on('response', () => stream.close(8));
    }
    await expectUnharmed(host);
  }
  await until(async () => (await world.status()).pid === pid);
});
