/**
 * Kept-alive connections to one FastCGI server. Each holds a worker of php-fpm for as long as it is open, so only a few are kept;
 * more are opened when requests have to wait, and closed again when they are idle.
 */
import { connect } from 'node:net';
import { FastcgiConnection } from './connection.ts';

export interface PoolLimits {
  /** Connections kept for speed. */
  readonly usual: number;
  /**
   * Connections at most; the rest waits. Must be below the server's number of workers: a request on a connection that no worker
   * has accepted would wait until another connection is closed.
   */
  readonly most: number;
  /** A request that waited this long gets a new connection, if there may be one. */
  readonly growAfterMs: number;
  readonly idleMs: number;
}

/** Some of the 24 workers of our php-fpm stay free for its ping page and for other programs. */
export const DEFAULT_POOL: PoolLimits = { usual: 4, most: 20, growAfterMs: 25, idleMs: 15_000 };

export interface Job {
  start(connection: FastcgiConnection): void;
}

export class FastcgiPool {
  readonly #path: string;
  readonly #limits: PoolLimits;
  readonly #idle: { readonly connection: FastcgiConnection; readonly since: number }[] = [];
  readonly #queue: { readonly job: Job; readonly since: number }[] = [];
  #open = 0;
  #growTimer: NodeJS.Timeout | null = null;
  #idleTimer: NodeJS.Timeout | null = null;

  constructor(path: string, limits: PoolLimits = DEFAULT_POOL) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open;
  }

  /** Starts the job on a free connection, or as soon as there is one. @param fresh not on one that was used before */
  run(job: Job, fresh = false): void {
    for (let kept = fresh ? undefined : this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      if (kept.connection.isClosed) continue;
      job.start(kept.connection);
      return;
    }
    if (this.#open < this.#limits.usual || (fresh && this.#open < this.#limits.most)) {
      job.start(this.#connect());
      return;
    }
    this.#queue.push({ job, since: performance.now() });
    this.#growTimer ??= setTimeout(this.#grow, this.#limits.growAfterMs);
  }

  /** Takes a job that has not started out of the queue. */
  cancel(job: Job): void {
    const at = this.#queue.findIndex((waiting) => waiting.job === job);
    if (at !== -1) this.#queue.splice(at, 1);
  }

  /** Gives a connection back after a whole answer. */
  give(connection: FastcgiConnection): void {
    const next = this.#queue.shift();
    if (next !== undefined) {
      next.job.start(connection);
    } else if (this.#open > this.#limits.usual) {
      connection.destroy();
    } else {
      this.#idle.push({ connection, since: performance.now() });
      this.#idleTimer ??= setTimeout(this.#dropIdle, this.#limits.idleMs);
    }
  }

  /** Asks whether the server accepts at all; the connection is closed at once. */
  probe(answer: (isThere: boolean) => void): void {
    const socket = connect({ path: this.#path });
    socket.once('error', () => answer(false));
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
  }

  close(): void {
    for (const { connection } of this.#idle.splice(0)) connection.destroy();
    if (this.#growTimer !== null) clearTimeout(this.#growTimer);
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#growTimer = null;
    this.#idleTimer = null;
  }

  readonly #grow = (): void => {
    this.#growTimer = null;
    const now = performance.now();
    while (this.#open < this.#limits.most) {
      const oldest = this.#queue[0];
      if (oldest === undefined || now - oldest.since < this.#limits.growAfterMs) break;
      this.#queue.shift();
      oldest.job.start(this.#connect());
    }
    if (this.#queue.length > 0 && this.#open < this.#limits.most)
      this.#growTimer = setTimeout(this.#grow, this.#limits.growAfterMs);
  };

  readonly #dropIdle = (): void => {
    this.#idleTimer = null;
    const now = performance.now();
    // The one idle for longest is at the front: the others were given back, and taken, at the end.
    while (now - (this.#idle[0]?.since ?? now) >= this.#limits.idleMs) this.#idle.shift()?.connection.destroy();
    const oldest = this.#idle[0];
    if (oldest !== undefined)
      this.#idleTimer = setTimeout(this.#dropIdle, Math.max(1, oldest.since + this.#limits.idleMs - now));
  };

  #connect(): FastcgiConnection {
    this.#open += 1;
    return new FastcgiConnection(this.#path, (connection) => {
      this.#open -= 1;
      const at = this.#idle.findIndex((kept) => kept.connection === connection);
      if (at !== -1) this.#idle.splice(at, 1);
      // Somebody may be waiting for a connection that will never come back.
      const next = this.#queue.shift();
      next?.job.start(this.#connect());
    });
  }
}
