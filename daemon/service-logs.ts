/** Service logs for clients: the last lines, and new ones while somebody follows. */
import { join } from 'node:path';
import { statSync } from 'node:fs';
import type { LogEntry } from '../contract/logs.ts';
import { parseLogLine } from '../core/logs/parse.ts';
import { followLog, lastLines, lastLinesWithArchives, type Follower } from './system/log-tail.ts';

export interface ServiceLogs {
  /** Reaches into rotated files when the live one has too few lines. */
  tail(id: string, count: number): Promise<LogEntry[]>;
  /** The last lines as text, for error messages. */
  lastText(id: string, count: number): string;
  /** Follows exactly these services from now on. */
  follow(ids: ReadonlySet<string>): void;
}

export function createServiceLogs(options: {
  readonly folder: string;
  mask(text: string): string;
  publish(entry: LogEntry): void;
}): ServiceLogs {
  const followers = new Map<string, Follower>();
  const file = (id: string): string => join(options.folder, `${id}.log`);
  const parse = (id: string, line: string, ts: string): LogEntry => parseLogLine(id, options.mask(line), ts);

  return {
    async tail(id, count) {
      const changedAt = statSync(file(id), { throwIfNoEntry: false })?.mtime ?? new Date();
      return (await lastLinesWithArchives(file(id), count)).map((line) => parse(id, line, changedAt.toISOString()));
    },
    lastText: (id, count) => options.mask(lastLines(file(id), count).join(' | ')).slice(-1500),
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
          followLog(file(id), (lines, skipped) => {
            const now = new Date().toISOString();
            if (skipped > 0)
              options.publish({
                ts: now,
                level: 'warn',
                service: id,
                message: `… ${skipped} bytes were left out here; koji logs ${id} has them`,
                fields: {},
              });
            for (const line of lines) options.publish(parse(id, line, now));
          }),
        );
      }
    },
  };
}
