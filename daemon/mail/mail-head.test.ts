import { describe, expect, it } from 'vitest';
import { summaryOfHead } from './mail-head.ts';

describe('what a list shows of a mail', () => {
  it('is what its head says', () => {
    const head =
      'X-Kojibox-Envelope: <a@b.test> to <c@d.test>, <e@f.test>\r\nFrom: =?UTF-8?B?R3LDvMOfZQ==?= <a@b.test>\r\nSubject: one\r\n two';
    expect(summaryOfHead(head)).toEqual({ from: 'Grüße <a@b.test>', to: ['c@d.test', 'e@f.test'], subject: 'one two' });
  });

  it.each([
    ['a subject without end', `Subject: ${'x'.repeat(60_000)}`],
    ['a sender without end', `From: ${'<'.repeat(60_000)}`],
    ['more recipients than anybody reads', `To: ${'a@b.test, '.repeat(6000)}`],
    ['an envelope of them', `X-Kojibox-Envelope: <a> to ${'<a@b.test>, '.repeat(5000)}`],
    ['folds', `Subject: x${'\r\n '.repeat(20_000)}`],
    ['half words', `Subject: ${'=?UTF-8?Q?'.repeat(6000)}`],
    ['words of a charset that is none', `Subject: ${'=?nix?Q?x?= '.repeat(5000)}`],
    ['fields', 'X: y\r\n'.repeat(10_000)],
    ['spaces', `Subject:${' '.repeat(60_000)}`],
  ])('stays small for %s', (_, head) => {
    expect(JSON.stringify(summaryOfHead(head)).length).toBeLessThan(20_000);
  });
});
