/** Looks after open connections: one timer for all of them, and none when there are none. */
import { guarded } from './boundary.ts';

export interface Watched {
  /** Closes itself when its time is up. @param now monotonic milliseconds */
  check(now: number): void;
  /** True when no request is under way: may be closed at once when the edge stops. */
  readonly idle: boolean;
  /** No further request is taken; closes when the one under way is answered. */
  drain(): void;
  destroy(): void;
}

const LOOK_EVERY_MS = 1000;

export class ConnectionWatch {
  readonly #connections = new Set<Watched>();
  #timer: NodeJS.Timeout | null = null;
  #isDraining = false;
  readonly #onLook: () => void;

  /** @param onLook called with each look */
  constructor(onLook: () => void = () => undefined) {
    this.#onLook = onLook;
  }

  get size(): number {
    return this.#connections.size;
  }

  add(connection: Watched): void {
    this.#connections.add(connection);
    // Its handshake was under way when the edge was told to stop. Not now: whoever adds itself is not complete yet.
    if (this.#isDraining) queueMicrotask(() => connection.drain());
    this.#timer ??= setInterval(() => {
      const now = performance.now();
      for (const each of this.#connections) guarded(each, () => each.check(now))();
      this.#onLook();
    }, LOOK_EVERY_MS);
  }

  remove(connection: Watched): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  drainAll(): void {
    this.#isDraining = true;
    for (const each of this.#connections) each.drain();
  }

  destroyAll(): void {
    for (const each of this.#connections) each.destroy();
  }
}
