/** Connections to the daemon for a server that outlives it: each piece of work gets its own, and starts the daemon when it has ended. */
import type { Client } from '../../client/index.ts';

export interface DaemonAccess {
  /** Runs `work` with a client that is closed afterwards. Rejects with DAEMON_UNREACHABLE when no daemon can be started. */
  use<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** What `work` gave, with the daemon's own token taken out: it would open everything, whatever level was granted. */
  withoutToken<T>(value: T): T;
  /** Drops all connections; changes go on in the daemon. */
  close(): void;
}

export interface DaemonAccessOptions {
  ensureDaemon(): Promise<Client>;
  /** The bearer token of the running daemon; null when there is none. */
  token(): string | null;
}

export function createDaemonAccess({ ensureDaemon, token }: DaemonAccessOptions): DaemonAccess {
  const open = new Set<Client>();
  // One after the other: two calls at once must not start two daemons.
  let last: Promise<unknown> = Promise.resolve();
  const connect = (): Promise<Client> => {
    const mine = last.then(ensureDaemon);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    async use(work) {
      const client = await connect();
      open.add(client);
      try {
        return await work(client);
      } finally {
        open.delete(client);
        client.close();
      }
    },
    withoutToken(value) {
      const secret = token();
      const text = JSON.stringify(value);
      if (secret === null || secret === '' || !text.includes(secret)) return value;
      return JSON.parse(text.replaceAll(secret, 'HIDDEN')) as typeof value;
    },
    close() {
      for (const client of open) client.close();
    },
  };
}
