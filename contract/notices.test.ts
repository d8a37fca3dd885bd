import { expect, it } from 'vitest';
import { NOTICES, noticeText, readNotice, type NoticeKind } from './notices.ts';
import { fillTemplate } from './sentences/sentence.ts';

it.each(Object.entries(NOTICES))('%s is found again with its values', (kind, template) => {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const values = Object.fromEntries(names.map((name, index) => [name, `/a folder/v${index} (x.y) [z]*`]));
  expect(readNotice(fillTemplate(template, values))).toEqual({ kind: kind as NoticeKind, values });
});

it('what a person reads', () => {
  const values = { service: 'HTTPS', port: 8444, holder: 'nginx (pid 812)', wanted: 8443 };
  const text = noticeText('portMoved', values);
  expect(text).toBe('HTTPS uses port 8444, because nginx (pid 812) has 8443.');
  expect(readNotice(text)?.values).toEqual({ ...values, port: '8444', wanted: '8443' });
  expect(readNotice('Something else.')).toBeNull();
});
