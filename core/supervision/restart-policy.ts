/** When a service that ended is started again: at once the first time, then with doubling waits and jitter, up to a number of tries. */
import type { RestartPolicy } from '../../contract/services.ts';

const CEILING_MS = 30_000;
/** Of the wait, in both directions, so that services that fell together do not rise together. */
const JITTER = 0.2;
/** A service that stayed up this long has earned its tries back. */
export const STABLE_AFTER_MS = 10_000;

/**
 * @param tries restarts already made since it was last stable
 * @param random 0 to 1
 * @returns milliseconds to wait, or null when the tries are used up
 */
export function restartDelay(policy: RestartPolicy, tries: number, random: number): number | null {
  if (tries >= policy.maxRetries) return null;
  if (tries === 0) return 0;
  const wait = Math.min(CEILING_MS, policy.backoffMs * 2 ** (tries - 1));
  return Math.round(wait * (1 - JITTER + 2 * JITTER * random));
}
