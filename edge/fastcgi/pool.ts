/**
 * Kept-alive connections to one FastCGI server. Each holds a worker of php-fpm for as long as it is open, so only a few are kept;
 * more are opened when requests have to wait, and closed again when they are idle.
 */
import { connect, type Socket } from 'node:net';

export interface PoolLimits {
  /** Connections kept for speed. */
  readonly usual: number;
  /** Connections at most; the rest waits. */
  readonly most: number;
  /** A request that waited this long gets a new connection, if there may be one. */
  readonly growAfterMs: number;
  readonly idleMs: number;
}

/** Two workers of php-fpm's 24 stay free for its ping page and for other programs. */
export const DEFAULT_POOL: PoolLimits = { usual: 5, most: 22, growAfterMs: 25, idleMs: 15_000 };

export interface Connection {
  readonly socket: Socket;
  /** True when it has answered a request before: then its end may only mean that the server was restarted. */
  used: boolean;
}

interface Waiter {
  resolve(connection: Connection): void;
  readonly timer: NodeJS.Timeout;
}

export class FastcgiPool {
  readonly #path: string;
  readonly #limits: PoolLimits;
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiter[] = [];
  #open = 0;

  constructor(path: string, limits: PoolLimits = DEFAULT_POOL) {
    this.#path = path;
    this.#limits = limits;
  }

  /** A connection for one request; errors of it are the caller's to handle. Never rejects: a server that is down shows as an error of the socket. */
  take(): Promise<Connection> | Connection {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#open < this.#limits.usual) return this.#connect();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        if (this.#open >= this.#limits.most) return;
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        resolve(this.#connect());
      }, this.#limits.growAfterMs);
      const waiter: Waiter = { resolve, timer };
      this.#waiting.push(waiter);
    });
  }

  /** Gives a connection back after a whole answer. */
  give(connection: Connection): void {
    connection.used = true;
    if (connection.socket.destroyed) return;
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      clearTimeout(waiter.timer);
      waiter.resolve(connection);
    } else if (this.#open > this.#limits.usual) {
      connection.socket.destroy();
    } else {
      this.#idle.push(connection);
    }
  }

  close(): void {
    for (const { socket } of this.#idle.splice(0)) socket.destroy();
  }

  #connect(): Connection {
    this.#open += 1;
    const socket = connect({ path: this.#path, noDelay: true });
    const connection: Connection = { socket, used: false };
    socket.setTimeout(this.#limits.idleMs, () => {
      if (this.#idle.includes(connection)) socket.destroy();
    });
    socket.on('error', () => undefined); // Whoever uses it listens too; an idle one is dropped by 'close'.
    socket.on('close', () => {
      this.#open -= 1;
      const at = this.#idle.indexOf(connection);
      if (at !== -1) this.#idle.splice(at, 1);
      // Somebody may be waiting for a connection that will never come back.
      const waiter = this.#waiting.shift();
      if (waiter !== undefined) {
        clearTimeout(waiter.timer);
        waiter.resolve(this.#connect());
      }
    });
    return connection;
  }
}
