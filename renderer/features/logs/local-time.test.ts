import { afterEach, describe, expect, it, vi } from 'vitest';
import { dayOf, timeOf, zoneOf } from './local-time.ts';

const TS = '2026-11-30T18:30:05.007Z';
afterEach(() => vi.unstubAllEnvs());

describe('times of log entries', () => {
  it.each([
    ['Asia/Jakarta', '01:30:05.007', 'Tue Dec 01 2026', 'UTC+07:00'],
    ['UTC', '18:30:05.007', 'Mon Nov 30 2026', 'UTC+00:00'],
    ['America/St_Johns', '15:00:05.007', 'Mon Nov 30 2026', 'UTC−03:30'],
  ])('are those of this machine (%s)', (name, time, day, offset) => {
    vi.stubEnv('TZ', name);
    expect([timeOf(TS), dayOf(TS), zoneOf(TS)]).toEqual([time, day, offset]);
  });
});
