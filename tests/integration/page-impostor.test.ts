/** Another program takes the daemon's port while a page is open: the real client code gives it nothing of use. */
import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient, createPageAuth, createPageLink, takeSession, type Client } from '../../client/index.ts';
import { proveSession } from '../../client/page-session.ts';
import type { PageSession } from '../../contract/page-session.ts';
import { postRpc } from './daemon-calls.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = createStackWorld();
  await world.koji('info');
});
afterAll(() => world.remove());

const takeNewSession = async (): Promise<PageSession> => {
  const { url } = await world.call<{ url: string }>('daemon.link');
  return takeSession(world.daemonFile().url, new URLSearchParams(new URL(url).hash.slice(1)).get('ticket') ?? '');
};

interface Page {
  readonly client: Client;
  readonly session: PageSession;
  /** Of its daemon. */
  readonly url: string;
  readonly statuses: readonly string[];
}

/** A page of the daemon that runs now, with a key in use. */
async function openPage(): Promise<Page> {
  const { url } = world.daemonFile();
  const session = await takeNewSession();
  const statuses: string[] = [];
  const client = createClient(createPageLink(url, createPageAuth(url, session)));
  client.events(
    () => undefined,
    (status) => statuses.push(status),
  );
  await vi.waitFor(() => expect(statuses.at(-1)).toBe('connected'), 60_000);
  await client.call('daemon.info', {});
  return { client, session, url, statuses };
}

type Respond = (path: string, body: string) => Promise<{ status: number; text: string }>;

/** On the daemon's port, as another program: keeps all that comes. */
async function impostor(port: number, respond: Respond): Promise<{ heard: string[]; server: Server }> {
  const heard: string[] = [];
  const headOf = ({ method = '', url = '', rawHeaders }: IncomingMessage): string =>
    [method, url, ...rawHeaders].join(' ');
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      heard.push(`${headOf(request)}\n${body}`);
      const failed = { status: 503, text: '{}' }; // The daemon is not back yet: a relay has nowhere to ask.
      void respond(request.url ?? '', body)
        .catch(() => failed)
        .then(({ status, text }) => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(text);
        });
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    heard.push(headOf(request));
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve));
  return { heard, server };
}
const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

describe('a page whose daemon was killed', () => {
  it('is back by itself, with another key, and the token is another one', async () => {
    const first = world.daemonFile();
    const { client, statuses } = await openPage();
    const killed = performance.now();
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => statuses.at(-1), { interval: 20 }).toBe('disconnected');
    await expect.poll(() => statuses.at(-1), { interval: 20 }).toBe('connected');
    console.log(`the page is back after ${(performance.now() - killed).toFixed(0)} ms`);
    const second = world.daemonFile();
    expect(second.url).toBe(first.url);
    expect(second.token).not.toBe(first.token);
    expect((await client.call('daemon.info', {})).pid).toBe(second.pid);
    expect((await postRpc({ ...second, token: first.token }, '{"method":"daemon.info"}')).status).toBe(401);
    client.close();
  });
});

describe('another program on the port', () => {
  it.each<[string, Respond]>([
    ['answers anything', () => Promise.resolve({ status: 200, text: '{"result":{}}' })],
    [
      'makes up a proof',
      () => Promise.resolve({ status: 200, text: `{"result":{"nonce":"n","proof":"${'a'.repeat(64)}"}}` }),
    ],
    ['asks for the key again', () => Promise.resolve({ status: 401, text: '{"error":{"code":"UNAUTHORIZED"}}' })],
    [
      'passes everything on to the daemon at its new port',
      async (path, body) => {
        if (!path.startsWith('/session') && path !== '/ticket') return { status: 404, text: '{}' };
        const { url } = world.daemonFile();
        const answer = await fetch(`${url}${path}`, { method: 'POST', body });
        return { status: answer.status, text: await answer.text() };
      },
    ],
  ])('that %s learns nothing that the next daemon takes', { timeout: 120_000 }, async (_, respond) => {
    const page = await openPage();
    const before = world.daemonFile();
    const port = Number(new URL(page.url).port);
    await world.koji('quit');
    const { heard, server } = await impostor(port, respond);
    // The next daemon takes another port.
    await world.koji('info');
    const after = world.daemonFile();
    expect(after.url).not.toBe(page.url);

    await expect.poll(() => heard.length).toBeGreaterThan(2);
    await expect(
      page.client.call('secrets.set', { key: 'typed', scope: 'app', value: 'typed-into-the-page' }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/DAEMON_UNREACHABLE|UNAUTHORIZED/) });
    await stop(server);

    const all = heard.join('\n');
    for (const secret of [page.session.secret, before.token, after.token, 'typed-into-the-page'])
      expect(all).not.toContain(secret);
    // Every word of it, tried as a key, and every message sent once more.
    const words = new Set(all.match(/[\w.-]{16,}/g) ?? []);
    expect(words.size).toBeGreaterThan(0);
    for (const word of words)
      for (const token of [word, word.replace(/^bearer\./, '')])
        expect((await postRpc({ ...after, token }, '{"method":"daemon.info"}')).status).toBe(401);
    for (const text of heard) {
      const [head = '', body = ''] = text.split('\n');
      const path = head.split(' ')[1] ?? '/';
      if (!path.startsWith('/session')) continue;
      const answer = (await (await fetch(`${after.url}${path}`, { method: 'POST', body })).json()) as object;
      // A challenge may be had again: who cannot answer it has nothing.
      if (path === '/session/proof') expect(answer).toHaveProperty('error');
    }
    page.client.close();
  });

  it.skipIf(process.getuid?.() !== 0)('cannot use a key of this user, either (as root)', async () => {
    const daemon = world.daemonFile();
    const key = await proveSession(daemon.url, await takeNewSession());
    for (const token of [daemon.token, key]) {
      const program = `fetch('${daemon.url}/rpc', { method: 'POST', headers: { authorization: 'Bearer ${token}' },
        body: '{"method":"daemon.info"}' }).then((answer) => answer.text()).then(console.log)`;
      const other = spawnSync(process.execPath, ['-e', program], { uid: 65534, gid: 65534, encoding: 'utf8' });
      expect(other.stdout, other.stderr).toContain('another user (65534)');
      expect((await postRpc({ ...daemon, token }, '{"method":"daemon.info"}')).status).toBe(200);
    }
  });
});
