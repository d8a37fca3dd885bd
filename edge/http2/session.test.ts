/** Time limits of streams, with short ones, over plain sockets. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { connect, type ClientHttp2Session } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import type { Exchange } from '../exchange.ts';
import { ConnectionWatch } from '../watch.ts';
import { Http2Connection } from './session.ts';

let server: Server;
let session: ClientHttp2Session;
afterEach(() => {
  session.destroy();
  server.close();
});

async function open(handle: (exchange: Exchange) => void, initialWindowSize = 65_535): Promise<void> {
  const watch = new ConnectionWatch();
  const peer = {
    remoteAddress: '127.0.0.1',
    remotePort: 1,
    localAddress: '127.0.0.1',
    localPort: 443,
    serverName: null,
    isSecure: true,
  };
  server = createServer(
    (socket) => new Http2Connection(socket, peer, watch, handle, { idleMs: 60_000, bodyMs: 1000, stalledMs: 1000 }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { settings: { initialWindowSize } });
  session.on('error', () => undefined);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
}

test('a stream whose client takes nothing ends, with the work behind it; a stream of the same connection lives', async () => {
  let ended = 0;
  await open((exchange) => {
    exchange.onAbort(() => (ended += 1));
    exchange.begin(200, []);
    if (exchange.path === '/large') exchange.write(Buffer.alloc(100_000));
  }, 0);
  const quiet = session.request({ ':path': '/quiet' });
  const large = session.request({ ':path': '/large' });
  large.on('error', () => undefined);
  await new Promise((resolve) => large.once('close', resolve));
  await expect.poll(() => ended).toBe(1);
  expect([session.closed, quiet.closed]).toEqual([false, false]);
});

test('a body that stops in the middle is answered with 408; one that the service holds back is not', async () => {
  const bodies: string[] = [];
  await open((exchange) => {
    exchange.body?.consume({
      content: () => {
        bodies.push(exchange.path);
        return exchange.path !== '/held';
      },
      end: () => undefined,
    });
  });
  const held = session.request({ ':path': '/held', ':method': 'POST' });
  const stopped = session.request({ ':path': '/stopped', ':method': 'POST' });
  held.write('x');
  stopped.write('x');
  const status = await new Promise((resolve) => stopped.once('response', (headers) => resolve(headers[':status'])));
  expect(status).toBe(408);
  expect(bodies).toEqual(['/held', '/stopped']);
  expect(held.closed).toBe(false);
});
