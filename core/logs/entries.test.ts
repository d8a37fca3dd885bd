import { describe, expect, it } from 'vitest';
import { collectEntries, collectEntriesBackwards, matcherOf, toEntry } from './entries.ts';

const AT = '2026-01-01T00:00:00.000Z';
const POSTGRES = [
  '2026-11-21 03:50:00.123 UTC [42] LOG:  checkpoint starting: time',
  '2026-11-21 03:50:01.000 UTC [77] ERROR:  relation "shop" does not exist at character 15',
  '2026-11-21 03:50:01.000 UTC [77] STATEMENT:  select * from shop',
  '\twhere id = 1',
  '2026-11-21 03:50:02.000 UTC [42] LOG:  checkpoint complete',
];
const PHP = [
  '[21-Nov-2026 03:50:00 UTC] PHP Fatal error:  Uncaught Error: no in /a/b.php:3',
  'Stack trace:',
  '#0 /a/c.php(4): f()',
  '#1 {main}',
  '  thrown in /a/b.php on line 3',
  '[21-Nov-2026 03:50:01] NOTICE: ready to handle connections',
];
const NODE = ['Error: no', '    at main (/a/b.js:1:2)', '    at node:internal/x', 'listening'];

const group = (lines: readonly string[]): string[][] => {
  const groups: string[][] = [];
  const collector = collectEntries((entry) => groups.push([...entry]));
  for (const line of lines) collector.add(line);
  collector.end();
  return groups;
};

describe('lines', () => {
  it.each([
    [POSTGRES, [1, 3, 1]],
    [PHP, [5, 1]],
    [NODE, [3, 1]],
    [
      ['\tan end without its beginning', 'next'],
      [1, 1],
    ],
  ])('stay together where they belong to one message', (lines, sizes) => {
    expect(group(lines).map(({ length }) => length)).toEqual(sizes);
  });

  it('give the same entries from the end', () => {
    for (const lines of [POSTGRES, PHP, NODE]) {
      const groups: string[][] = [];
      const collector = collectEntriesBackwards((entry) => groups.unshift([...entry]));
      for (const line of [...lines].reverse()) collector.add(line);
      collector.end();
      expect(groups).toEqual(group(lines));
    }
  });

  it('become one message with level and time of the first', () => {
    expect(toEntry('postgres', POSTGRES.slice(1, 4), AT)).toEqual({
      ts: '2026-11-21T03:50:01.000Z',
      level: 'error',
      service: 'postgres',
      message: 'relation "shop" does not exist at character 15\nSTATEMENT:  select * from shop\n\twhere id = 1',
      fields: { pid: '77' },
    });
  });

  it('keep their colours, which say nothing to the parser', () => {
    const coloured = '\u001b[31mError:\u001b[0m no';
    expect(toEntry('app', [coloured], AT)).toMatchObject({ level: 'error', message: coloured });
    expect(matcherOf({ text: 'error: no' }).matches(toEntry('app', [coloured], AT))).toBe(true);
  });
});

describe('a filter', () => {
  const entry = toEntry('postgres', POSTGRES.slice(1, 4), AT);
  it.each([
    [{}, true],
    [{ level: 'warn' }, true],
    [{ level: 'error', text: 'FROM shop' }, true],
    [{ text: 'elsewhere' }, false],
    [{ from: '2026-11-21T03:50:01Z', to: '2026-11-21T03:50:01Z' }, true],
    [{ from: '2026-11-21T03:50:02Z' }, false],
    [{ to: '2026-11-21T03:50:00Z' }, false],
  ] as const)('%j', (filter, expected) => {
    const { matches, mayMatch } = matcherOf(filter);
    expect(matches(entry) && mayMatch(POSTGRES.slice(1, 4))).toBe(expected);
  });

  it('by level takes what is worse too', () => {
    const info = toEntry('postgres', POSTGRES.slice(0, 1), AT);
    expect(matcherOf({ level: 'info' }).matches(info)).toBe(true);
    expect(matcherOf({ level: 'warn' }).matches(info)).toBe(false);
  });
});
