/** Bytes that wait in the edge, for a client that does not read or a service that does not: how many in all, and who ends when they are too many. */
import { collectLater } from './collect-garbage.ts';
import { log } from './log.ts';

/** What carries an exchange: a stream of HTTP/2 or a connection of HTTP/1. */
export interface Carrier {
  /** Changes whenever the other side has taken something. */
  readonly taken: number;
  /** Who it is, for the log. */
  readonly name: string;
  readonly connection: ClientConnection;
  breakOff(): void;
}

/** What a carrier shares with the others of its client. */
export interface ClientConnection {
  /** Called after a carrier of it was ended. */
  relieve(): void;
}

interface Entry {
  bytes: number;
  taken: number;
  /** Monotonic milliseconds since when nothing was taken. */
  since: number;
}

export interface BacklogLimits {
  /** Above this, carriers end of which nothing was taken for `patienceMs`, the longest first. */
  readonly softBytes: number;
  /** Above this they end after `leastPatienceMs`. Is there none, what would add to it ends. */
  readonly hardBytes: number;
  readonly patienceMs: number;
  readonly leastPatienceMs: number;
  /** What a carrier takes beside its bytes: objects, TLS, the connection to a service. */
  readonly carrierBytes: number;
}

/** With these the edge stays below 200 MB, measured with thousands of answers that no client reads. */
export const BACKLOG_LIMITS: BacklogLimits = {
  softBytes: 24 * 1024 * 1024,
  hardBytes: 40 * 1024 * 1024,
  patienceMs: 1000,
  leastPatienceMs: 200,
  carrierBytes: 32 * 1024,
};

export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #now: () => number;
  readonly #entries = new Map<Carrier, Entry>();
  readonly #byConnection = new Map<object, number>();
  #bytes = 0;

  constructor(limits: BacklogLimits = BACKLOG_LIMITS, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whoever can read less at a time should. */
  get isCrowded(): boolean {
    return this.#bytes > this.#limits.softBytes;
  }

  /** Bytes that wait for the client of this connection. */
  heldBy(connection: object): number {
    return this.#byConnection.get(connection) ?? 0;
  }

  /** May a request begin? @param expected bytes of those that have begun and of which nothing waits yet */
  hasRoom(connection: object, expected: number): boolean {
    const { softBytes, hardBytes } = this.#limits;
    const bytes = this.#bytes + expected;
    const share = softBytes / Math.max(1, this.#byConnection.size);
    return bytes < softBytes || (bytes < hardBytes && this.heldBy(connection) < share);
  }

  /** @param waiting all that waits on this carrier now; 0: nothing */
  hold(carrier: Carrier, waiting: number): void {
    if (waiting === 0) {
      this.release(carrier);
      return;
    }
    const { hardBytes, carrierBytes } = this.#limits;
    const bytes = waiting + carrierBytes;
    const entry = this.#entries.get(carrier);
    this.#add(carrier, bytes - (entry?.bytes ?? 0));
    if (entry === undefined) this.#entries.set(carrier, { bytes, taken: carrier.taken, since: this.#now() });
    else entry.bytes = bytes;
    this.makeRoom();
    // Every other one moves.
    if (this.#bytes > hardBytes && this.#entries.has(carrier)) this.#end(carrier);
  }

  /** Ends carriers of which nothing is taken, as far as the limits want it. */
  makeRoom(): void {
    const { softBytes, hardBytes, patienceMs, leastPatienceMs } = this.#limits;
    if (this.#bytes > softBytes) this.endStalled(patienceMs, () => this.#bytes > softBytes);
    if (this.#bytes > hardBytes) this.endStalled(leastPatienceMs, () => this.#bytes > hardBytes);
  }

  release(carrier: Carrier): void {
    const entry = this.#entries.get(carrier);
    if (entry === undefined) return;
    this.#add(carrier, -entry.bytes);
    this.#entries.delete(carrier);
  }

  #add({ connection }: Carrier, bytes: number): void {
    this.#bytes += bytes;
    const held = this.heldBy(connection) + bytes;
    if (held === 0) this.#byConnection.delete(connection);
    else this.#byConnection.set(connection, held);
  }

  /**
   * Ends carriers of which nothing was taken for so long: those of the connection first that holds the most, and of these the longest first.
   *
   * @param wanted false: enough have ended
   */
  endStalled(patienceMs: number, wanted: () => boolean = () => true): void {
    const held = new Map(this.#byConnection);
    const stalled = this.#stalled(patienceMs).sort(
      ([a, { since: sinceA }], [b, { since: sinceB }]) =>
        (held.get(b.connection) ?? 0) - (held.get(a.connection) ?? 0) || sinceA - sinceB,
    );
    for (const [carrier] of stalled) {
      if (!wanted()) return;
      this.#end(carrier);
    }
  }

  #stalled(patienceMs: number): [Carrier, Entry][] {
    const now = this.#now();
    for (const [carrier, entry] of this.#entries) {
      if (entry.taken === carrier.taken) continue;
      entry.taken = carrier.taken;
      entry.since = now;
    }
    return [...this.#entries].filter(([, { since }]) => now - since >= patienceMs);
  }

  #end(carrier: Carrier): void {
    collectLater(this.#entries.get(carrier)?.bytes ?? 0);
    this.release(carrier);
    log('warn', `${carrier.name}: nothing is taken of it, and others need the room`);
    carrier.breakOff();
    carrier.connection.relieve();
  }
}

/** Of this process. */
export const backlog = new Backlog();
