/** Service logs as they are written: new lines while somebody follows, the last ones for error messages. */
import { join } from 'node:path';
import type { LogEntry } from '../contract/logs.ts';
import { parseLogLine } from '../core/logs/parse.ts';
import { followLog, lastLines, type Follower } from './system/log-tail.ts';

export interface ServiceLogs {
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
