import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../contract/logs.ts';
import { matches, parseLevel, parseTime } from './log-options.ts';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');

describe('flags of koji logs', () => {
  it.each([
    ['30s', '2026-11-21T11:59:30.000Z'],
    ['10m', '2026-11-21T11:50:00.000Z'],
    ['2h', '2026-11-21T10:00:00.000Z'],
    ['1d', '2026-11-20T12:00:00.000Z'],
    ['2026-11-21T09:00:00+01:00', '2026-11-21T08:00:00.000Z'],
    ['2026-11-21', new Date('2026-11-21T00:00').toISOString()],
  ])('--since %s', (text, expected) => {
    expect(parseTime('--since', text, NOW)).toBe(expected);
  });

  it.each(['', '10', 'm', '10 m', '-5m', 'yesterday', '2026-13-41', '5'])('--since does not take "%s"', (text) => {
    expect(() => parseTime('--since', text, NOW)).toThrow('cannot understand');
  });

  it('knows the levels', () => {
    expect(parseLevel('warn')).toBe('warn');
    expect(() => parseLevel('loud')).toThrow('cannot understand');
  });

  it('filters followed entries as the daemon does', () => {
    const entry: LogEntry = {
      ts: '',
      level: 'warn',
      service: 'a',
      message: 'Slow \u001b[1mQuery\u001b[0m now',
      fields: {},
    };
    expect(matches(entry, {})).toBe(true);
    expect(matches(entry, { level: 'info', text: 'slow query NOW' })).toBe(true);
    expect(matches(entry, { level: 'error' })).toBe(false);
    expect(matches(entry, { text: 'fast' })).toBe(false);
  });
});
