import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBody } from './smtp-body.ts';
import { createSmtpSession, type Envelope } from './smtp-session.ts';

const begin = (maxBytes = 10_000) => {
  const caught: { text: string; envelope: Envelope }[] = [];
  const counts = { written: 0, discarded: 0 };
  const session = createSmtpSession({
    maxBytes,
    receive(envelope) {
      let text = '';
      return {
        write(piece) {
          counts.written += piece.length;
          text += piece.toString('latin1');
        },
        finish: () => caught.push({ text, envelope }),
        discard: () => (counts.discarded += 1),
      };
    },
  });
  return { session, caught, counts, say: (text: string): string => session.take(Buffer.from(text, 'latin1')) };
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

  it('keeps nothing of a message but the bytes that may belong to its end', () => {
    const { session, counts, say } = begin(100 * 1024 * 1024);
    say(MAIL);
    const piece = Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(64));
    let given = 0;
    for (let count = 0; count < 700; count += 1) {
      session.take(piece);
      given += piece.length;
      expect(given - counts.written).toBeLessThanOrEqual(4);
    }
    session.end();
    expect(counts.discarded).toBe(1);
  });

  it('finds dots and the end as a reference does that has all at once', () => {
    const piece = fc.constantFrom('.', '..', '\r\n', '\r', '\n', 'x', '\r\n.', '\r\n..');
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 6 }), { maxLength: 12 }), (pieces) => {
        const body = `${pieces.flat().join('')}\r\n.\r\n`;
        const whole = `\r\n${body}`;
        const end = whole.indexOf('\r\n.\r\n');
        const expected = whole.slice(2, Math.max(2, end + 2)).replaceAll(/(?<=^|\r\n)\./g, '');
        const take = createBody();
        let [content, rest]: [string, string | null] = ['', null];
        for (const part of [...pieces.map((group) => group.join('')), '\r\n.\r\n']) {
          if (rest !== null) rest += part;
          else {
            const taken = take(Buffer.from(part, 'latin1'));
            content += taken.content.toString('latin1');
            rest = taken.rest?.toString('latin1') ?? null;
          }
        }
        expect(content).toBe(expected);
        expect(rest).toBe(whole.slice(end + 5));
      }),
      { numRuns: 500 },
    );
  });

  it.each(['GET / HTTP/1.1', 'POST /x HTTP/1.1', 'OPTIONS * HTTP/1.1', 'PRI * HTTP/2.0', 'get / HTTP/1.0'])(
    'ends at once with a browser: %s',
    (request) => {
      const { say, session, caught } = begin();
      expect(say(`${request}\r\nHost: x\r\n\r\n${MAIL}x\r\n.\r\n`)).toBe('');
      expect(session.isOver).toBe(true);
      expect(caught).toEqual([]);
    },
  );

  it('ends with a sender that knows no command, and bounds what it keeps of recipients', () => {
    const { say, session } = begin();
    expect(say('WHAT\r\n'.repeat(30))).toMatch(/^(502[^\n]*\n){10}421 [^\n]*\n$/);
    expect(session.isOver).toBe(true);
    const other = begin();
    const replies = other.say(`MAIL FROM:<a@b>\r\n${`RCPT TO:<${'a'.repeat(2000)}@b>\r\n`.repeat(100)}`);
    expect(replies.match(/^452/gm)?.length).toBeGreaterThan(60);
  });
});
