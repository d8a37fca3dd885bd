import { expect, it } from 'vitest';
import { NOTICES, noticeText as english, type NoticeKind } from '../../../contract/notices.ts';
import { setLanguage } from '../index.ts';
import { noticeText } from '../said.ts';
import { daemonDe } from './de.ts';
import { daemonId } from './id.ts';

const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort();

it.each(Object.keys(NOTICES) as NoticeKind[])('%s names the same things in every language', (kind) => {
  for (const { notices } of [daemonDe, daemonId]) expect(names(notices[kind])).toEqual(names(NOTICES[kind]));
});

it('a notice is said in the language of the window', async () => {
  Object.assign(globalThis, { document: { documentElement: { lang: '' } } });
  const text = english('portMoved', { service: 'Redis', port: 6381, holder: 'x (pid 7)', wanted: 6379 });
  expect(noticeText(text)).toBe(text);
  await setLanguage('de');
  expect(noticeText(text)).toBe('Redis nutzt Port 6381, denn x (pid 7) belegt 6379.');
  expect(noticeText('Something newer.')).toBe('Something newer.');
  await setLanguage('en');
});
