import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { LogQuerySchema, pageBefore, type LogEntry, type LogFilter } from '../../contract/logs.ts';
import { createTimeline, type Mark } from './arrivals.ts';
import { createNewestFound } from './newest.ts';
import { beginningOf, searchSegment, type Found } from './search.ts';
import { spanOf, type Span } from './spans.ts';

const ENDED = '2026-11-21T12:00:00.000Z';
const mask = (text: string): string => text.replaceAll('hunter"22', '••••••').replaceAll('hunter33', '••••••');
const search = (text: string, filter: LogFilter = {}, marks: Mark[] = []): Found[] =>
  searchSegment(spanOf(Buffer.from(text), 0, createTimeline(marks, Date.parse(ENDED))), {
    service: 'a',
    filter,
    withText: true,
    mask,
  });
const messages = (text: string, filter: LogFilter): string[] => search(text, filter).map(({ entry }) => entry.message);

const unmarked = (text: string): Span => spanOf(Buffer.from(text), 0, createTimeline([], 0));

const LOG = `2026-11-21T10:00:00.000Z debug one
2026-11-21T10:00:01.000Z info two
2026-11-21T10:00:02.000Z warn THREE
    at run (/app/x.js:1:2)
2026-11-21T10:00:03.000Z error four
`;

describe('search', () => {
  it.each([
    [{}, ['one', 'two', 'THREE\n    at run (/app/x.js:1:2)', 'four']],
    [{ level: 'info' }, ['two', 'THREE\n    at run (/app/x.js:1:2)', 'four']],
    [{ level: 'error' }, ['four']],
    [
      { from: '2026-11-21T10:00:01.000Z', to: '2026-11-21T11:00:02+01:00' },
      ['two', 'THREE\n    at run (/app/x.js:1:2)'],
    ],
    [{ text: 'three' }, ['THREE\n    at run (/app/x.js:1:2)']],
    [{ text: 'x.JS' }, ['THREE\n    at run (/app/x.js:1:2)']],
    [{ text: 'three\n' }, ['THREE\n    at run (/app/x.js:1:2)']],
    [{ text: '' }, ['one', 'two', 'THREE\n    at run (/app/x.js:1:2)', 'four']],
    [{ text: 'nowhere' }, []],
    [{ before: '2026-11-21T10:00:01.000Z' }, ['one']],
    [{ before: '2026-11-21T10:00:01.000Z~1' }, ['one', 'two']],
  ] as [LogFilter, string[]][])('%j', (filter, expected) => {
    expect(messages(LOG, filter)).toEqual(expected);
  });

  it('finds what is coloured, escaped or not ASCII', () => {
    expect(messages('\u001b[1mSlow\u001b[0m query\n', { text: 'slow query' })).toHaveLength(1);
    expect(messages('{"message":"say \\"hi\\" \\u00e4"}\n', { text: 'SAY "HI" Ä' })).toHaveLength(1);
    expect(messages('ÄRGER\n', { text: 'ärger' })).toHaveLength(1);
  });

  it('gives the lines as they were printed', () => {
    expect(
      search(LOG)
        .map(({ text }) => `${text}\n`)
        .join(''),
    ).toBe(LOG);
  });

  it('takes the time of the next entry, or of the end of the file, for one that tells none', () => {
    const text = `plain\n${LOG}NOTICE: PHP message: last\n`;
    expect(search(text).map(({ entry }) => entry.ts)).toEqual([
      '2026-11-21T10:00:00.000Z',
      '2026-11-21T10:00:00.000Z',
      '2026-11-21T10:00:01.000Z',
      '2026-11-21T10:00:02.000Z',
      '2026-11-21T10:00:03.000Z',
      ENDED,
    ]);
  });

  it('masks secrets everywhere, and does not let them be found', () => {
    const json = '{"message":"p hunter\\"22","env":"hunter33","n":1}';
    const [found] = search(`${json}\n`);
    expect(found).toEqual({
      entry: {
        ts: ENDED,
        approximate: true,
        level: 'info',
        service: 'a',
        message: 'p ••••••',
        fields: { env: '••••••', n: '1' },
      },
      text: '{"message":"p ••••••","env":"••••••","n":1}',
    });
    expect(search('password hunter33\n', { text: 'hunter' })).toEqual([]);
    expect(messages('password hunter33\n', { text: '••' })).toEqual(['password ••••••']);
  });

  it('knows where a segment begins', () => {
    expect(beginningOf(unmarked(`plain\n${LOG}`))).toBe(Date.parse('2026-11-21T10:00:00.000Z'));
    expect(beginningOf(unmarked('plain\nplain\n'))).toBe(null);
  });
});

describe('the newest found', () => {
  const found = (message: string): Found => ({
    entry: { ts: ENDED, level: 'info', service: 'a', message, fields: {} },
    text: '',
  });

  it('are kept in order, no more than wanted', () => {
    const newest = createNewestFound(3);
    for (let index = 0; index < 100; index += 2) newest.add([found(`${index}`), found(`${index + 1}`)]);
    expect(newest.list().map(({ entry }) => entry.message)).toEqual(['97', '98', '99']);
  });

  it('are fewer when they are monstrous', () => {
    const newest = createNewestFound(1000);
    for (let index = 0; index < 40; index++) newest.add([found('x'.repeat(1024 * 1024))]);
    expect(newest.list()).toHaveLength(16);
  });
});

describe('pages', () => {
  const entry = (ts: string): LogEntry => ({ ts, level: 'info', service: 'a', message: '', fields: {} });

  it('count the entries of the oldest time that were given', () => {
    expect(pageBefore([])).toBe(null);
    expect(pageBefore([entry('2026-01-01T00:00:00.000Z'), entry(ENDED)])).toBe('2026-01-01T00:00:00.000Z~1');
    expect(pageBefore([entry(ENDED), entry(ENDED)], `${ENDED}~5`)).toBe(`${ENDED}~7`);
  });

  it.each(['', 'x', '2026-11-21', `${ENDED}~`, `${ENDED}~-1`, '2026-99-21T12:00:00.000Z'])(
    'do not take "%s"',
    (before) => {
      expect(LogQuerySchema.safeParse({ before }).success).toBe(false);
    },
  );

  it('take what the wire example gives', () => {
    expect(LogQuerySchema.parse({ service: 'postgres', level: 'info', limit: 100 })).toEqual({
      service: 'postgres',
      level: 'info',
      limit: 100,
    });
    expect(LogQuerySchema.parse({ service: ['postgres', 'php-8.4'] }).limit).toBe(200);
    expect(LogQuerySchema.safeParse({ limit: 10_001 }).success).toBe(false);
  });
});
