import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSmtpSession, type Envelope } from './smtp-session.ts';

const begin = (maxBytes = 10_000) => {
  const caught: { text: string; envelope: Envelope }[] = [];
  const session = createSmtpSession({
    maxBytes,
    deliver: (message, envelope) => caught.push({ text: message.toString('latin1'), envelope }),
  });
  return { session, caught, say: (text: string): string => session.take(Buffer.from(text, 'latin1')) };
};
const MAIL = 'EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<e@f.test>\r\nDATA\r\n';

describe('a session', () => {
  it('takes a message, dots and all, however it is cut into pieces', () => {
    const body = 'Subject: hi\r\n\r\n..a line with a dot\r\nend\r\n';
    const whole = `${MAIL}${body}.\r\nQUIT\r\n`;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (sizes) => {
        const { session, caught } = begin();
        let [at, replies] = [0, ''];
        for (const size of [...sizes, whole.length]) {
          replies += session.take(Buffer.from(whole.slice(at, at + size), 'latin1'));
          at += size;
        }
        expect(caught).toEqual([
          {
            text: 'Subject: hi\r\n\r\n.a line with a dot\r\nend\r\n',
            envelope: { from: 'a@b.test', to: ['c@d.test', 'e@f.test'] },
          },
        ]);
        expect(replies).toMatch(/354 .*250 2\.0\.0 caught\r\n221 /s);
        expect(session.isOver).toBe(true);
      }),
    );
  });

  it('takes several messages, an empty one, and any password', () => {
    const { say, caught } = begin();
    expect(say('EHLO x\r\n')).toContain('250 AUTH PLAIN LOGIN');
    expect(say('AUTH PLAIN AGEAYg==\r\n')).toMatch(/^235/);
    expect(say('AUTH LOGIN\r\n')).toMatch(/^334/);
    expect(say('dQ==\r\n')).toMatch(/^334/);
    expect(say('cA==\r\n')).toMatch(/^235/);
    for (const text of ['.\r\n', 'x\r\n.\r\n'])
      expect(say(`MAIL FROM:<>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n${text}`)).toContain('caught');
    expect(caught.map(({ text }) => text)).toEqual(['', 'x\r\n']);
  });

  it('says what is wrong, and goes on', () => {
    const { say, caught } = begin();
    expect(say('RCPT TO:<a@b>\r\n')).toMatch(/^503/);
    expect(say('MAIL FROM:nobody\r\n')).toMatch(/^501/);
    expect(say('DATA\r\n')).toMatch(/^503/);
    expect(say('WHAT\r\n')).toMatch(/^502/);
    expect(say('NOOP\r\n')).toMatch(/^250/);
    expect(caught).toEqual([]);
  });

  it('ends with whoever sends too much', () => {
    const { say, session } = begin(1000);
    expect(say('MAIL FROM:<a@b> SIZE=5000\r\n')).toMatch(/^552/);
    expect(say(`${MAIL}${'x'.repeat(2000)}`)).toContain('552');
    expect(session.isOver).toBe(true);
    const other = begin();
    expect(other.say('x'.repeat(5000))).toMatch(/^500/);
    expect(other.session.isOver).toBe(true);
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (pieces) => {
        const { session } = begin();
        for (const piece of pieces) if (!session.isOver) session.take(Buffer.from(piece));
      }),
    );
  });
});
