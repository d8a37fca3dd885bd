import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKOFF_CAP_MS, STABLE_AFTER_MS, restartDelayMs, triesAfter } from './restart-policy.ts';

const policy = { maxRetries: 5, backoffMs: 500 };

describe('restart policy', () => {
  it('restarts at once, then waits longer and longer, then gives up', () => {
    const waits = [1, 2, 3, 4, 5, 6].map((tries) => restartDelayMs(policy, tries, 0.5));
    expect(waits).toEqual([0, 500, 1000, 2000, 4000, null]);
  });

  it('never restarts when no retry is allowed', () => {
    expect(restartDelayMs({ maxRetries: 0, backoffMs: 1 }, 1, 0.5)).toBeNull();
  });

  it('spreads the waits by a fifth and never exceeds the ceiling', () => {
    expect(restartDelayMs(policy, 2, 0)).toBe(400);
    expect(restartDelayMs(policy, 2, 1)).toBe(600);
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.nat(100_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tries, backoffMs, jitter) => {
          const wait = restartDelayMs({ maxRetries: 1000, backoffMs }, tries, jitter) ?? -1;
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(BACKOFF_CAP_MS);
        },
      ),
    );
  });

  it('gives the tries back after a stable time only', () => {
    expect(triesAfter(4, STABLE_AFTER_MS - 1)).toBe(4);
    expect(triesAfter(4, STABLE_AFTER_MS)).toBe(0);
  });
});
