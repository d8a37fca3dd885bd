/** When a request begins: what waits for clients is bounded by asking for less, before anything has to be ended. */
import { backlog, type Backlog } from './backlog.ts';

/** Of an answer that is under way, before the client has shown that it reads. */
const EXPECTED_BYTES = 96 * 1024;
/** Later an answer has come, and is counted by itself; or it is one that comes late, as events do. */
const EXPECTED_MS = 3000;
const LOOK_EVERY_MS = 50;

interface Request {
  readonly connection: object;
  readonly start: (leave: () => void) => void;
  readonly leave: () => void;
  /** Monotonic milliseconds. */
  until: number;
}

export class Admission {
  readonly #backlog: Backlog;
  readonly #now: () => number;
  /** Both in the order of their times. */
  readonly #expected = new Set<Request>();
  readonly #waiting = new Set<Request>();
  #timer: NodeJS.Timeout | null = null;

  constructor(used: Backlog = backlog, now: () => number = () => performance.now()) {
    this.#backlog = used;
    this.#now = now;
  }

  /**
   * Calls `start` now, or when there is room.
   *
   * @returns says that the request is over, also given to `start`; calling it twice is harmless
   */
  enter(connection: object, start: (leave: () => void) => void): () => void {
    const leave = (): void => {
      this.#waiting.delete(request);
      if (this.#expected.delete(request)) this.#startWaiting();
    };
    const request: Request = { connection, start, leave, until: 0 };
    if (this.#hasRoom(request)) {
      this.#begin(request);
    } else {
      this.#waiting.add(request);
      this.#timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    }
    return leave;
  }

  look(): void {
    this.#forgetLate();
    this.#backlog.makeRoom();
    this.#startWaiting();
    if (this.#waiting.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #hasRoom({ connection }: Request): boolean {
    const hasRoom = (): boolean => this.#backlog.hasRoom(connection, this.#expected.size * EXPECTED_BYTES);
    if (hasRoom()) return true;
    return this.#forgetLate() && hasRoom();
  }

  /** @returns true when there were some */
  #forgetLate(): boolean {
    const before = this.#expected.size;
    const now = this.#now();
    for (const request of this.#expected) {
      if (request.until > now) break;
      this.#expected.delete(request);
    }
    return this.#expected.size < before;
  }

  #begin(request: Request): void {
    request.until = this.#now() + EXPECTED_MS;
    this.#expected.add(request);
    request.start(request.leave);
  }

  #startWaiting(): void {
    for (const request of this.#inTurn()) {
      if (!this.#hasRoom(request)) continue;
      this.#waiting.delete(request);
      this.#begin(request);
    }
  }

  /** Those first whose connection has the least under way: one with thousands of requests delays no other. */
  #inTurn(): Request[] {
    if (this.#waiting.size === 0) return [];
    const underWay = new Map<object, number>();
    const add = (connection: object): number => {
      const before = underWay.get(connection) ?? this.#backlog.heldBy(connection);
      underWay.set(connection, before + EXPECTED_BYTES);
      return before;
    };
    for (const { connection } of this.#expected) add(connection);
    return [...this.#waiting]
      .map((request) => ({ request, before: add(request.connection) }))
      .sort((a, b) => a.before - b.before)
      .map(({ request }) => request);
  }
}

/** Of this process. */
export const admission = new Admission();
