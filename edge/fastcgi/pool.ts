/**
 * Kept-alive connections to one FastCGI server. Each holds a worker of php-fpm for as long as it is open, so only a few are kept;
 * more are opened when requests have to wait, and closed again when they are idle. Sites that share the server share the connections:
 * see `SiteQueues`.
 */
import { log } from '../log.ts';
import { FastcgiConnection } from './connection.ts';
import { connectToOwned } from './owned-socket.ts';
import { SiteQueues } from './site-queues.ts';

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
  /** A request that waited this long is a line in the log. */
  readonly noticeMs: number;
  /** A request that waited this long is refused. */
  readonly waitMs: number;
}

/** Some of the 24 workers of our php-fpm stay free for its ping page and for other programs. */
export const DEFAULT_POOL: PoolLimits = {
  usual: 4,
  most: 20,
  growAfterMs: 25,
  idleMs: 15_000,
  noticeMs: 2000,
  waitMs: 60_000,
};
const NOTICE_EVERY_MS = 60_000;

export interface Job {
  /** Whose request it is. */
  readonly site: string;
  start(connection: FastcgiConnection): void;
  /** It waited too long. @param holders who has the connections, for people */
  refused(holders: string): void;
}

interface Waiting {
  readonly job: Job;
  readonly since: number;
}

export class FastcgiPool {
  readonly #path: string;
  readonly #limits: PoolLimits;
  readonly #idle: { readonly connection: FastcgiConnection; readonly since: number }[] = [];
  readonly #queues: SiteQueues<Waiting>;
  /** Sites of the connections that are at work. */
  readonly #busy = new Map<FastcgiConnection, string>();
  #open = 0;
  #growTimer: NodeJS.Timeout | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #noticedAt = -Infinity;

  constructor(path: string, limits: PoolLimits = DEFAULT_POOL) {
    this.#path = path;
    this.#limits = limits;
    this.#queues = new SiteQueues(limits.most);
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open;
  }

  /** Starts the job on a free connection, or as soon as there is one. @param fresh not on one that was used before */
  run(job: Job, fresh = false): void {
    if (this.#queues.mayStart(job.site)) {
      for (let kept = fresh ? undefined : this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
        if (kept.connection.isClosed) continue;
        this.#start(job, kept.connection);
        return;
      }
      if (this.#open < this.#limits.usual || (fresh && this.#open < this.#limits.most)) {
        this.#start(job, this.#connect());
        return;
      }
    }
    this.#queues.add(job.site, { job, since: performance.now() });
    this.#growTimer ??= setTimeout(this.#grow, this.#limits.growAfterMs);
  }

  /** Takes a job that has not started out of the queue. */
  cancel(job: Job): void {
    this.#queues.remove(job.site, (waiting) => waiting.job === job);
  }

  /** Gives a connection back after a whole answer. */
  give(connection: FastcgiConnection): void {
    this.#leave(connection);
    const next = this.#queues.next();
    if (next !== undefined) {
      this.#start(next.job, connection);
    } else if (this.#open > this.#limits.usual) {
      connection.destroy();
    } else {
      this.#idle.push({ connection, since: performance.now() });
      this.#idleTimer ??= setTimeout(this.#dropIdle, this.#limits.idleMs);
    }
  }

  /** Asks whether the server accepts at all; the connection is closed at once. */
  probe(answer: (isThere: boolean) => void): void {
    const socket = connectToOwned(this.#path);
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
    while (this.#open < this.#limits.most || this.#idle.length > 0) {
      const next = this.#queues.next((waiting) => now - waiting.since >= this.#limits.growAfterMs);
      if (next === undefined) break;
      const kept = this.#idle.pop()?.connection;
      this.#start(next.job, kept === undefined || kept.isClosed ? this.#connect() : kept);
    }
    if (this.#queues.size === 0) return;
    this.#lookAtWaiting(now);
    this.#growTimer = setTimeout(this.#grow, this.#limits.growAfterMs);
  };

  /** Says who waits for whom, and refuses what waited too long. */
  #lookAtWaiting(now: number): void {
    const { noticeMs, waitMs } = this.#limits;
    const late = this.#queues.filter(({ since }) => now - since >= noticeMs);
    if (late.length === 0) return;
    if (now - this.#noticedAt > NOTICE_EVERY_MS) {
      this.#noticedAt = now;
      const sites = [...new Set(late.map(({ job }) => job.site))].join(', ');
      log('warn', `requests of ${sites} wait for a worker of PHP; at work: ${this.#queues.holders()}`);
    }
    for (const { job, since } of late) {
      if (now - since < waitMs) continue;
      this.cancel(job);
      job.refused(this.#queues.holders());
    }
  }

  readonly #dropIdle = (): void => {
    this.#idleTimer = null;
    const now = performance.now();
    // The one idle for longest is at the front: the others were given back, and taken, at the end.
    while (now - (this.#idle[0]?.since ?? now) >= this.#limits.idleMs) this.#idle.shift()?.connection.destroy();
    const oldest = this.#idle[0];
    if (oldest !== undefined)
      this.#idleTimer = setTimeout(this.#dropIdle, Math.max(1, oldest.since + this.#limits.idleMs - now));
  };

  #start(job: Job, connection: FastcgiConnection): void {
    this.#busy.set(connection, job.site);
    this.#queues.started(job.site);
    job.start(connection);
  }

  #leave(connection: FastcgiConnection): void {
    const site = this.#busy.get(connection);
    if (site === undefined) return;
    this.#busy.delete(connection);
    this.#queues.ended(site);
  }

  #connect(): FastcgiConnection {
    this.#open += 1;
    return new FastcgiConnection(this.#path, (connection) => {
      this.#open -= 1;
      this.#leave(connection);
      const at = this.#idle.findIndex((kept) => kept.connection === connection);
      if (at !== -1) this.#idle.splice(at, 1);
      // A request may be waiting for a connection that will never come back.
      const next = this.#queues.next();
      if (next !== undefined) this.#start(next.job, this.#connect());
    });
  }
}
