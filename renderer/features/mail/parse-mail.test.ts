import { describe, expect, it } from 'vitest';
import { parseMail } from './parse-mail.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const MULTIPART = 'MIME-Version: 1.0\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n';

describe('a mail that is shown', () => {
  it('has its text and its attachments', async () => {
    const part = '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n';
    const file = '--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=a.png\r\n\r\nx\r\n';
    const shown = await parseMail(bytes(`${MULTIPART}${part}${file}--b--\r\n`));
    expect(shown).toMatchObject({ isShortened: false, email: { subject: 's', attachments: [{ filename: 'a.png' }] } });
    expect(shown.email?.text).toContain('hello');
  });

  it('is bounded by parts, depth, head and size', async () => {
    const file = '--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nx\r\n';
    const many = await parseMail(bytes(`${MULTIPART}${file.repeat(300)}--b--\r\n`));
    expect(many.email?.attachments).toHaveLength(100);
    expect(many.isShortened).toBe(true);
    expect((await parseMail(bytes(`${MULTIPART}${file.repeat(20_000)}--b--\r\n`))).email).toBeNull();
    const nested = Array.from(
      { length: 500 },
      (_, depth) => `--b${depth}\r\nContent-Type: multipart/mixed; boundary=b${depth + 1}\r\n\r\n`,
    ).join('');
    const deep = await parseMail(bytes(`Content-Type: multipart/mixed; boundary=b0\r\n\r\n${nested}`));
    expect(deep.email).toBeNull();
    expect(deep.source).toContain('b499');
    expect((await parseMail(bytes(`X: ${'y'.repeat(600_000)}\r\n\r\nx`))).email).toBeNull();
    const large = await parseMail(bytes(`Subject: s\r\n\r\n${'x'.repeat(3_000_000)}`));
    expect(large.isShortened).toBe(true);
    expect(large.email?.text).toHaveLength(2_000_000);
    expect((await parseMail(bytes('x'.repeat(17_000_000)))).email).toBeNull();
  });
});
