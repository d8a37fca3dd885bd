import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogEntrySchema } from '../../contract/logs.ts';
import { parseLogLine } from './parse.ts';

const NOW = '2030-01-01T00:00:00.000Z';
const parse = (line: string) => {
  const { ts, level, message, fields } = parseLogLine('a', line, NOW);
  return [ts, level, message, fields];
};

describe('log lines', () => {
  it.each([
    [
      'PostgreSQL',
      '2026-11-21 03:50:00.123 UTC [42] LOG:  database system is ready',
      '2026-11-21T03:50:00.123Z',
      'info',
      'database system is ready',
      { pid: '42' },
    ],
    [
      'PostgreSQL',
      '2026-11-21 03:50:00.123 UTC [42] FATAL:  role "x" does not exist',
      '2026-11-21T03:50:00.123Z',
      'error',
      'role "x" does not exist',
      { pid: '42' },
    ],
    [
      'PostgreSQL',
      '2026-11-21 03:50:00.123 UTC [42] HINT:  try again',
      '2026-11-21T03:50:00.123Z',
      'info',
      'try again',
      { pid: '42' },
    ],
    [
      'PostgreSQL',
      '2026-11-21 03:50:00.123 UTC [42] DEBUG2:  x',
      '2026-11-21T03:50:00.123Z',
      'debug',
      'x',
      { pid: '42' },
    ],
    [
      'MariaDB',
      '2026-11-21  3:50:00 0 [Warning] You need to use --log-bin',
      '2026-11-21T03:50:00.000Z',
      'warn',
      'You need to use --log-bin',
      { thread: '0' },
    ],
    [
      'MariaDB',
      '2026-11-21 13:50:00 7 [ERROR] Aborting',
      '2026-11-21T13:50:00.000Z',
      'error',
      'Aborting',
      { thread: '7' },
    ],
    [
      'php-fpm',
      '[21-Nov-2026 03:50:00] NOTICE: ready to handle connections',
      '2026-11-21T03:50:00.000Z',
      'info',
      'ready to handle connections',
      {},
    ],
    ['php-fpm', '[21-Nov-2026 03:50:00.123456] ALERT: x', '2026-11-21T03:50:00.123Z', 'error', 'x', {}],
    [
      'PHP',
      '[21-Nov-2026 03:50:00 UTC] PHP Warning:  Undefined variable $x',
      '2026-11-21T03:50:00.000Z',
      'warn',
      'PHP Warning:  Undefined variable $x',
      {},
    ],
    [
      'PHP',
      '[21-Nov-2026 03:50:00 UTC] PHP Fatal error:  Uncaught',
      '2026-11-21T03:50:00.000Z',
      'error',
      'PHP Fatal error:  Uncaught',
      {},
    ],
    ['PHP in another zone', '[21-Nov-2026 03:50:00 Asia/Tokyo] PHP Notice:  x', NOW, 'info', 'PHP Notice:  x', {}],
    ['Redis', '42:M 21 Nov 2026 03:50:00.123 * Ready', '2026-11-21T03:50:00.123Z', 'info', 'Ready', { pid: '42' }],
    [
      'Redis',
      '42:M 21 Nov 2026 03:50:00.123 # WARNING overcommit',
      '2026-11-21T03:50:00.123Z',
      'warn',
      'WARNING overcommit',
      { pid: '42' },
    ],
    ['ISO of a day that is not', '2026-02-30T03:50:00.000Z [info] x', '2026-03-02T03:50:00.000Z', 'info', 'x', {}],
    [
      'a PHP worker',
      'NOTICE: PHP message: PHP Deprecated:  strlen(): Passing null in /app/index.php on line 3',
      NOW,
      'warn',
      'PHP Deprecated:  strlen(): Passing null in /app/index.php on line 3',
      {},
    ],
    ['a PHP worker', 'NOTICE: PHP message: hello from the app', NOW, 'info', 'hello from the app', {}],
    ['colours', '\u001b[31merror\u001b[39m: broken', NOW, 'error', '\u001b[31merror\u001b[39m: broken', {}],
    ['ISO', '2026-11-21T03:50:00+01:00 [error] x', '2026-11-21T02:50:00.000Z', 'error', 'x', {}],
    [
      'JSON',
      '{"ts":"2026-11-21T03:50:00.000Z","level":"warn","message":"slow","ms":12}',
      '2026-11-21T03:50:00.000Z',
      'warn',
      'slow',
      { ms: '12' },
    ],
    ['almost JSON', '{"level": }', NOW, 'info', '{"level": }', {}],
    ['an impossible date', '2026-13-41 03:50:00.123 UTC [42] LOG:  x', NOW, 'info', 'x', { pid: '42' }],
    ['plain', 'Error: listen EADDRINUSE', NOW, 'error', 'Error: listen EADDRINUSE', {}],
    ['plain with CR', 'hello\r', NOW, 'info', 'hello', {}],
  ])('%s: %s', (_name, line, ts, level, message, fields) => {
    expect(parse(line)).toEqual([ts, level, message, fields]);
  });

  it('makes a valid entry of anything', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.constantFrom('', '{', '[21-Nov-2026 ', '2026-11-21 ', '42:M '),
        (text, start) => {
          expect(LogEntrySchema.safeParse(parseLogLine('a', start + text, NOW)).success).toBe(true);
        },
      ),
    );
    expect(LogEntrySchema.safeParse(parseLogLine('a', '{"message":"x","time":1e300}', NOW)).success).toBe(true);
  });
});
