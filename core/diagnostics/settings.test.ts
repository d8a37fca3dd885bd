import { describe, expect, it } from 'vitest';
import { createRedactor, REDACTED } from './redact.ts';
import { redactDocument, secretValuesOf } from './settings.ts';

const redact = createRedactor({ secrets: ['12345678'], homes: ['/srv/ann'], userNames: ['ann'], hostNames: [] });
const settings = {
  id: 'redis',
  path: '/srv/ann/code',
  key: '/srv/ann/cert.key',
  ports: { redis: 6379 },
  env: { PORT: '8080', GREETING: 'hello-there-2', API_TOKEN: 'tok', LANG: 'en_US.UTF-8', URL: 'redis://:pw-in-url@x' },
  args: ['--requirepass', 'plain', '--maxmemory', '10mb', '--user', 'ann'],
  nested: [{ clientSecret: { deep: 'x' }, pin: 12345678, on: true, none: null }],
};

describe('settings', () => {
  it('keep their form; what may be a secret is gone', () => {
    expect(redactDocument(settings, redact)).toEqual({
      id: 'redis',
      path: '~/code',
      key: '~/cert.key',
      ports: { redis: 6379 },
      env: { PORT: '8080', GREETING: REDACTED, API_TOKEN: REDACTED, LANG: REDACTED, URL: REDACTED },
      args: ['--requirepass', REDACTED, '--maxmemory', '10mb', '--user', '<user>'],
      nested: [{ clientSecret: REDACTED, pin: REDACTED, on: true, none: null }],
    });
  });

  it('do not make common words secret', () => {
    const env = {
      DB: 'postgres',
      APP_ENV: 'production',
      HOST: '127.0.0.1',
      LANG: 'en_US.UTF-8',
      ZONE: 'Europe/Berlin',
    };
    expect(secretValuesOf({ env })).toEqual([]);
    expect(secretValuesOf({ env: { A: 'hunter22hunter', B: 'longenoughtobeone', C: 'MixedCase' } })).toHaveLength(3);
  });

  it('say which values to look for elsewhere', () => {
    expect(secretValuesOf(settings).sort()).toEqual(['12345678', 'hello-there-2', 'plain', 'pw-in-url', 'tok'].sort());
    expect(secretValuesOf({ PASSWORD: 'abc', list: { tokens: ['one', 'two'] } })).toEqual(['abc', 'one', 'two']);
  });
});
