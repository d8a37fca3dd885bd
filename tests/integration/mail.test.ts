import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MailSummary } from '../../contract/mail.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = createStackWorld();
  await upPrepared(world.home, () => world.koji('up', '--json'));
});
afterAll(() => world.remove());

const box = (): Promise<{ port: number; mails: MailSummary[] }> => world.call('mail.list');
const sourceOf = async (id: string): Promise<string> =>
  Buffer.from((await world.call<{ base64: string }>('mail.source', { id })).base64, 'base64').toString();

it('catches what is sent by SMTP', async () => {
  const { port } = await box();
  const lines = [
    'EHLO me',
    'MAIL FROM:<shop@hello.test>',
    'RCPT TO:<ann@example.test>',
    'RCPT TO:<hidden@example.test>',
    'DATA',
    'From: Shop <shop@hello.test>\r\nTo: ann@example.test\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n..hello\r\n.',
    'QUIT',
  ];
  const said = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('end', () => resolve(text)).on('error', reject);
    socket.write(`${lines.join('\r\n')}\r\n`);
  });
  expect(said).toContain('250 2.0.0 caught');
  // Who is told so finds it at once.
  const [mail] = (await box()).mails;
  expect(mail).toMatchObject({
    from: 'Shop <shop@hello.test>',
    to: ['ann@example.test', 'hidden@example.test'],
    subject: 'Grüße',
  });
  expect(await sourceOf(mail!.id)).toContain('\r\n.hello\r\n');
});

it('catches what PHP sends with mail(), and a project knows where the catcher is', async () => {
  const path = join(world.root, 'mailer');
  mkdirSync(path);
  writeFileSync(
    join(path, 'index.php'),
    '<?php echo json_encode([mail("bob@example.test", "From PHP", "line one"), getenv("MAIL_HOST"), (int) getenv("MAIL_PORT")]);',
  );
  chmodSync(path, 0o755);
  await world.call('config.setProject', { id: 'mailer', name: 'Mailer', path, domain: 'mailer.test', stack: 'php' });
  const { port } = await box();
  expect(JSON.parse((await world.get('/', 'mailer.test')).body)).toEqual([true, '127.0.0.1', port]);
  const mail = (await box()).mails.find(({ subject }) => subject === 'From PHP');
  expect(mail).toMatchObject({ to: ['bob@example.test'] });
  expect(await sourceOf(mail!.id)).toContain('line one');
});

it('deletes one, and all; one that is not there is told', async () => {
  const [first] = (await box()).mails;
  await world.call('mail.remove', { id: first!.id });
  expect((await box()).mails).toHaveLength(1);
  const missing = await world.rpc(JSON.stringify({ method: 'mail.remove', params: { id: first!.id } }));
  expect(missing.body.error?.code).toBe('NOT_FOUND');
  const outside = await world.rpc(JSON.stringify({ method: 'mail.source', params: { id: '../../../etc/passwd' } }));
  expect(outside.body.error?.code).toBe('VALIDATION_FAILED');
  await world.call('mail.remove');
  expect((await box()).mails).toEqual([]);
});
