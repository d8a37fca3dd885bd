/** The life of the edge: start, certificates, reload without a restart, end. */
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest';
import { EdgeStatusSchema, type EdgeConfig } from '../../contract/edge.ts';
import { atMost } from '../figures.ts';
import { freePort } from '../fixtures/free-port.ts';
import { createEdgeWorld, residentMb, until, writeSite, type EdgeWorld } from './edge-world.ts';

const isRoot = userInfo().uid === 0;

let upstream: Server;
let upstreamPort: number;
let world: EdgeWorld;

beforeAll(async () => {
  upstreamPort = await freePort();
  upstream = createServer((request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end('slow'), 500);
    else if (request.url !== '/never') response.end('up');
  });
  await new Promise<void>((resolve) => upstream.listen(upstreamPort, '127.0.0.1', resolve));
});
afterAll(() => {
  upstream.closeAllConnections();
  upstream.close();
});
afterEach(() => world.close());

const start = async (change?: (config: EdgeConfig) => EdgeConfig): Promise<void> => {
  const route = { type: 'http' as const, target: `http://127.0.0.1:${upstreamPort}`, service: 'node' };
  world = await createEdgeWorld([{ host: 'one.test', routes: { '/': route } }], change);
  await world.start();
};
const certificateFor = async (host: string | undefined): Promise<X509Certificate> => {
  const socket = await handshake({ servername: host, rejectUnauthorized: false });
  const raw = socket.getPeerCertificate().raw;
  socket.destroy();
  return new X509Certificate(raw);
};
const handshake = (options: {
  readonly servername?: string | undefined;
  readonly session?: Buffer | undefined;
  readonly rejectUnauthorized?: boolean;
  readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly ALPNProtocols?: string[];
}): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const { servername, session, ...rest } = options;
    const socket = tlsConnect(
      {
        host: '127.0.0.1',
        port: world.port,
        ca: world.root,
        minVersion: 'TLSv1',
        ciphers: 'DEFAULT@SECLEVEL=0',
        ...(servername === undefined ? {} : { servername }),
        ...(session === undefined ? {} : { session }),
        ...rest,
      },
      () => resolve(socket),
    );
    socket.on('error', reject);
  });
const write = (change: (config: EdgeConfig) => EdgeConfig): void =>
  writeFileSync(world.configFile, JSON.stringify(change(world.config)));
const withSite = (config: EdgeConfig, host: string): EdgeConfig => {
  const first = config.sites[0];
  if (first === undefined) throw new Error('no site');
  return {
    ...config,
    generation: config.generation + 1,
    sites: [...config.sites, { ...first, hosts: [host], name: host, ...world.issue(host, [host]) }],
  };
};
const errorOf = (json: unknown): string => (json as { error: string }).error;

describe('reload', () => {
  test('a new site with a new certificate is served at once, with no restart', async () => {
    await start();
    const pid = world.pid;
    await world.get('one.test', '/');
    const next = withSite(world.config, 'two.test');
    const began = performance.now();
    write(() => next);
    const reply = await world.control('POST', '/reload');
    const reloadMs = performance.now() - began;
    const served = await world.get('two.test', '/');
    const servedMs = performance.now() - began;
    console.log(`new certificate: taken up in ${reloadMs.toFixed(1)} ms, page served after ${servedMs.toFixed(1)} ms`);
    expect(EdgeStatusSchema.parse(reply.json)).toMatchObject({ generation: 2, sites: 2, pid });
    expect(served.text).toBe('up');
    expect(reloadMs).toBeLessThan(atMost(50));
  });

  test('a renewed certificate in the same file is served; a connection that is open goes on', async () => {
    await start();
    const before = (await certificateFor('one.test')).fingerprint256;
    const open = await world.connect('one.test');
    let received = '';
    open.on('data', (data: Buffer) => (received += data.toString()));
    world.issue('one.test', ['one.test']);
    expect((await world.control('POST', '/reload')).status).toBe(200);
    expect((await certificateFor('one.test')).fingerprint256).not.toBe(before);
    open.write('GET / HTTP/1.1\r\nHost: one.test\r\n\r\n');
    await until(() => received.endsWith('up'));
    open.destroy();
  });

  test.each([
    ['half a file', () => '{"schemaVersion": 1, "gene', /JSON/],
    ['a field of the wrong type', (config: EdgeConfig) => JSON.stringify({ ...config, httpsPort: 'x' }), /httpsPort/],
    ['an unknown field', (config: EdgeConfig) => JSON.stringify({ ...config, extra: 1 }), /extra/],
  ])('%s: refused with the reason, the old configuration stays', async (_name, content, reason) => {
    await start();
    writeFileSync(world.configFile, content(world.config));
    const reply = await world.control('POST', '/reload');
    expect(reply.status).toBe(422);
    expect(errorOf(reply.json)).toMatch(reason);
    expect((await world.get('one.test', '/')).text).toBe('up');
    expect((await world.status()).generation).toBe(1);
  });

  test('a certificate that is missing, broken or not of its key: refused as a whole', async () => {
    await start();
    const next = withSite(world.config, 'two.test');
    const [first, second] = next.sites;
    if (first === undefined || second === undefined) throw new Error('two sites');
    for (const broken of [
      { ...second, certificate: join(world.folder, 'none.pem') },
      { ...second, certificate: world.configFile },
      { ...second, key: first.key },
    ]) {
      write(() => ({ ...next, sites: [first, broken] }));
      const reply = await world.control('POST', '/reload');
      expect(reply.status).toBe(422);
      expect(errorOf(reply.json)).toContain('the certificate of two.test cannot be used');
    }
    expect((await world.status()).sites).toBe(1);
    write(() => next);
    expect((await world.control('POST', '/reload')).status).toBe(200);
  });

  test('at the start one bad certificate spoils its own site only', async () => {
    await start((config) => {
      const [site] = config.sites;
      if (site === undefined) throw new Error('no site');
      return { ...config, sites: [site, { ...site, hosts: ['bad.test'], name: 'bad', certificate: '/nowhere.pem' }] };
    });
    expect((await world.get('one.test', '/')).text).toBe('up');
    expect(world.log()).toContain('the certificate of bad cannot be used');
  });

  test('anything else on the control socket: 404', async () => {
    await start();
    expect((await world.control('POST', '/status')).status).toBe(404);
  });
});

describe('TLS', () => {
  test('the certificate follows the server name; no name and an unknown one get the fallback', async () => {
    await start();
    expect((await certificateFor('one.test')).subjectAltName).toContain('one.test');
    expect((await certificateFor('ONE.TEST')).subjectAltName).toContain('one.test');
    expect((await certificateFor('other.test')).subjectAltName).toContain('kojibox.localhost');
    expect((await certificateFor(undefined)).subjectAltName).toContain('kojibox.localhost');
  });

  test('HTTP/2 and HTTP/1.1 are offered; TLS 1.2 is spoken, 1.1 is not', async () => {
    await start();
    const speak = async (protocols: string[], maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<unknown[]> => {
      const socket = await handshake({ servername: 'one.test', ALPNProtocols: protocols, maxVersion });
      const spoken = [socket.alpnProtocol, socket.getProtocol()];
      socket.destroy();
      return spoken;
    };
    expect(await speak(['h2', 'http/1.1'], 'TLSv1.3')).toEqual(['h2', 'TLSv1.3']);
    expect(await speak(['http/1.1'], 'TLSv1.2')).toEqual(['http/1.1', 'TLSv1.2']);
    await expect(handshake({ servername: 'one.test', maxVersion: 'TLSv1.1' })).rejects.toThrow();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a session is resumed with %s', async (maxVersion) => {
    await start();
    const first = await handshake({ servername: 'one.test', maxVersion });
    // With TLS 1.3 the ticket comes after the handshake.
    const session =
      maxVersion === 'TLSv1.2'
        ? first.getSession()
        : await new Promise<Buffer>((resolve) => {
            first.once('session', resolve);
            first.write('GET / HTTP/1.1\r\nHost: one.test\r\n\r\n');
          });
    first.destroy();
    const second = await handshake({ servername: 'one.test', session, maxVersion });
    expect(second.isSessionReused()).toBe(true);
    second.destroy();
  });

  test('garbage, and connections that say nothing, disturb nobody', async () => {
    await start();
    const sockets = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const { connect } = await import('node:net');
        const socket = connect(world.port, '127.0.0.1');
        socket.on('error', () => undefined);
        if (at % 2 === 0) socket.write(Buffer.from([0x16, 3, 1, 255, 255, 1, 2, 3]));
        return socket;
      }),
    );
    expect((await world.get('one.test', '/')).text).toBe('up');
    for (const socket of sockets) socket.destroy();
  });
});

describe('plain HTTP', () => {
  const plain = (
    port: number,
    host: string,
    method = 'GET',
  ): Promise<{ status: number; location: string | undefined; text: string }> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(
        { host: '127.0.0.1', port, path: '/a?b=1', method, headers: { host }, agent: false },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, text }));
        },
      );
      sent.on('error', reject);
      sent.end();
    });

  test('is sent on to HTTPS with the right port, also when it came to the port of HTTPS', async () => {
    await start();
    for (const port of [world.httpPort, world.port]) {
      for (const method of ['GET', 'POST']) {
        const reply = await plain(port, `one.test:${port}`, method);
        expect([reply.status, reply.location]).toEqual([308, `https://one.test:${world.port}/a?b=1`]);
      }
      const unknown = await plain(port, 'other.test');
      expect(unknown.status).toBe(404);
      expect(unknown.text).toContain('one.test');
    }
  });
});

describe('end', () => {
  test('SIGTERM: what is under way is answered, no new connection is taken, exit code 0', async () => {
    await start();
    const idle = await world.connect('one.test');
    const slow = world.get('one.test', '/slow');
    await until(async () => (await world.status()).requests === 1);
    const began = performance.now();
    const code = world.stop();
    await until(() =>
      world.connect('one.test').then(
        () => false,
        () => true,
      ),
    );
    expect((await slow).text).toBe('slow');
    expect(await code).toBe(0);
    expect(performance.now() - began).toBeLessThan(atMost(2500));
    idle.destroy();
  });

  test('a request that never ends is given three seconds', async () => {
    await start();
    const never = world.get('one.test', '/never').catch((error: Error) => error);
    await until(async () => (await world.status()).requests === 1);
    const began = performance.now();
    expect(await world.stop()).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(2500);
    expect(performance.now() - began).toBeLessThan(atMost(4500));
    expect(await never).toBeInstanceOf(Error);
  });

  test('after kill -9 it starts again over its old socket', async () => {
    await start();
    await world.stop('SIGKILL');
    await world.start();
    expect((await world.get('one.test', '/')).text).toBe('up');
  });

  test('a port that is taken: it says so and ends', async () => {
    await expect(start((config) => ({ ...config, httpsPort: upstreamPort }))).rejects.toThrow(/EADDRINUSE/);
  });
});

test.skipIf(!isRoot)('started by root it gives root up and still serves, reloads and reads files', async () => {
  world = await createEdgeWorld([{ host: 'files.test', routes: {} }], (config) => {
    const folder = join(config.controlSocket, '..');
    const root = join(folder, 'public');
    writeSite(root, { 'index.html': 'home', 'private.txt': 'for root alone' });
    chmodSync(join(root, 'private.txt'), 0o600);
    return {
      ...config,
      sites: config.sites.map((site) => ({
        ...site,
        routes: [{ path: '/', route: { type: 'static' as const, documentRoot: root, fallback: null } }],
      })),
    };
  });
  await world.start();
  const status = readFileSync(`/proc/${world.pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m);
  expect(status).toMatch(/^Groups:\t *$/m);
  expect((await world.get('files.test', '/')).text).toBe('home');
  expect((await world.get('files.test', '/private.txt')).status).toBe(403);
  expect((await world.control('POST', '/reload')).status).toBe(200);
});

test('500 sites: start, reload and memory stay small', async () => {
  await start((config) => {
    const [site] = config.sites;
    if (site === undefined) throw new Error('no site');
    const more = Array.from({ length: 500 }, (_, at) => ({ ...site, hosts: [`s${at}.test`], name: `s${at}` }));
    return { ...config, sites: [site, ...more] };
  });
  const began = performance.now();
  expect((await world.control('POST', '/reload')).status).toBe(200);
  const reloadMs = performance.now() - began;
  console.log(`500 sites: reload in ${reloadMs.toFixed(1)} ms, ${residentMb(world.pid).toFixed(0)} MB resident`);
  expect(reloadMs).toBeLessThan(atMost(200));
});
