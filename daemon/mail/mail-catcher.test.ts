import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Logger } from '../../core/system/logger.ts';
import { createNodeSystem } from '../system/node-system.ts';
import { startMailCatcher, type MailCatcher } from './mail-catcher.ts';

const nothing = (): undefined => undefined;
const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const HEAD = 'EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n';
let clean: (() => void)[] = [];
afterEach(() => {
  for (const work of clean) work();
  clean = [];
});

async function start(): Promise<{ catcher: MailCatcher; folder: string; send(text: string): Socket }> {
  const base = mkdtempSync(join(tmpdir(), 'kojibox-mail-'));
  const folder = join(base, 'mail');
  const catcher = await startMailCatcher({
    folder,
    dropFolder: join(base, 'drop'),
    system: { ...createNodeSystem({ home: base, environment: {} }), log: SILENT },
    assignPort: () => Promise.resolve(0),
    changed: () => undefined,
  });
  clean.push(
    () => catcher.close(),
    () => rmSync(base, { recursive: true, force: true }),
  );
  const send = (text: string): Socket => {
    const socket = connect(catcher.port ?? 0, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text);
    clean.push(() => socket.destroy());
    return socket;
  };
  return { catcher, folder, send };
}
const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 10));
};
const said = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('close', () => resolve(text));
  });

it('writes a mail to its file while it comes, and shows it when it is whole', async () => {
  const { folder, send, catcher } = await start();
  const socket = send(HEAD);
  const replies = said(socket);
  const piece = `${'x'.repeat(998)}\r\n`.repeat(1000);
  for (let count = 0; count < 20; count += 1) socket.write(piece);
  await until(() => readdirSync(folder).some((name) => name.startsWith('.')));
  expect(await catcher.mailbox.list()).toEqual([]);
  socket.write('.\r\nQUIT\r\n');
  expect(await replies).toContain('250 2.0.0 caught');
  const [mail] = await catcher.mailbox.list();
  expect(mail?.to).toEqual(['c@d.test']);
  expect(mail?.size).toBeGreaterThan(19_000_000);
  expect(readFileSync(join(folder, `${mail?.id ?? ''}.eml`), 'latin1').endsWith(piece)).toBe(true);
});

it('leaves nothing of mails whose senders go away, nor of one that is too large', async () => {
  const { folder, send } = await start();
  const sockets = Array.from({ length: 60 }, () => send(`${HEAD}${'x'.repeat(100_000)}`));
  await until(() => readdirSync(folder).length === 60);
  for (const socket of sockets) socket.destroy();
  await until(() => readdirSync(folder).length === 0);
  const socket = send(HEAD);
  const replies = said(socket);
  for (let count = 0; count < 52; count += 1) socket.write('x'.repeat(1024 * 1024));
  expect(await replies).toContain('552');
  await until(() => readdirSync(folder).length === 0);
});

it('takes a mail while idle connections fill every place', async () => {
  const { send } = await start();
  const idle = Array.from({ length: 150 }, () => send('EHLO x\r\n'));
  await until(() => idle.filter((socket) => socket.bytesRead > 0).length >= 100);
  expect(await said(send(`${HEAD}x\r\n.\r\nQUIT\r\n`))).toContain('caught');
});

it('says nothing more to a browser', async () => {
  const { send, folder } = await start();
  expect(await said(send(`POST / HTTP/1.1\r\nHost: x\r\n\r\n${HEAD}x\r\n.\r\n`))).toMatch(/^220 [^\n]*\n$/);
  expect(readdirSync(folder)).toEqual([]);
});
