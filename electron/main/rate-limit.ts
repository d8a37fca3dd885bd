/** A token bucket: so many at once, so many per second in the long run. */

export interface RateLimit {
  /** False when there is none left. */
  take(): boolean;
}

/** @param now milliseconds that never go back */
export function createRateLimit(options: {
  readonly burst: number;
  readonly perSecond: number;
  readonly now: () => number;
}): RateLimit {
  const { burst, perSecond, now } = options;
  let left = burst;
  let at = now();
  return {
    take() {
      const time = now();
      left = Math.min(burst, left + ((time - at) / 1000) * perSecond);
      at = time;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
