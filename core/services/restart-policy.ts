/** When a service that ended by itself is started again: at once the first time, then with exponential backoff, then no more. */
import type { RestartPolicy } from '../../contract/services.ts';

/** No wait is longer than this, however often it failed. */
export const BACKOFF_CAP_MS = 30_000;

/** A service that was ready for this long has earned all its tries back. */
export const STABLE_AFTER_MS = 5_000;

/** Share of the wait that is drawn at random, so that services that fell together do not come back together. */
const JITTER_SHARE = 0.2;

/**
 * Milliseconds to wait before a restart, or null when the tries are used up.
 *
 * The first restart is immediate: a single crash of a stable service should cost no more than its own start.
 *
 * @param tries which restart this is since the service was last stable, counted from 1
 * @param jitter between 0 and 1; 0.5 is the plain wait
 */
export function restartDelayMs(policy: RestartPolicy, tries: number, jitter: number): number | null {
  if (tries > policy.maxRetries) return null;
  if (tries <= 1) return 0;
  const plain = Math.min(BACKOFF_CAP_MS, policy.backoffMs * 2 ** Math.min(tries - 2, 30));
  return Math.min(BACKOFF_CAP_MS, Math.round(plain * (1 + JITTER_SHARE * (2 * jitter - 1))));
}

/** Tries already used by a service that was ready for so long. */
export function triesAfter(tries: number, readyForMs: number): number {
  return readyForMs >= STABLE_AFTER_MS ? 0 : tries;
}
