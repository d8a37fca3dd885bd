/** How a page gets in: tickets and links, at a real daemon, with programs of this and of another user. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proveSession, takeSession } from '../../client/page-session.ts';
import type { DaemonFile } from '../../contract/daemon.ts';
import type { PageSession } from '../../contract/page-session.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let daemon: DaemonFile;
beforeAll(async () => {
  world = createStackWorld();
  await world.koji('info');
  daemon = JSON.parse(readFileSync(world.path('app/daemon.json'), 'utf8')) as DaemonFile;
});
afterAll(() => world.remove());

interface Answer {
  readonly result?: PageSession;
  readonly error?: { readonly code: string; readonly detail: string; readonly remedy: string };
}
const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  (await (
    await fetch(`${daemon.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  ).json()) as Answer;
const ticketOf = (url: string): string => new URLSearchParams(new URL(url).hash.slice(1)).get('ticket') ?? '';
const exchange = (url: string): Promise<Answer> => post('/ticket', { ticket: ticketOf(url) });
/** As a page does with its link; `let in` when the daemon then answers. */
const enter = async (url: string): Promise<string> => {
  const { result, error } = await exchange(url);
  if (result === undefined) return `${error?.code ?? ''}: ${error?.detail ?? ''}`;
  const key = await proveSession(daemon.url, result);
  expect(key).not.toBe(daemon.token);
  return (await rpc(key, 'daemon.info')).error?.code ?? 'let in';
};
const rpc = (token: string, method: string, params: unknown = {}): Promise<Answer> =>
  post('/rpc', { method, params }, { authorization: `Bearer ${token}` });

describe('links', () => {
  it('what koji prints holds no key, and lets in as often as it is clicked', async () => {
    const printed = (await world.koji('open', '--print')).trim();
    const { uiUrl } = JSON.parse((await world.kojiResult('status', '--json')).stdout) as { uiUrl: string };
    for (const url of [printed, uiUrl, printed]) {
      expect(url).not.toContain(daemon.token);
      expect(await enter(url)).toBe('let in');
    }
    // What everybody with the level `read` may ask for lets nobody in.
    expect((await world.call<{ uiUrl: string }>('stack.status')).uiUrl).toBe(`${daemon.url}/`);
  });

  it('what a program opens is good once', async () => {
    const { url } = await world.call<{ url: string }>('daemon.link');
    expect(await enter(url)).toBe('let in');
    expect((await exchange(url)).error).toMatchObject({
      code: 'UNAUTHORIZED',
      remedy: expect.stringContaining('koji open'),
    });
    expect((await post('/ticket', {})).error?.code).toBe('UNAUTHORIZED');
  });

  it('are bound to their level', async () => {
    const printed = (await world.koji('open', '--allow', 'read', '--print')).trim();
    const token = await proveSession(daemon.url, await takeSession(daemon.url, ticketOf(printed)));
    expect(token).not.toBe(daemon.token);
    expect((await rpc(token, 'services.list')).error).toBeUndefined();
    expect((await rpc(token, 'installer.start')).error).toMatchObject({
      code: 'PERMISSION_DENIED',
      remedy: expect.stringContaining('koji open --allow operate'),
    });
    expect((await rpc(token, 'daemon.link')).error?.code).toBe('PERMISSION_DENIED');
    const upload = { authorization: `Bearer ${token}` };
    expect((await post('/upload/pack', {}, upload)).error?.code).toBe('PERMISSION_DENIED');
    expect((await world.kojiResult('open', '--allow', 'all', '--print')).code).toBe(2);
  });

  it.skipIf(process.getuid?.() !== 0)('let no program of another user in (as root)', async () => {
    const { url } = await world.call<{ url: string }>('daemon.link');
    const printed = (await world.koji('open', '--print')).trim();
    for (const link of [url, printed]) {
      const asNobody = `fetch('${daemon.url}/ticket', { method: 'POST', body: JSON.stringify({ ticket: '${ticketOf(link)}' }) })
        .then((answer) => answer.text()).then(console.log)`;
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', asNobody], {
        uid: 65534,
        gid: 65534,
        encoding: 'utf8',
      });
      expect(stdout, stderr).toContain('another user (65534)');
      // It was not used up by that.
      expect(await enter(link)).toBe('let in');
    }
  });

  it.skipIf(process.getuid?.() !== 0)('are not used up by another user who goes away at once (as root)', async () => {
    const { url } = await world.call<{ url: string }>('daemon.link');
    const body = JSON.stringify({ ticket: ticketOf(url) });
    const { host, hostname, port } = new URL(daemon.url);
    const message = `POST /ticket HTTP/1.1\\r\\nHost: ${host}\\r\\nContent-Length: ${body.length}\\r\\n\\r\\n`;
    const asNobody = `const socket = require('net').connect(${port}, '${hostname}', () =>
      socket.write('${message}' + '${body}', () => socket.destroy()))`;
    // Still, so that it looks for the owner when there is none any more.
    process.kill(daemon.pid, 'SIGSTOP');
    const { status, stderr } = spawnSync(process.execPath, ['-e', asNobody], {
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
    });
    try {
      expect(status, stderr).toBe(0);
      // When the kernel has taken the end down, it shows user 0 for it.
      const open = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')} `;
      const isOpen = (line: string): boolean => line.slice(20).includes(open) && / 65534 /.test(line);
      await expect.poll(() => readFileSync('/proc/net/tcp', 'utf8').split('\n').filter(isOpen)).toEqual([]);
    } finally {
      process.kill(daemon.pid, 'SIGCONT');
    }
    // Both are at the daemon: the first that came is read first.
    await world.call('daemon.info');
    expect(await enter(url)).toBe('let in');
  });
});

it('no command line in /proc holds the key while a window is opened', async () => {
  const bin = join(world.root, 'bin');
  const seen = join(world.root, 'seen');
  mkdirSync(bin);
  // Stands in for a browser: it goes on running, and keeps its command line as every program does.
  writeFileSync(
    join(bin, 'chromium'),
    `#!/bin/sh\necho $$ > ${seen}\ncat /proc/$$/cmdline > ${seen}.line\nread forever < ${bin}/fifo\n`,
    { mode: 0o755 },
  );
  execFileSync('mkfifo', [join(bin, 'fifo')]);
  // As root, the browser is the one of the user who called sudo; this sudo changes no user.
  writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n', {
    mode: 0o755,
  });
  const caller = process.getuid?.() === 0 ? { SUDO_UID: '65534' } : {};
  const opening = spawn('./koji', ['open'], {
    env: {
      ...process.env,
      ...caller,
      DISPLAY: ':0',
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      KOJIBOX_HOME: world.home,
      KOJIBOX_HOSTS_FILE: join(world.root, 'hosts'),
    },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => opening.on('exit', resolve));
  const held: string[] = [];
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        if (line.includes(daemon.token)) held.push(line);
      } catch {
        continue; // It ended while we looked.
      }
    }
  };
  while (!existsSync(`${seen}.line`)) {
    look();
    await wait(20);
  }
  await ended;
  look();
  expect(held).toEqual([]);
  const line = readFileSync(`${seen}.line`, 'utf8');
  const [, url = ''] = /--app=([^\0]+)/.exec(line) ?? [];
  process.kill(Number(readFileSync(seen, 'utf8')), 'SIGTERM');
  // And what the browser was given works.
  expect(await enter(url)).toBe('let in');
});
