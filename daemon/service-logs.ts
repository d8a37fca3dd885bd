/** Service logs for clients: the last entries, those that match a filter, and new ones while someone follows. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseCursor, type LogEntry, type LogFilter } from '../contract/logs.ts';
import { entryOf, groupLines } from '../core/logs/entries.ts';
import { createTimeline } from '../core/logs/arrivals.ts';
import { createArrivals, maskEntry, type Found, type Search } from '../core/logs/search.ts';
import { spanOf } from '../core/logs/spans.ts';
import { writeExport } from './log-export.ts';
import { mergeNewest, mergeOldest } from './log-merge.ts';
import { searchBackward, searchForward } from './log-search.ts';
import { marksOf, openSnapshot, type LogPiece, type LogSnapshot } from './system/log-pieces.ts';
import { followLog, lastLines, type Followed, type Follower } from './system/log-tail.ts';

export interface LogRequest {
  /** Services whose logs are searched. */
  readonly ids: readonly string[];
  readonly filter: LogFilter;
}

export interface ServiceLogs {
  /** Reaches into rotated files when the live one has too few. */
  tail(id: string, count: number): Promise<LogEntry[]>;
  /** The newest `limit` entries that match, oldest first. */
  query(request: LogRequest & { readonly limit: number }): Promise<LogEntry[]>;
  /**
   * Writes what matches, the newest `limit` or all, into a new file.
   *
   * @param request.asked the services as they were asked for, for the name of the file; null: all
   * @returns its absolute path. Throws DISK_FULL
   */
  export(
    request: LogRequest & { readonly limit: number | undefined; readonly asked: readonly string[] | null },
  ): Promise<string>;
  /** The last lines as text since the last launch, for error messages. */
  lastText(id: string, count: number): string;
  /** To be told right before a service is launched that is going to append to this file. */
  noteLaunch(file: string): void;
  /** Follows exactly these services from now on. */
  follow(ids: ReadonlySet<string>): void;
}

export function createServiceLogs(options: {
  readonly folder: string;
  readonly exportFolder: string;
  mask(text: string): string;
  publish(entry: LogEntry): void;
  /** Notes when what was written until now arrived; called before a log is read. */
  look(file: string): void;
}): ServiceLogs {
  const followers = new Map<string, Follower>();
  /** By log file: where it ended at the last launch that this daemon made. */
  const launches = new Map<string, { readonly inode: number; readonly size: number }>();
  const file = (id: string): string => join(options.folder, `${id}.log`);
  const searchOf = (service: string, filter: LogFilter, withText: boolean): Search => ({
    service,
    filter,
    withText,
    mask: (text) => options.mask(text),
  });

  /** Holds all logs still, as they are now, until the work is done. */
  const withSnapshots = async <T>(
    ids: readonly string[],
    work: (logs: { readonly id: string; readonly pieces: readonly LogPiece[] }[]) => Promise<T>,
  ): Promise<T> => {
    const open = new Map<string, LogSnapshot>();
    try {
      for (const id of new Set(ids)) {
        options.look(file(id));
        open.set(id, openSnapshot(file(id)));
      }
      return await work([...open].map(([id, { pieces }]) => ({ id, pieces })));
    } finally {
      for (const { close } of open.values()) close();
    }
  };

  const newest = (request: LogRequest, limit: number, withText: boolean): Promise<Found[]> =>
    withSnapshots(request.ids, (logs) => {
      const { filter } = request;
      const atMost = limit + (filter.before === undefined ? 0 : parseCursor(filter.before).count);
      const sources = logs.map(({ id, pieces }) => searchBackward(pieces, searchOf(id, filter, withText), atMost));
      return mergeNewest(sources, limit, filter.before);
    });

  const query: ServiceLogs['query'] = async ({ limit, ...request }) =>
    (await newest(request, limit, false)).map(({ entry }) => entry);

  const publishFollowed = (id: string, { lines, bytes, offset, inode, skippedBytes }: Followed): void => {
    if (skippedBytes > 0)
      options.publish({
        ts: new Date().toISOString(),
        level: 'warn',
        service: id,
        message: `… ${skippedBytes} bytes were left out here; koji logs ${id} has them`,
        fields: {},
      });
    options.look(file(id));
    const timeline = createTimeline(marksOf(file(id), inode), Date.now());
    const arrivals = createArrivals(spanOf(bytes, offset, timeline));
    // From the last to the first, as `arrivals` wants it.
    const entries = groupLines(lines)
      .reverse()
      .map((raw) => maskEntry(entryOf(id, raw, arrivals.of(raw)), options.mask));
    for (const entry of entries.reverse()) options.publish(entry);
  };

  return {
    query,
    tail: (id, limit) => query({ ids: [id], filter: {}, limit }),
    async export({ limit, asked, ...request }) {
      const { ids, filter } = request;
      const to = { folder: options.exportFolder, asked, level: filter.level, services: [...new Set(ids)] };
      if (limit !== undefined) return writeExport({ ...to, batches: [await newest(request, limit, true)] });
      return withSnapshots(ids, (logs) => {
        const sources = logs.map(({ id, pieces }) => searchForward(pieces, searchOf(id, filter, true)));
        return writeExport({ ...to, batches: mergeOldest(sources) });
      });
    },
    lastText(id, count) {
      const launch = launches.get(file(id));
      const stat = statSync(file(id), { throwIfNoEntry: false });
      // Another file: it was begun by the launch.
      const from = launch !== undefined && stat?.ino === launch.inode ? launch.size : 0;
      return options.mask(lastLines(file(id), count, from).join(' | ')).slice(-1500);
    },
    noteLaunch(path) {
      const stat = statSync(path, { throwIfNoEntry: false });
      launches.set(path, { inode: stat?.ino ?? 0, size: stat?.size ?? 0 });
    },
    follow(ids) {
      for (const [id, follower] of followers) {
        if (ids.has(id)) continue;
        follower.close();
        followers.delete(id);
      }
      for (const id of ids) {
        if (followers.has(id)) continue;
        followers.set(
          id,
          followLog(file(id), (followed) => publishFollowed(id, followed)),
        );
      }
    },
  };
}
