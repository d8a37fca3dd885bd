/** Entries that come one by one reach the screen together, once a frame. */
import type { LogEntry } from '../../../contract/logs.ts';

export interface Arrivals {
  add(entry: LogEntry): void;
  /** Those that wait are forgotten. */
  clear(): void;
}

/** @param show gets all that came since the last frame */
export function collectArrivals(show: (entries: readonly LogEntry[]) => void): Arrivals {
  let waiting: LogEntry[] = [];
  let scheduled = false;
  return {
    add(entry) {
      waiting.push(entry);
      if (scheduled) return;
      scheduled = true;
      requestAnimationFrame(() => {
        scheduled = false;
        const arrived = waiting;
        waiting = [];
        if (arrived.length > 0) show(arrived);
      });
    },
    clear() {
      waiting = [];
    },
  };
}
