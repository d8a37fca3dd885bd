/** HTTP upstreams: headers, streaming, WebSocket, faults. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createEdgeWorld, freePort, until, type EdgeWorld } from './edge-world.ts';

let world: EdgeWorld;
let upstream: Server;
let broken: TcpServer;
let open = 0;
let gone = 0;

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
  '/nothing': (_request, response) => void response.writeHead(304).end(),
};

beforeAll(async () => {
  const [port, brokenPort, closedPort] = [await freePort(), await freePort(), await freePort()];
  upstream = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    (routes[path.replace(/^\/base/, '')] ?? ((_request, answer) => answer.end(`at ${path}`)))(request, response);
  });
  upstream.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  const sockets = new WebSocketServer({ noServer: true });
  upstream.on('upgrade', (request, socket, head) => {
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
    { host: 'down.test', routes: { '/': target(closedPort) } },
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

  test('not HTTP: 502, as JSON for those who ask for it', async () => {
    const reply = await world.get('api.test', '/broken', { headers: { accept: 'application/json' } });
    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { status: 502, service: 'node' } });
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
