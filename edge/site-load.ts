/** Requests under way for each site: one site alone must not take all memory and descriptors. */
import type { EdgeSite } from '../contract/edge.ts';
import { log } from './log.ts';

/** Browsers open a few dozen; load tests and event streams some hundred. */
export const MOST_PER_SITE = 1000;
const LOG_EVERY_MS = 60_000;

export class SiteLoad {
  readonly #most: number;
  readonly #onFull: () => void;
  readonly #sites = new Map<string, { underWay: number; loggedAt: number }>();

  constructor(most: number, onFull: () => void) {
    this.#most = most;
    this.#onFull = onFull;
  }

  /** @returns gives the place back; null: there is none */
  enter(site: EdgeSite): (() => void) | null {
    const key = site.hosts[0] ?? site.name;
    const load = this.#sites.get(key) ?? { underWay: 0, loggedAt: -Infinity };
    this.#sites.set(key, load);
    if (load.underWay >= this.#most) {
      this.#onFull();
      const now = performance.now();
      if (now - load.loggedAt > LOG_EVERY_MS)
        log('warn', `${key}: ${load.underWay} requests are under way; more are refused`);
      if (now - load.loggedAt > LOG_EVERY_MS) load.loggedAt = now;
      return null;
    }
    load.underWay += 1;
    return () => {
      load.underWay -= 1;
      if (load.underWay === 0) this.#sites.delete(key);
    };
  }
}
