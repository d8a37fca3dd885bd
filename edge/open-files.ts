/** Files that are being sent: a bounded number of descriptors; what is above it waits for its turn. */
import { backlog } from './backlog.ts';

/** Below the 1024 descriptors that many systems give a process. */
const MOST_OPEN_FILES = 512;

export class OpenFiles {
  readonly #most: number;
  /** A file has to wait: streams of clients that take nothing can be ended. */
  readonly #onCrowded: () => void;
  readonly #waiting = new Set<() => void>();
  #open = 0;

  constructor(most: number, onCrowded: () => void) {
    this.#most = most;
    this.#onCrowded = onCrowded;
  }

  /** Calls `start` now or later. @returns gives the place back, or the wish for one; calling it twice is harmless */
  take(start: () => void): () => void {
    let state: 'waiting' | 'open' | 'over' = 'waiting';
    const begin = (): void => {
      state = 'open';
      this.#open += 1;
      start();
    };
    if (this.#open < this.#most) {
      begin();
    } else {
      this.#waiting.add(begin);
      this.#onCrowded();
    }
    return () => {
      if (state === 'open') this.#leave();
      else this.#waiting.delete(begin);
      state = 'over';
    };
  }

  get crowded(): boolean {
    return this.#waiting.size > 0;
  }

  #leave(): void {
    this.#open -= 1;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next();
      return;
    }
  }
}

/** Under pressure a client that takes nothing is given less time. */
export const CROWDED_PATIENCE_MS = 2000;

/** Of this process. */
export const openFiles = new OpenFiles(MOST_OPEN_FILES, () => backlog.endStalled(CROWDED_PATIENCE_MS));
