import { describe, expect, it } from 'vitest';
import { UpdateFeedSettingSchema } from '../../contract/update-feed.ts';
import { resolveFeed } from './feed-address.ts';

const [A, B, C] = ['https://a.example/feed.json', 'https://b.example/feed.json', 'https://c.example/feed.json'];

it.each([
  [A, B, C, A, 'environment'],
  [A, 'none', C, A, 'environment'],
  [undefined, B, C, B, 'setting'],
  ['', B, C, B, 'setting'],
  [undefined, 'none', C, null, 'setting'],
  [undefined, 'default', C, C, 'build'],
  [undefined, 'default', '', null, 'nobody'],
] as const)('environment %s, setting %s, build %s: %s by the %s', (environment, setting, build, address, from) => {
  expect(resolveFeed(environment, setting, build)).toEqual({ address, from });
});

describe('an address', () => {
  it.each([
    A,
    'https://a.example:8443/x?token=1',
    'http://127.0.0.1:8000/feed.json',
    'http://[::1]/f',
    '/mnt/feed.json',
  ])('%s is taken', (text) => expect(UpdateFeedSettingSchema.parse(` ${text} `)).toBe(text));

  it.each(['http://a.example/feed.json', 'https://me:word@a.example/', `${A}#x`, 'feed.json', 'ftp://a.example/', ''])(
    '%s is refused',
    (text) => expect(UpdateFeedSettingSchema.safeParse(text).success).toBe(false),
  );
});
