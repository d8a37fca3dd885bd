/** HTTP upstreams: headers, streaming, WebSocket, faults. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { freePort } from '../fixtures/free-port.ts';
import { createEdgeWorld, until, type EdgeWorld } from './edge-world.ts';

let world: EdgeWorld;
let upstream: Server;
let broken: TcpServer;
let open = 0;
let gone = 0;

const isLocalOrigin = (origin: string | undefined): boolean =>
  origin === undefined || new URL(origin).hostname === 'localhost';

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/headers': (request, response) => {
    response.setHeader('connection', 'x-private, keep-alive');
    response.setHeader('x-private', 'for the proxy alone');
    response.setHeader('x-public', 'for all');
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.end(JSON.stringify({ headers: request.headers, raw: request.rawHeaders, url: request.url }));
  },
  '/events': (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    request.once('close', () => (gone += 1));
  },
  '/echo': (request, response) => void request.pipe(response),
  '/early': (_request, response) => void response.writeHead(413).end('too large'),
  '/cut': (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  },
  '/cut-chunks': (_request, response) => {
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  },
  // As webpack-dev-server does.
  '/guarded': (request, response) => {
    if (new URL(`http://${request.headers.host ?? ''}`).hostname !== 'localhost') {
      response.writeHead(403).end('Invalid Host header');
      return;
    }
    response.end(`for ${String(request.headers['x-forwarded-host'])}`);
  },
  '/closed': (_request, response) => void response.writeHead(403).end('not for you'),
  '/closed-large': (_request, response) => void response.writeHead(403).end('x'.repeat(100_000)),
  '/closed-streamed': (_request, response) => {
    response.writeHead(403);
    for (let at = 0; at < 10; at++) response.write('y'.repeat(10_000));
    response.end();
  },
  '/nothing': (_request, response) => void response.writeHead(304).end(),
};

beforeAll(async () => {
  const [port, brokenPort, closedPort] = [await freePort(), await freePort(), await freePort()];
  upstream = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    (
      routes[path.replace(/^\/base/, '').replace(/^.*\/(?:_next|__nextjs_font)/, '')] ??
      ((_request, answer) => answer.end(`at ${path}`))
    )(request, response);
  });
  upstream.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  const sockets = new WebSocketServer({ noServer: true });
  upstream.on('upgrade', (request, socket, head) => {
    // As Next 16 does: its own sockets are for pages of localhost alone, and the refusal is no HTTP.
    if (request.url?.includes('/_next/') === true && !isLocalOrigin(request.headers.origin)) {
      socket.end('Unauthorized');
      return;
    }
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.send(`hello ${String(request.headers['x-forwarded-proto'])}`);
      client.on('message', (data, isBinary) => client.send(data as Buffer, { binary: isBinary }));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve));
  broken = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('this is not HTTP\r\n\r\n'));
  });
  await new Promise<void>((resolve) => broken.listen(brokenPort, '127.0.0.1', resolve));
  const target = (to: number, path = '') => ({
    type: 'http' as const,
    target: `http://127.0.0.1:${to}${path}`,
    service: 'node',
  });
  world = await createEdgeWorld([
    {
      host: 'api.test',
      routes: {
        '/': target(port),
        '/v2': target(port, '/base/'),
        '/v2/down': target(closedPort),
        '/broken': target(brokenPort),
      },
    },
    { host: 'down.test', routes: { '/': target(closedPort), '/own': { ...target(closedPort), isForeign: true } } },
  ]);
  await world.start();
});
afterAll(async () => {
  await world.close();
  upstream.closeAllConnections();
  upstream.close();
  broken.close();
});

interface Seen {
  readonly headers: Record<string, string>;
  readonly url: string;
}

describe('headers', () => {
  test('hop-by-hop ones stay here, in both directions; forwarding ones are ours', async () => {
    const reply = await world.get('api.test', '/headers?a=1', {
      headers: {
        connection: 'close, x-mine',
        'x-mine': 'drop me',
        'proxy-authorization': 'drop me',
        te: 'trailers',
        proxy: 'drop me',
        'x-forwarded-for': '6.6.6.6',
        forwarded: 'for=6.6.6.6',
        'x-kept': 'yes',
      },
    });
    const { headers, url } = JSON.parse(reply.text) as Seen;
    const authority = `api.test:${world.port}`;
    expect(url).toBe('/headers?a=1');
    expect(headers).toMatchObject({
      host: authority,
      'x-kept': 'yes',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': authority,
      'x-forwarded-port': String(world.port),
      forwarded: `for=127.0.0.1;host="${authority}";proto=https`,
    });
    for (const name of ['x-mine', 'proxy-authorization', 'te', 'proxy']) expect(headers).not.toHaveProperty(name);
    expect(reply.headers['x-public']).toBe('for all');
    expect(reply.headers).not.toHaveProperty('x-private');
    expect(reply.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  test('no spelling of a forwarding field passes, and Connection takes no field of the message away', async () => {
    const reply = await world.get('api.test', '/headers', {
      headers: {
        connection: 'close, host, cookie, content-type',
        x_forwarded_for: '6.6.6.6',
        'x-forwarded_proto': 'http',
        X_Real_IP: '6.6.6.6',
        content_length: '3',
        transfer_encoding: 'chunked',
        cookie: 'a=1',
        api_key: 'kept',
        constructor: 'b',
        __proto__: 'x',
      },
    });
    const { headers, raw } = JSON.parse(reply.text) as Seen & { readonly raw: readonly string[] };
    expect(headers).toMatchObject({ host: `api.test:${world.port}`, cookie: 'a=1', api_key: 'kept' });
    const names = raw.filter((_, at) => at % 2 === 0);
    for (const name of ['x_forwarded_for', 'x-forwarded_proto', 'x_real_ip', 'content_length', 'transfer_encoding'])
      expect(names).not.toContain(name);
    expect(raw[raw.indexOf('constructor') + 1]).toBe('b');
  });

  test('the origin of the site itself is that of localhost for the own resources of a development server only', async () => {
    const origin = `https://api.test:${world.port}`;
    const seen = async (path: string, sent: string): Promise<string | undefined> =>
      (JSON.parse((await world.get('api.test', path, { headers: { origin: sent } })).text) as Seen).headers['origin'];
    expect(await seen('/_next/headers', origin)).toMatch(/^http:\/\/localhost:\d+$/);
    expect(await seen('/docs/__nextjs_font/headers', origin)).toMatch(/^http:\/\/localhost:\d+$/);
    // Actions and forms compare the origin with the host.
    expect(await seen('/headers', origin)).toBe(origin);
    for (const foreign of ['https://evil.example', `http://api.test:${world.port}`, 'https://api.test', 'null'])
      expect(await seen('/_next/headers', foreign)).toBe(foreign);
  });

  test('a server that refuses the name is asked as localhost; any other refusal passes as it is', async () => {
    const closed = await world.get('api.test', '/closed');
    expect([closed.status, closed.text]).toEqual([403, 'not for you']);
    expect((await world.get('api.test', '/closed-large')).text).toBe('x'.repeat(100_000));
    expect((await world.get('api.test', '/closed-streamed')).text).toBe('y'.repeat(100_000));
    for (let at = 0; at < 2; at++)
      expect((await world.get('api.test', '/guarded')).text).toBe(`for api.test:${world.port}`);
    expect(world.log().match(/refuses the name api\.test/g)).toHaveLength(1);
  });

  test('the longest prefix wins, and ends at a slash', async () => {
    expect((await world.get('api.test', '/v2/x')).text).toBe('at /base/v2/x');
    expect((await world.get('api.test', '/v2')).text).toBe('at /base/v2');
    expect((await world.get('api.test', '/v2x')).text).toBe('at /v2x');
    expect((await world.get('api.test', '/v2/down')).status).toBe(503);
  });
});

describe('streams', () => {
  test('server-sent events come at once, and the upstream hears when the reader leaves', async () => {
    const socket = await world.connect('api.test');
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    socket.write('GET /events HTTP/1.1\r\nHost: api.test\r\n\r\n');
    await until(() => received.includes('data: 1'), 2000);
    const before = gone;
    socket.destroy();
    await until(() => gone > before, 2000);
  });

  test.each([
    ['with a length', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('50 MB there and back, %s', async (_name, headers) => {
    const body = Buffer.alloc(50 * 1024 * 1024, 'abcdefgh01');
    const reply = await world.get('api.test', '/echo', { method: 'POST', body, headers });
    expect(reply.body.equals(body)).toBe(true);
  });

  test('connections are kept and used again', async () => {
    for (let at = 0; at < 20; at++) await world.get('api.test', '/x');
    expect(open).toBeLessThan(6);
  });

  test('an answer that is cut off is not taken for whole', async () => {
    await expect(world.get('api.test', '/cut')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    await expect(world.get('api.test', '/cut-chunks')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    const client = connectHttp2(`https://127.0.0.1:${world.port}`, { ca: world.root, servername: 'api.test' });
    const stream = client.request({ ':path': '/cut-chunks', ':authority': 'api.test' });
    stream.resume();
    await expect(new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject))).rejects.toThrow(
      /INTERNAL_ERROR/,
    );
    client.close();
  });

  test('an answer before the body is read', async () => {
    const reply = await world
      .get('api.test', '/early', { method: 'POST', body: Buffer.alloc(1024 * 1024) })
      .catch((error: NodeJS.ErrnoException) => error.code);
    // A client that writes on may see the reset before the answer.
    expect(typeof reply === 'object' && reply !== null && 'status' in reply ? reply.status : reply).toSatisfy(
      (got: unknown) => got === 413 || got === 'EPIPE' || got === 'ECONNRESET',
    );
    expect((await world.get('api.test', '/nothing')).status).toBe(304);
  });
});

describe('WebSocket', () => {
  const openSocket = (path: string): WebSocket =>
    // Its types leave out the options of tls.connect, which it passes on.
    new WebSocket(`wss://127.0.0.1:${world.port}${path}`, {
      ca: world.root,
      headers: { host: 'api.test' },
      ...({ servername: 'api.test' } as object),
    });

  test('messages go both ways, large ones too', async () => {
    const client = openSocket('/socket');
    const messages: string[] = [];
    client.on('message', (data: Buffer) => void messages.push(data.toString()));
    await until(() => messages.length === 1);
    expect(messages[0]).toBe('hello https');
    const large = 'x'.repeat(5 * 1024 * 1024);
    client.send('one');
    client.send(large);
    await until(() => messages.length === 3);
    expect([messages[1], messages[2] === large]).toEqual(['one', true]);
    client.close();
    await until(() => client.readyState === WebSocket.CLOSED);
  });

  test('the hot updates of a development server that knows localhost alone; a foreign page stays refused', async () => {
    const statusFor = (origin: string): Promise<unknown> =>
      new Promise((resolve) => {
        const client = new WebSocket(`wss://127.0.0.1:${world.port}/_next/webpack-hmr`, {
          ca: world.root,
          origin,
          headers: { host: `api.test:${world.port}` },
          ...({ servername: 'api.test' } as object),
        });
        client.on('open', () => resolve('open'));
        client.on('unexpected-response', (_request, response) => resolve(response.statusCode));
        client.on('error', () => undefined);
        client.on('message', () => client.close());
      });
    expect(await statusFor(`https://api.test:${world.port}`)).toBe('open');
    expect(await statusFor('https://evil.example')).toBe(502);
  });

  test('a handshake that is refused ends as an ordinary answer', async () => {
    const client = openSocket('/refused');
    const status = await new Promise((resolve) => {
      client.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      client.on('error', () => undefined);
    });
    expect(status).toBe(403);
    client.terminate();
  });

  test('a refused handshake opens no way to the upstream past the edge', async () => {
    const answer = await world.raw(
      'api.test',
      'GET /x HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /second HTTP/1.1\r\nHost: down.test\r\n\r\n',
      1000,
    );
    expect(answer).toContain('at /x');
    // Read by the edge, not by the upstream: the other host is refused by its certificate.
    expect(answer).toContain('HTTP/1.1 421');
  });

  test('HTTP/2 does not offer extended CONNECT', async () => {
    const client = connectHttp2(`https://127.0.0.1:${world.port}`, { ca: world.root, servername: 'api.test' });
    await new Promise((resolve) => client.once('remoteSettings', resolve));
    expect(client.remoteSettings.enableConnectProtocol).toBe(false);
    client.close();
  });
});

describe('faults', () => {
  test('nothing listens: 503 that names the service and the cure', async () => {
    const reply = await world.get('down.test', '/', { headers: { accept: 'text/html' } });
    expect(reply.status).toBe(503);
    for (const text of ['node', 'koji start node', 'koji logs node', 'nothing listens on http://127.0.0.1'])
      expect(reply.text).toContain(text);
  });

  test('a program that Kojibox does not start: no command that could not help', async () => {
    const reply = await world.get('down.test', '/own', { headers: { accept: 'text/html' } });
    expect(reply.status).toBe(503);
    expect(reply.text).not.toContain('koji start');
    expect(reply.text).toContain('Kojibox does not start this program itself');
  });

  test('not HTTP: 502, as JSON for those who ask for it', async () => {
    const reply = await world.get('api.test', '/broken', { headers: { accept: 'application/json' } });
    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { status: 502, service: 'node' } });
  });

  test('a name that others may own reads no list of sites', async () => {
    const answer = await world.raw(
      'api.test',
      'GET / HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).not.toContain('api.test');
  });

  test('an unknown host: 404 with the list of sites', async () => {
    const answer = await world.raw(
      'api.test',
      'GET / HTTP/1.1\r\nHost: nobody.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain(`https://api.test:${world.port}/`);
  });
});
