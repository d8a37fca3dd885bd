/** A clock for tests that moves only when told to. */
import type { Clock } from '../../system/clock.ts';

export interface HandClock extends Clock {
  /** Moves on by `ms`, timer by timer, letting promises settle between them. */
  advance(ms: number): Promise<void>;
}

/** Lets everything that is ready to run do so, including chains of promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

export function createHandClock(): HandClock {
  let now = 1_000_000;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const target = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= target).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.run();
        await settle();
      }
      now = target;
    },
  };
}
