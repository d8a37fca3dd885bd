/**
 * The main process of the desktop app as it is built, with a real daemon; only Electron is played by a double, because its binary is not
 * everywhere. What Electron itself does with these calls is seen in tests/e2e where the binary is.
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient, createHttpLink, type Client } from '../../client/index.ts';
import { readDaemonFile } from '../../client/launch/home-folder.ts';
import { isAlive } from './daemon-calls.ts';
import type { Outcome } from './electron-double/control.ts';

interface Seen {
  readonly tray: { image: string; toolTip: string; menu: unknown[] };
  readonly applicationMenu: unknown[];
  readonly badge: number;
  readonly notifications: { title: string; body: string }[];
  readonly questions: string[];
  readonly opened: string[];
  readonly loaded: string[];
  readonly requests: unknown[];
  readonly fromMain: { id?: number; result?: unknown; error?: { code: string } }[];
  readonly windows: { isShown: boolean; webPreferences: Record<string, unknown> }[];
}

const PAGE = 'app://kojibox/';
const WAIT = { timeout: 60_000, interval: 50 };

let root: string;
let home: string;
let app: ChildProcess;
let client: Client;
let nextId = 1;
let printed = '';

/** What it prints is added to `printed`. */
function startApp(...args: string[]): ChildProcess {
  const child = fork('dist/electron/main.mjs', args, {
    execArgv: ['--no-warnings', '--enable-source-maps', '--import', './tests/integration/electron-double/hook.ts'],
    env: { ...process.env, KOJIBOX_HOME: home, KOJIBOX_HOSTS_FILE: join(root, 'hosts') },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (printed += text.toString()));
  return child;
}

function order(name: string, ...parameters: unknown[]): Promise<unknown> {
  const id = nextId++;
  return new Promise((resolve, reject) => {
    const listen = (outcome: Outcome): void => {
      if (outcome.id !== id) return;
      app.off('message', listen);
      if (outcome.error === undefined) resolve(outcome.result);
      else reject(new Error(outcome.error));
    };
    app.on('message', listen);
    app.send({ id, name, parameters });
  });
}
const look = (): Promise<Seen> => order('state') as Promise<Seen>;
const until = (check: (seen: Seen) => void): Promise<void> => vi.waitFor(async () => check(await look()), WAIT);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-glue-'));
  chmodSync(root, 0o711);
  home = join(root, 'home');
  writeFileSync(join(root, 'hosts'), '');
  app = startApp('kojibox://project/nothing');
  await until(({ tray }) => expect(tray.toolTip, printed).toContain('Nothing runs'));
  const file = readDaemonFile(home, 'test');
  if (file === null) throw new Error('no daemon was started');
  client = createClient(createHttpLink(file));
  await client.call('services.define', { id: 'worker', name: 'Worker & Co', binary: '/bin/sleep', args: ['600'] });
});
afterAll(() => {
  client?.close();
  app?.kill('SIGKILL');
  const env = { ...process.env, KOJIBOX_HOME: home };
  spawnSync(process.execPath, ['--no-warnings', 'dist/cli/main.mjs', 'quit'], { env, timeout: 60_000 });
  rmSync(root, { recursive: true, force: true });
});

describe('the main process', () => {
  it('opens one window that is locked, and shows it when it is painted', async () => {
    await until(({ windows }) => expect(windows).toMatchObject([{ isShown: true }]));
    const { windows, loaded, applicationMenu } = await look();
    expect(loaded).toEqual([PAGE]);
    expect(windows[0]?.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
    });
    expect(applicationMenu.length).toBeGreaterThan(3);
    expect(await order('fetch', `${PAGE}index.html`)).toMatchObject({
      status: 200,
      policy: expect.stringContaining("script-src 'self'"),
    });
    expect(await order('fetch', `${PAGE}../../package.json`)).toMatchObject({ status: 404 });
    expect(await order('navigate', PAGE)).toBe(true);
    expect(await order('navigate', 'https://shop.test/')).toBe(false);
    expect(await order('openFromPage', 'https://example.com/')).toBe('deny');
    expect(await order('mayLoad', 'http://127.0.0.1:80/')).toBe(false);
    expect(await order('mayLoad', `${PAGE}assets/x.js`)).toBe(true);
    expect(await order('mayHave', 'geolocation', PAGE)).toBe(false);
    expect(await order('mayHave', 'clipboard-sanitized-write', PAGE)).toBe(true);
    expect(await order('mayHave', 'clipboard-sanitized-write', 'https://shop.test/')).toBe(false);
    expect((await look()).opened).toEqual([]);
  });

  it('gives the page one port, and a link that came with the start; another frame gets none', async () => {
    await order('pageIsReady', 'https://shop.test/');
    expect((await look()).requests).toEqual([]);
    await order('pageIsReady', PAGE);
    expect((await look()).requests).toEqual([{ type: 'link', link: { type: 'project', id: 'nothing' } }]);
    await order('fromPage', { id: 1, method: 'services.list', params: {} });
    await until(({ fromMain }) => expect(fromMain).toContainEqual({ id: 1, result: expect.any(Array) }));
  });

  it('asks natively before what is above the role of the window', async () => {
    await order('fromPage', { id: 2, method: 'services.undefine', params: { id: 'worker' } });
    await until(({ fromMain }) =>
      expect(fromMain).toContainEqual({ id: 2, error: expect.objectContaining({ code: 'CANCELLED' }) }),
    );
    expect((await look()).questions).toHaveLength(1);
    expect(await client.call('services.definitions', {})).toHaveLength(1);
  });

  it('starts and stops from the tray, which follows by events', async () => {
    await until(({ tray }) => expect(JSON.stringify(tray.menu)).toContain('○ Worker && Co'));
    await order('choose', 'Worker', 'Start');
    await until(({ tray }) => expect(JSON.stringify(tray.menu)).toContain('● Worker && Co'));
    const { tray } = await look();
    expect(tray.image).toMatch(/ready\.png$/);
    await order('choose', 'Worker', 'Stop');
    await until(({ tray: now }) => expect(now.image).toMatch(/stopped\.png$/));
  });

  it('tells of a failure by badge, tray and notification, which leads to the log', async () => {
    await client.call('services.define', {
      id: 'broken',
      name: 'Broken',
      binary: '/bin/false',
      restartPolicy: { maxRetries: 0, backoffMs: 0 },
    });
    await client.call('services.start', { id: 'broken' }).catch(() => undefined);
    await until(({ badge, notifications }) => {
      expect(badge).toBe(1);
      expect(notifications).toMatchObject([{ title: 'Broken failed' }]);
    });
    const { tray } = await look();
    expect(tray.image).toMatch(/failed\.png$/);
    expect(JSON.stringify(tray.menu)).toContain('Recent errors');
    await order('clickNotification');
    await until(({ requests }) => expect(requests).toContainEqual({ type: 'page', path: '/logs?service=broken' }));
    await order('closeWindow');
    await client.call('services.undefine', { id: 'broken' });
    await until(({ badge }) => expect(badge).toBe(0));
  });

  it('comes back to the front with what a second start hands over', async () => {
    expect((await look()).windows).toHaveLength(1);
    await order('secondStart', ['kojibox', 'kojibox://runtime/php@8.4.1', 'some.kojipack', 'kojibox://evil/x']);
    await until(({ windows }) => expect(windows).toHaveLength(2));
    await order('pageIsReady', PAGE);
    const { requests } = await look();
    expect(requests.slice(-2)).toEqual([
      { type: 'link', link: { type: 'runtime', name: 'php', version: '8.4.1' } },
      { type: 'page', path: '/runtimes?pack=%2Fsome.kojipack' },
    ]);
  });

  it('speaks the language of the settings', async () => {
    const settings = await client.call('config.getApp', {});
    await client.call('config.setApp', { ...settings, language: 'de' });
    await until(({ tray }) => expect(JSON.stringify(tray.menu)).toContain('Alle starten'));
    await client.call('config.setApp', { ...settings, language: 'en' });
    await until(({ tray }) => expect(JSON.stringify(tray.menu)).toContain('Start all'));
  });

  it('goes on with the daemon that comes back after a kill', async () => {
    const before = (await client.call('daemon.info', {})).pid;
    process.kill(before, 'SIGKILL');
    await until(({ tray }) => expect(tray.image).toMatch(/offline\.png$/));
    await until(({ tray }) => expect(tray.image).toMatch(/stopped\.png$/));
    await order('choose', 'Worker', 'Start');
    await until(({ tray }) => expect(JSON.stringify(tray.menu)).toContain('● Worker && Co'));
  });

  it('quits and stops all', async () => {
    const pid = readDaemonFile(home, 'test')?.pid ?? 0;
    const ended = new Promise((resolve) => app.once('exit', resolve));
    await order('choose', 'Quit and stop all').catch(() => undefined);
    expect(await ended).toBe(0);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), WAIT);
    expect(printed).toBe('');
  });
});

describe('a start', () => {
  it('of a session opens no window before it is asked for', async () => {
    app = startApp('--hidden');
    await until(({ tray }) => expect(tray.toolTip, printed).toContain('Nothing runs'));
    expect((await look()).windows).toEqual([]);
    await order('choose', 'Open Kojibox');
    await until(({ windows }) => expect(windows).toMatchObject([{ isShown: true }]));
    const ended = new Promise((resolve) => app.once('exit', resolve));
    await order('choose', 'Quit and stop all');
    expect(await ended).toBe(0);
  });

  it('without the disk of the data says so in a box of the system, and changes nothing', async () => {
    rmSync(home, { recursive: true });
    symlinkSync(join(root, 'unplugged'), home);
    app = startApp();
    expect(await new Promise((resolve) => app.once('exit', resolve))).toBe(1);
    expect(printed).toContain('Kojibox: cannot open the data folder');
    expect(printed).toContain(`${home} leads to ${join(root, 'unplugged')}, which is not there`);
    expect(existsSync(join(root, 'unplugged'))).toBe(false);
    unlinkSync(home);
  });
});
