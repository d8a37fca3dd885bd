import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../system/clock.ts';
import { startDailyCheck, type LastCheck } from './daily-check.ts';

const [MINUTE, HOUR] = [60_000, 3_600_000];
let now: number;
let timers: { at: number; run(): void }[];
const clock: Clock = {
  now: () => now,
  monotonic: () => now,
  after(ms, run) {
    const timer = { at: now + ms, run };
    timers.push(timer);
    return () => (timers = timers.filter((other) => other !== timer));
  },
};
/** Turns the clock, timer by timer. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    const next = timers.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined || next.at > end) break;
    timers = timers.filter((timer) => timer !== next);
    now = Math.max(now, next.at);
    next.run();
    await Promise.resolve();
    await Promise.resolve();
  }
  now = end;
}
/** The machine sleeps: the wall clock continues, timers do not. */
const sleep = (ms: number): void => {
  now += ms;
  for (const timer of timers) timer.at += ms;
};

let last: LastCheck | null;
let looks: number[];
let wanted: boolean;
let reaches: boolean;
let notes: boolean;
beforeEach(() => {
  [now, timers, last, looks] = [Date.UTC(2030, 0, 1), [], null, []];
  [wanted, reaches, notes] = [true, true, true];
});
const start = (random = 0.5) =>
  startDailyCheck({
    clock,
    random: () => random,
    isWanted: () => wanted,
    last: () => last,
    look: () => {
      looks.push(now);
      if (notes) last = { at: now, reached: reaches };
      return Promise.resolve();
    },
  });

describe('the daily look for updates', () => {
  it('comes soon after the first start, then once a day, each some minutes off', async () => {
    const began = now;
    const { nextAt } = start(0.5);
    expect(nextAt()).toBe(began + 6 * MINUTE);
    await pass(72 * HOUR + 30 * MINUTE);
    expect(looks.map((at) => at - began)).toEqual([
      6 * MINUTE,
      24 * HOUR + 11 * MINUTE,
      48 * HOUR + 16 * MINUTE,
      72 * HOUR + 21 * MINUTE,
    ]);
  });

  it('is spread over ten minutes', async () => {
    start(0);
    await pass(MINUTE);
    expect(looks).toHaveLength(1);
    timers = [];
    [last, looks] = [null, []];
    start(0.999);
    await pass(10 * MINUTE);
    expect(looks).toHaveLength(0);
    await pass(MINUTE);
    expect(looks).toHaveLength(1);
  });

  it('is not repeated by restarts, nor after a look by hand', async () => {
    start();
    await pass(HOUR);
    for (let restart = 0; restart < 20; restart++) {
      timers = [];
      start();
      await pass(HOUR);
    }
    expect(looks).toHaveLength(1);
    last = { at: now, reached: true };
    await pass(23 * HOUR);
    expect(looks).toHaveLength(1);
    await pass(2 * HOUR);
    expect(looks).toHaveLength(2);
  });

  it('comes within the hour after a long sleep, once', async () => {
    start();
    await pass(HOUR);
    sleep(72 * HOUR);
    await pass(HOUR);
    expect(looks).toHaveLength(2);
    await pass(20 * HOUR);
    expect(looks).toHaveLength(2);
  });

  it('makes no storm without a network: four times a day', async () => {
    reaches = false;
    start();
    await pass(24 * HOUR);
    expect(looks.length).toBeGreaterThanOrEqual(3);
    expect(looks.length).toBeLessThanOrEqual(4);
  });

  it('makes none either when a look cannot be noted', async () => {
    notes = false;
    start();
    await pass(24 * HOUR);
    expect(looks.length).toBeLessThanOrEqual(24);
  });

  it('can be switched off and on', async () => {
    wanted = false;
    const { nextAt } = start();
    await pass(72 * HOUR);
    expect(looks).toEqual([]);
    expect(nextAt()).toBeNull();
    wanted = true;
    await pass(HOUR);
    expect(looks).toHaveLength(1);
  });

  it('survives a clock that was wrong', async () => {
    last = { at: now + 1000 * HOUR, reached: true };
    start();
    await pass(HOUR);
    expect(looks).toHaveLength(1);
  });
});
