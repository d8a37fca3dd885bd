/** New log entries until Ctrl-C: none between the first page and the stream is lost or shown twice, also when the daemon is another one. */
import type { Client } from '../client/index.ts';
import type { LogEntry } from '../contract/logs.ts';

export interface FollowOptions {
  readonly client: Pick<Client, 'events'>;
  /** Logs to follow. */
  readonly ids: readonly string[];
  /** The newest entries that match, oldest first. @param since ISO time of the newest entry that was shown; undefined: the first page */
  query(since: string | undefined): Promise<readonly LogEntry[]>;
  matches(entry: LogEntry): boolean;
  show(entry: LogEntry): void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Entries that were shown are remembered; so many are never told twice. */
const MAX_KNOWN = 20_000;

const keyOf = ({ service, ts, message }: LogEntry): string => `${service}\n${ts}\n${message}`;

/** Resolves when the signal ends it; rejects when a query does. */
export function followLogs({ client, ids, query, matches, show, signal }: FollowOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    /** What came from the stream while a page is fetched. */
    let waiting: LogEntry[] | null = [];
    /** How often each entry was shown of late. */
    let known = new Map<string, number>();
    let before = new Map<string, number>();
    let newest: string | undefined;
    let round = 0;

    const tell = (entry: LogEntry): void => {
      if (known.size >= MAX_KNOWN) [before, known] = [known, new Map()];
      known.set(keyOf(entry), (known.get(keyOf(entry)) ?? 0) + 1);
      if (newest === undefined || entry.ts > newest) newest = entry.ts;
      show(entry);
    };
    /** Those of the list that were not shown: of equal ones, as many as there are more. */
    const unseen = (entries: readonly LogEntry[]): LogEntry[] => {
      const left = new Map<string, number>();
      return entries.filter((entry) => {
        const key = keyOf(entry);
        const count = left.get(key) ?? (known.get(key) ?? 0) + (before.get(key) ?? 0);
        left.set(key, count - 1);
        return count <= 0;
      });
    };

    const fill = async (): Promise<void> => {
      const mine = ++round;
      waiting ??= [];
      const page = await query(newest);
      // There was another connection since: its page has all of this one.
      if (mine !== round) return;
      for (const entry of unseen(page)) tell(entry);
      const late = unseen(waiting);
      waiting = null;
      for (const entry of late) tell(entry);
    };

    const stream = client.events((event) => {
      // The first message of each connection: from here on, nothing is missed.
      if (event.event === 'snapshot')
        fill().catch((error: unknown) => end(error instanceof Error ? error : new Error(JSON.stringify(error))));
      if (event.event !== 'service:logLine' || !matches(event.data)) return;
      if (waiting === null) tell(event.data);
      else waiting.push(event.data);
    });
    const end = (error?: Error): void => {
      stream.close();
      if (error === undefined) resolve();
      else reject(error);
    };
    signal.addEventListener('abort', () => end(), { once: true });
    stream.update({ logs: [...ids], metrics: false });
  });
}
