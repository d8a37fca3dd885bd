/** Bytes that were sent and that no client has taken yet: how many there are in all, and who is ended when they are too many. */
import { log } from './log.ts';

/** What carries an answer: a stream of HTTP/2 or a connection of HTTP/1. */
export interface Carrier {
  /** Changes whenever the client has taken something. */
  readonly taken: number;
  /** Who it is, for the log. */
  readonly name: string;
  breakOff(): void;
}

interface Entry {
  bytes: number;
  taken: number;
  /** Monotonic milliseconds since when the client has taken nothing. */
  since: number;
}

export interface BacklogLimits {
  /** Above this, carriers end whose client has taken nothing for `patienceMs`, the longest first. */
  readonly softBytes: number;
  /** Above this, what would add to it ends too. */
  readonly hardBytes: number;
  readonly patienceMs: number;
}

export const BACKLOG_LIMITS: BacklogLimits = {
  softBytes: 64 * 1024 * 1024,
  hardBytes: 192 * 1024 * 1024,
  patienceMs: 1000,
};

export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #now: () => number;
  readonly #entries = new Map<Carrier, Entry>();
  #bytes = 0;

  constructor(limits: BacklogLimits = BACKLOG_LIMITS, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param bytes all that waits on this carrier now */
  hold(carrier: Carrier, bytes: number): void {
    const entry = this.#entries.get(carrier);
    this.#bytes += bytes - (entry?.bytes ?? 0);
    if (entry === undefined) this.#entries.set(carrier, { bytes, taken: carrier.taken, since: this.#now() });
    else entry.bytes = bytes;
    if (this.#bytes > this.#limits.softBytes)
      this.endStalled(this.#limits.patienceMs, () => this.#bytes > this.#limits.softBytes);
    if (this.#bytes > this.#limits.hardBytes && this.#entries.has(carrier)) this.#end(carrier);
  }

  release(carrier: Carrier): void {
    const entry = this.#entries.get(carrier);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(carrier);
  }

  /** Ends carriers whose client has taken nothing for so long, the longest first. @param wanted false: enough have ended */
  endStalled(patienceMs: number, wanted: () => boolean = () => true): void {
    const now = this.#now();
    for (const [carrier, entry] of this.#entries) {
      if (entry.taken === carrier.taken) continue;
      entry.taken = carrier.taken;
      entry.since = now;
    }
    const stalled = [...this.#entries].filter(([, { since }]) => now - since >= patienceMs);
    stalled.sort(([, a], [, b]) => a.since - b.since);
    for (const [carrier] of stalled) {
      if (!wanted()) return;
      this.#end(carrier);
    }
  }

  #end(carrier: Carrier): void {
    this.release(carrier);
    log('warn', `${carrier.name}: the client takes nothing of its answer, and others need the room`);
    carrier.breakOff();
  }
}

/** Of this process. */
export const backlog = new Backlog();
