import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, REDACTED, type Sensitive } from './redact.ts';

const redactor = (sensitive: Partial<Sensitive> = {}): ((text: string) => string) =>
  createRedactor({ secrets: [], homes: [], userNames: [], hostNames: [], ...sensitive });
const redact = redactor();
/** Written apart, so that no file of the repository holds one. */
const pem = (kind: string, body: string): string =>
  [`-----BEGIN ${kind}PRIVATE`, ` KEY-----\n${body}\n-----END ${kind}PRIVATE`, ' KEY-----'].join('');

describe('patterns', () => {
  it.each([
    'password=hunter2!',
    'DB_PASSWORD=hunter2!',
    'db.password = "hunter2!"',
    'password: hunter2!',
    "'password' => 'hunter2!'",
    '{"password":"hunter2!"}',
    String.raw`{"line":"{\"dbPassword\":\"hunter2!\"}"}`,
    String.raw`{"password":"quo\"hunter2!"}`,
    'password=a,b;c&hunter2!',
    'password: "cut off, hunter2!',
    String.raw`{"line":"{\"secret\":\"hunter2!`,
    'export API_KEY=hunter2!',
    'apiKey: "hunter2!"',
    'client-secret=hunter2!',
    'auth_token: hunter2!',
    'https://api.test/v1?access_token=hunter2!',
    'redis-server --requirepass hunter2!',
    'requirepass hunter2!',
    'tool --db-password hunter2! --verbose',
    'tool --password="hunter2! and more"',
    "ALTER USER app WITH PASSWORD 'hunter2!'",
    "CREATE USER app IDENTIFIED BY 'hunter2!'",
    'mysql -uroot -phunter2! app',
    'curl -u ann:hunter2! https://example.test',
    'Authorization: Bearer hunter2!',
    'Authorization: Basic hunter2!',
    'authorization: "hunter2!"',
    '{"authorization":"Bearer hunter2!"}',
    'Proxy-Authorization: Digest username="x", hunter2!'.replace('username="x", ', ''),
    'Cookie: session=1; id=hunter2!',
    'set-cookie: id=hunter2!; HttpOnly',
    'X-Api-Key: hunter2!',
    'postgresql://ann:hunter2!@127.0.0.1:5432/app',
    'redis://:hunter2!@localhost',
    'mongodb+srv://ann:hun@ter/hunter2!@cluster.test/app?retry=1',
    'sent bearer aaaaaa.hunter2!'.replace('hunter2!', 'bbbbbb'),
    'PHPSESSID=hunter2!',
    'JSESSIONID: hunter2!',
    'sessionid=hunter2!; path=/',
    'laravel_session=hunter2!',
    'connect.sid=hunter2!',
    'XSRF-TOKEN=hunter2!',
    'AUTH=hunter2!',
    'X-Auth: hunter2!',
    'x-auth-user: hunter2!',
    "define('AUTH_SALT', 'x'); NONCE_SALT=hunter2!",
    'SALT=hunter2!',
    'pw=hunter2!',
    'DB_PW: hunter2!',
    'otp = hunter2!',
    'sshpass -p hunter2! ssh ann@box',
    'docker login -u ann -p hunter2!',
    'mysql -u root -p hunter2! shop',
    "tool -p 'hunter2! and more'",
    'redis-cli -h x -a hunter2! ping',
    'GET /callback?code=hunter2!&scope=x',
    'GET /callback?scope=x&state=hunter2!',
    'https://storage.test/x?sig=hunter2!',
    'key=hunter2hunter2',
    'code=4/hunter2hunter2 of Google',
    'invite code = hunter2hunter2',
    'https://hunter2@example.test/repo.git',
    'https://x-access-token-hunter2@example.test/repo.git',
  ])('%s', (line) => {
    const result = redact(line);
    expect(result).not.toContain('hunter2');
    expect(result).not.toContain('bbbbbb');
    expect(result).toContain(REDACTED);
    expect(redact(result)).toBe(result);
  });

  it.each([
    ['JSON web token', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U`],
    ['AWS key id', ['AKIA', 'IOSFODNN7EXAMPLE'].join('')],
    ['GitHub token', ['ghp_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('')],
    ['Stripe key', ['sk_live_', '4eC39HqLyjWDarjtT1zdp7dc'].join('')],
    ['SendGrid key', ['SG', 'a1B2c3D4e5F6g7H8i9J0', 'k1L2m3N4o5P6q7R8s9T0u1V2'].join('.')],
    ['webhook secret', ['whsec_', 'a1B2c3D4e5F6g7H8i9J0k1L2'].join('')],
    ['Twilio key', ['SK', '0123456789abcdef0123456789abcdef'].join('')],
    ['application key', 'base64:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI='],
  ])('a %s in the middle of a line', (_, value) => {
    expect(redact(`before ${value} after`)).toBe(`before ${REDACTED} after`);
  });

  it('private keys of every kind: whole, in JSON, cut off at either end', () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7';
    for (const kind of ['', 'RSA ', 'EC ', 'ENCRYPTED ', 'OPENSSH ']) {
      const key = pem(kind, body);
      expect(redact(`a\n${key}\nb`)).toBe(`a\n${REDACTED}\nb`);
      expect(redact(JSON.stringify({ text: key }))).toBe(`{"text":"${REDACTED}"}`);
      expect(redact(key.slice(40))).not.toContain('BKcwggSj');
      expect(redact(`a\n${key.slice(0, -30)}`)).toBe(`a\n${REDACTED}`);
      expect(redact(`${key}\nbetween\n${key}`)).toBe(`${REDACTED}\nbetween\n${REDACTED}`);
    }
  });

  it.each([
    '2026-11-21 07:01:10.793 UTC [21731] LOG:  listening on IPv4 address "127.0.0.1", port 5432',
    'password authentication failed for user "kojibox"',
    'postgresql://kojibox@127.0.0.1:5432/postgres',
    'http://127.0.0.1:8080/path/a@b.test',
    '{"key":"app/certs/hello.test.pem","keys":["release-2026"]}',
    'PHP Parse error: unexpected token, expecting identifier in index.php on line 3',
    'sha256:238ba17297a70b9c2af91448abd60237bdf5118d628bb76d401355c9ec269e25',
    '12 tests passed: all of them',
    'exit code=1, signal=SIGTERM',
    'error code=ECONNREFUSED key=hello.test state=running',
    'mkdir -p app/certs && ssh -p 2222 box',
    'git clone ssh://git@example.test/repo.git',
    'author: the authentication of the session failed',
  ])('leaves alone: %s', (line) => {
    expect(redact(line)).toBe(line);
  });

  it('is linear: half a megabyte of the worst lines, which a square would need minutes for', () => {
    for (const piece of [
      'password',
      'a',
      '://',
      '-',
      ' ',
      '-----BEGIN PRIVATE',
      'eyJa',
      'mysql ',
      '"',
      '\\',
      'x:',
      'https://a:',
    ]) {
      const began = performance.now();
      redact(piece.repeat(Math.ceil(500_000 / piece.length)));
      expect(performance.now() - began, piece).toBeLessThan(5000);
    }
  });
});

describe('known values', () => {
  it('are found in every spelling, the longest first', () => {
    const secret = 'p"ss wörd/+1';
    const hide = redactor({ secrets: [secret, 'p"ss w'] });
    const bytes = Buffer.from(secret);
    for (const spelling of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      bytes.toString('base64'),
      bytes.toString('base64url'),
    ])
      expect(hide(`x ${spelling} y`).replaceAll('"', '').replace('==', '')).toBe(`x ${REDACTED} y`);
  });

  it('short ones are found as words only, and one or two characters never', () => {
    const hide = redactor({ secrets: ['abc', '7', ''] });
    expect(hide('abc abcd x-abc 7')).toBe(`${REDACTED} abcd x-${REDACTED} 7`);
  });

  it('each line of one with several lines is one', () => {
    expect(redactor({ secrets: ['first line\nsecond line'] })('LOG: second line')).toBe(`LOG: ${REDACTED}`);
  });

  const secretText = fc
    .string({ unit: 'grapheme', minLength: 6, maxLength: 40 })
    .filter((secret) => !/[<>~]/.test(secret) && !REDACTED.includes(secret) && secret.trim().length >= 6);

  it('never remain, whatever stands around them', () => {
    fc.assert(
      fc.property(fc.array(secretText, { minLength: 1, maxLength: 4 }), fc.array(fc.string()), (secrets, texts) => {
        const hide = redactor({ secrets, homes: ['/home/ann'], userNames: ['ann'], hostNames: ['box.lan'] });
        const text = secrets.map((secret, index) => `${texts[index] ?? ''}${secret}`).join(texts.at(-1) ?? '');
        const result = hide(text);
        for (const secret of secrets) expect(result).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });

  it('what was redacted stays as it is, when quotes within quotes have settled', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'password=',
        'token: "',
        '"',
        "'",
        '://a:',
        '@',
        'Authorization: ',
        ' -u ',
        '--secret ',
        '\\',
        '<',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const hide = redactor({ secrets: ['s3cret-value'] });
        const settled = hide(hide(hide(pieces.join(''))));
        expect(hide(settled)).toBe(settled);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('who and where', () => {
  const hide = redactor({ homes: ['/srv/people/ann', '/root'], userNames: ['ann'], hostNames: ['Box.lan'] });

  it.each([
    ['/srv/people/ann/code/x.php', '~/code/x.php'],
    ['file:///srv/people/ann', 'file://~'],
    [encodeURIComponent('/srv/people/ann/x'), '~%2Fx'],
    ['/srv/people/anna /rooted /mnt/root', '/srv/people/anna /rooted /mnt/root'],
    ['/home/somebody/code /Users/Else/x', '~/code ~/x'],
    ['ann@box: ann_db banana Ann', '<user>@<host>: <user>_db banana <user>'],
    ['ready on box.lan, not boxes', 'ready on <host>, not boxes'],
  ])('%s', (text, expected) => {
    expect(hide(text)).toBe(expected);
  });

  it('accounts that are nobody, and no name at all, change nothing', () => {
    const text = 'document root of root on localhost';
    expect(redactor({ userNames: ['root', ''], hostNames: ['localhost', ''] })(text)).toBe(text);
  });

  it('of every kind never remain, whatever their value and whatever stands around them', () => {
    const value = fc
      .stringMatching(/^[A-Za-z][0-9][A-Za-z0-9]{8,24}$/)
      .filter((text) => !/redacted|user|host/i.test(text));
    const kinds: readonly ((value: string) => string)[] = [
      ...['PHPSESSID', 'sessionid', 'AUTH', 'SALT', 'pw', 'key', 'code', 'API_KEY', 'DB_PASSWORD', 'csrf_token'].map(
        (name) => (secret: string) => `${name}=${secret}`,
      ),
      (secret) => `tool -p ${secret}`,
      (secret) => `X-Auth: ${secret}`,
      (secret) => ['SG', secret, secret].join('.'),
      (secret) => `https://${secret}@example.test/x`,
      (secret) => `https://example.test/x?code=${secret}`,
      (secret) => `Cookie: a=b; c=${secret}`,
    ];
    const around = fc.constantFrom('', ' ', '\n', ' at ', '2026-11-21 07:01:10 ', '; ', '(', '[info] ');
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(...kinds),
        around,
        fc.constantFrom('', ' ', '\n', ' done'),
        (secret, kind, before, after) => {
          expect(redactor()(`${before}${kind(secret)}${after}`)).not.toContain(secret);
        },
      ),
      { numRuns: 500 },
    );
  });
});
