import { describe, expect, it } from 'vitest';
import { beginsEntry, entryOf, groupLines } from './entries.ts';

const NOW = '2030-01-01T00:00:00.000Z';
const read = (text: string) =>
  groupLines(text.split('\n')).map((raw) => {
    const { ts, level, message } = entryOf('a', raw, { ts: NOW, approximate: false });
    return [ts === NOW ? null : ts, level, message];
  });

// All of these were printed by the programs that Kojibox runs, or by Java 17; only folders were shortened.
const POSTGRES = `2026-11-21 07:21:47.018 UTC [4956] ERROR:  duplicate key value violates unique constraint "t_pkey"
2026-11-21 07:21:47.018 UTC [4956] DETAIL:  Key (id)=(1) already exists.
2026-11-21 07:21:47.018 UTC [4956] STATEMENT:  insert into t values (1)
2026-11-21 07:21:47.021 UTC [4956] ERROR:  relation "nowhere" does not exist at character 17
2026-11-21 07:21:47.021 UTC [4956] STATEMENT:  select *
\t  from nowhere
\t where x = 1
2026-11-21 07:21:47.026 UTC [4956] ERROR:  two
\tlines
2026-11-21 07:21:47.026 UTC [4956] HINT:  a hint
2026-11-21 07:21:47.026 UTC [4956] CONTEXT:  PL/pgSQL function f() line 1 at RAISE
2026-11-21 07:21:47.026 UTC [4956] STATEMENT:  select f()
2026-11-21 07:21:47.028 UTC [4956] WARNING:  multi
\tline warning
2026-11-21 07:21:47.028 UTC [4956] CONTEXT:  PL/pgSQL function inline_code_block line 1 at RAISE`;

const PHP_FPM = `[21-Nov-2026 07:19:20] NOTICE: ready to handle connections
NOTICE: PHP message: PHP Warning:  Undefined variable $undefined in /app/boom.php on line 4
NOTICE: PHP message: hello from the app
NOTICE: PHP message: PHP Fatal error:  Uncaught LogicException: the cause in /app/boom.php:3
Stack trace:
#0 /app/boom.php(8): App\\Foo::run('a')
#1 {main}
Next RuntimeException: cannot
run in /app/boom.php:3
Stack trace:
#0 /app/boom.php(8): App\\Foo::run('a')
#1 {main}
  thrown in /app/boom.php on line 3
NOTICE: PHP message: hello again`;

const PHP_CLI = `[21-Nov-2026 07:19:20 UTC] PHP Fatal error:  Uncaught RuntimeException: cannot
run in /app/boom.php:3
Stack trace:
#0 /app/boom.php(8): run()
#1 {main}
  thrown in /app/boom.php on line 3
[21-Nov-2026 07:19:21 UTC] PHP Warning:  Undefined variable $x in /app/boom.php on line 4
[21-Nov-2026 07:19:21 UTC] PHP Stack trace:
[21-Nov-2026 07:19:21 UTC] PHP   1. {main}() /app/boom.php:0`;

const NODE = `listening on 3000
/app/x.js:1
function inner() { const e = new Error('it broke', { cause: new TypeError('why') }); e.code = 'EX'; throw e; }
                                                                                                    ^

Error: it broke
    at inner (/app/x.js:1:30)
    at Object.<anonymous> (/app/x.js:2:1)
    ... 6 lines matching cause stack trace ...
    at node:internal/main/run_main_module:33:47 {
  code: 'EX',
  [cause]: TypeError: why
      at inner (/app/x.js:1:61)
      at node:internal/main/run_main_module:33:47
}

Node.js v24.21.0
listening on 3000`;

const JAVA = `Exception in thread "main" java.lang.RuntimeException: outer
\tat T.main(T.java:1)
Caused by: java.lang.IllegalStateException: inner
\tat T.main(T.java:1)
\t... 8 more
done`;

const MARIADB = `2026-11-21  7:19:21 0 [Note] /runtime/usr/sbin/mariadbd: ready for connections.
Version: '10.11.19-MariaDB-0+deb12u1'  socket: '/run/mariadb.sock'  port: 3307  Debian 12
2026-11-21  7:20:00 5 [Warning] Aborted connection 5`;

describe('entries of several lines', () => {
  it('PostgreSQL: what belongs to a message follows it, continued after tabs', () => {
    expect(read(POSTGRES)).toEqual([
      [
        '2026-11-21T07:21:47.018Z',
        'error',
        'duplicate key value violates unique constraint "t_pkey"\nDETAIL:  Key (id)=(1) already exists.\nSTATEMENT:  insert into t values (1)',
      ],
      [
        '2026-11-21T07:21:47.021Z',
        'error',
        'relation "nowhere" does not exist at character 17\nSTATEMENT:  select *\n  from nowhere\n where x = 1',
      ],
      [
        '2026-11-21T07:21:47.026Z',
        'error',
        'two\nlines\nHINT:  a hint\nCONTEXT:  PL/pgSQL function f() line 1 at RAISE\nSTATEMENT:  select f()',
      ],
      [
        '2026-11-21T07:21:47.028Z',
        'warn',
        'multi\nline warning\nCONTEXT:  PL/pgSQL function inline_code_block line 1 at RAISE',
      ],
    ]);
  });

  it('PostgreSQL: a detail of another process is not taken', () => {
    const lines = `2026-11-21 07:21:47.018 UTC [1] ERROR:  one\n2026-11-21 07:21:47.018 UTC [2] DETAIL:  two`;
    expect(read(lines)).toHaveLength(2);
  });

  it('php-fpm: exceptions with their causes, messages of several lines, traces', () => {
    const entries = read(PHP_FPM);
    expect(entries.map(([, level]) => level)).toEqual(['info', 'warn', 'info', 'error', 'info']);
    expect(entries[1]).toEqual([
      null,
      'warn',
      'PHP Warning:  Undefined variable $undefined in /app/boom.php on line 4',
    ]);
    expect(String(entries[3]?.[2]).split('\n')).toHaveLength(10);
    expect(entries[3]?.[2]).toMatch(
      /^PHP Fatal error: {2}Uncaught [^]*#1 \{main\}\nNext RuntimeException: cannot\nrun in [^]* on line 3$/,
    );
  });

  it('PHP: its own log, with and without the trace of a debugger', () => {
    const entries = read(PHP_CLI);
    expect(entries.map(([ts, level]) => [ts, level])).toEqual([
      ['2026-11-21T07:19:20.000Z', 'error'],
      ['2026-11-21T07:19:21.000Z', 'warn'],
    ]);
    expect(String(entries[0]?.[2]).split('\n')).toHaveLength(6);
    expect(String(entries[1]?.[2]).split('\n')).toHaveLength(3);
  });

  it('Node: an uncaught error from the source line to the version', () => {
    const entries = read(NODE);
    expect(entries.map(([, level]) => level)).toEqual(['info', 'error', 'info']);
    expect(entries[1]?.[2]).toMatch(/^\/app\/x\.js:1\n[^]*Node\.js v24\.21\.0$/);
  });

  it('Java: causes and what was left out', () => {
    expect(read(JAVA).map(([, level, message]) => [level, String(message).split('\n').length])).toEqual([
      ['error', 5],
      ['info', 1],
    ]);
  });

  it('MariaDB: a line without a time belongs to the one before', () => {
    expect(read(MARIADB).map(([ts, level]) => [ts, level])).toEqual([
      ['2026-11-21T07:19:21.000Z', 'info'],
      ['2026-11-21T07:20:00.000Z', 'warn'],
    ]);
  });

  it('keeps plain lines apart, and indented ones too', () => {
    expect(read('one\n  two\n#3 three\n- four\n}').map(([, , message]) => message)).toEqual([
      'one',
      '  two',
      '#3 three',
      '- four',
      '}',
    ]);
  });

  it('keeps an empty line with the entry before, without showing it', () => {
    expect(read('one\n\ntwo').map(([, , message]) => message)).toEqual(['one', 'two']);
    expect(groupLines(['one', '', 'two']).map(({ lines }) => lines)).toEqual([['one', ''], ['two']]);
  });

  it('colours hide neither a level nor a trace', () => {
    const entries = read(
      '\u001b[31merror\u001b[39m: it \u001b[1mbroke\u001b[22m\n\u001b[2m    at run (/app/x.js:1:2)\u001b[22m\n\u001b[90m2026-11-21T07:00:00.000Z\u001b[39m \u001b[33mwarn\u001b[39m \u001b[1mslow\u001b[22m query',
    );
    expect(entries).toEqual([
      [
        null,
        'error',
        '\u001b[31merror\u001b[39m: it \u001b[1mbroke\u001b[22m\n\u001b[2m    at run (/app/x.js:1:2)\u001b[22m',
      ],
      ['2026-11-21T07:00:00.000Z', 'warn', '\u001b[1mslow\u001b[22m query'],
    ]);
  });

  it.each([
    ['2026-11-21 07:21:47.018 UTC [4956] ERROR:  x', 'surely'],
    ['2026-11-21 07:21:47.018 UTC [4956] HINT:  x', 'no'],
    ['NOTICE: PHP message: x', 'surely'],
    ['any line', 'perhaps'],
    ['    at run (/app/x.js:1:2)', 'no'],
    ['\tat T.main(T.java:1)', 'no'],
    ['', 'no'],
  ])('says whether an entry begins: %s', (line, verdict) => {
    expect(beginsEntry(line)).toBe(verdict);
  });
});
