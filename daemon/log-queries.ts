/** Questions about logs, over live and rotated files alike, in bounded memory and without holding up the daemon. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { LogEntry, LogFilter } from '../contract/logs.ts';
import { collectEntries, collectEntriesBackwards, matcherOf, toEntry } from '../core/logs/entries.ts';
import { linesBackwards, linesOf, partsOf, type LogPart } from './system/log-lines.ts';

const KEPT_EXPORTS = 10;
/** Programs that never write a time get the file's. */
const MOST_UNDATED = 500;
/** Lines that are looked at before others get their turn. */
const LINES_AT_ONCE = 2000;

export interface LogQueries {
  /** The newest entries that match, oldest first. */
  query(ids: readonly string[], filter: LogFilter): Promise<LogEntry[]>;
  /** Writes all that match into a new file; @returns its absolute path. */
  export(ids: readonly string[], filter: LogFilter): Promise<string>;
}

export function createLogQueries(options: {
  /** Folder of the logs. */
  readonly folder: string;
  readonly exports: string;
  mask(text: string): string;
}): LogQueries {
  const liveFile = (id: string): string => join(options.folder, `${id}.log`);
  const masked = (entry: LogEntry): LogEntry => ({ ...entry, message: options.mask(entry.message) });

  /** Newest first, until `enough`. */
  const newestOf = async (id: string, filter: LogFilter, enough: number): Promise<LogEntry[]> => {
    const found: LogEntry[] = [];
    const parts = partsOf(liveFile(id));
    const from = filter.from === undefined ? -Infinity : Date.parse(filter.from);
    for (const part of [...parts].reverse()) {
      if (found.length >= enough || part.until < from) break;
      const fallback = await timeOf(part);
      if (part.kind === 'archive') {
        // It can only be unpacked from its beginning: the last matches are kept on the way.
        const kept: LogEntry[] = [];
        await eachEntry(id, part, fallback, filter, (entry) => {
          kept.push(entry);
          if (kept.length > 2 * (enough - found.length)) kept.splice(0, kept.length - (enough - found.length));
        });
        found.push(...kept.slice(-(enough - found.length)).reverse());
      } else {
        const { mayMatch, matches } = matcherOf(filter);
        // A line without a time was written after the one before it, which comes later here.
        let undated: LogEntry[] = [];
        const settle = (ts: string): void => {
          for (const entry of undated) if (matches({ ...entry, ts })) found.push({ ...entry, ts });
          undated = [];
        };
        const collector = collectEntriesBackwards((lines) => {
          if (found.length >= enough) return;
          const mayBe = mayMatch(lines);
          if (!mayBe && undated.length === 0) return;
          const entry = toEntry(id, lines, '');
          if (entry.ts === '') {
            if (mayBe) undated.push(entry);
            if (undated.length > MOST_UNDATED) settle(fallback);
            return;
          }
          settle(entry.ts);
          if (mayBe && matches(entry)) found.push(entry);
        });
        for await (const block of linesBackwards(part)) {
          await inTurns(block, (line) => collector.add(line));
          if (found.length >= enough) break;
        }
        collector.end();
        settle(fallback);
      }
    }
    return found;
  };

  const eachEntry = async (
    id: string,
    part: LogPart,
    fallback: string,
    filter: LogFilter,
    take: (entry: LogEntry) => void,
  ): Promise<void> => {
    const collector = collectEntries(forwards(id, fallback, filter, take));
    for await (const block of linesOf(part)) await inTurns(block, (line) => collector.add(line));
    collector.end();
  };

  /** Entries of one log in order, a block at a time. */
  async function* entriesOf(id: string, filter: LogFilter): AsyncGenerator<LogEntry, void, void> {
    for (const part of partsOf(liveFile(id))) {
      if (filter.from !== undefined && part.until < Date.parse(filter.from)) continue;
      const fallback = await timeOf(part);
      let ready: LogEntry[] = [];
      const collector = collectEntries(forwards(id, fallback, filter, (entry) => ready.push(entry)));
      for await (const block of linesOf(part)) {
        await inTurns(block, (line) => collector.add(line));
        yield* ready;
        ready = [];
      }
      collector.end();
      yield* ready;
    }
  }

  return {
    async query(ids, filter) {
      const { limit = 200, skip = 0 } = filter;
      const lists = await Promise.all(ids.map((id) => newestOf(id, filter, limit + skip)));
      // Each list is in its own order already; across logs the time decides. Stable, so that equal times keep their place.
      const all =
        lists.length === 1 ? (lists[0] ?? []) : lists.flat().sort((a, b) => (a.ts < b.ts ? 1 : a.ts > b.ts ? -1 : 0));
      return all
        .slice(skip, skip + limit)
        .reverse()
        .map(masked);
    },

    async export(ids, filter) {
      await mkdir(options.exports, { recursive: true, mode: 0o700 });
      const day = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
      const base = `${ids.length === 1 ? (ids[0] ?? '') : 'all'}-${filter.level ?? 'all'}-${day}`;
      const file = await freeName(options.exports, base);
      const temporary = `${file}.partial`;
      try {
        await writeMerged(
          temporary,
          ids.map((id) => entriesOf(id, filter)),
          filter.limit,
          options.mask,
        );
        await rename(temporary, file);
      } finally {
        await rm(temporary, { force: true });
      }
      await keepNewest(options.exports, KEPT_EXPORTS);
      return file;
    },
  };
}

/** Takes messages in the order in which they were written; one without a time has that of the one before. */
function forwards(
  id: string,
  fallback: string,
  filter: LogFilter,
  take: (entry: LogEntry) => void,
): (lines: readonly string[]) => void {
  const { mayMatch, matches } = matcherOf(filter);
  let latest = '';
  return (lines) => {
    const entry = toEntry(id, lines, latest);
    latest = entry.ts;
    if (!mayMatch(lines)) return;
    const dated = entry.ts === '' ? { ...entry, ts: fallback } : entry;
    if (matches(dated)) take(dated);
  };
}

/** For lines without a time of their own: when the file was last written. */
async function timeOf(part: LogPart): Promise<string> {
  if (Number.isFinite(part.until)) return new Date(part.until).toISOString();
  const found = await stat(part.file).catch(() => null);
  return (found?.mtime ?? new Date()).toISOString();
}

async function inTurns(lines: readonly string[], work: (line: string) => void): Promise<void> {
  for (let at = 0; at < lines.length; at += LINES_AT_ONCE) {
    for (const line of lines.slice(at, at + LINES_AT_ONCE)) work(line);
    await breathe();
  }
}

/** The entries of several logs, ordered by time, as text. */
async function writeMerged(
  file: string,
  logs: readonly AsyncGenerator<LogEntry, void, void>[],
  limit: number | undefined,
  mask: (text: string) => string,
): Promise<void> {
  const output = createWriteStream(file, { mode: 0o600, flush: true });
  let broken: Error | null = null;
  output.once('error', (error) => (broken = error));
  /** Resolves when the stream takes more, or is at its end, or broke. */
  const settled = (begin: (done: () => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (): void => (broken === null ? resolve() : reject(broken));
      if (broken !== null) done();
      output.once('error', done);
      begin(() => {
        output.off('error', done);
        done();
      });
    });
  const heads = await Promise.all(logs.map(async (log) => ({ log, next: await log.next() })));
  for (let count = 0; limit === undefined || count < limit; count++) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads)
      if (head.next.done !== true && (first?.next.value === undefined || head.next.value.ts < first.next.value.ts))
        first = head;
    if (first?.next.value === undefined) break;
    const { ts, level, service, message } = first.next.value;
    const text = `${ts} ${level.padEnd(5)} ${service} ${mask(message)}\n`;
    if (!output.write(text)) await settled((done) => output.once('drain', done));
    first.next = await first.log.next();
  }
  for (const { log } of heads) await log.return();
  await settled((done) => output.end(done));
}

async function freeName(folder: string, base: string): Promise<string> {
  for (let number = 1; ; number++) {
    const file = join(folder, `${base}${number === 1 ? '' : `-${number}`}.log`);
    if ((await stat(file).catch(() => null)) === null) return file;
  }
}

async function keepNewest(folder: string, count: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const files = await Promise.all(
    names.map(async (name) => ({ file: join(folder, name), at: (await stat(join(folder, name))).mtimeMs })),
  );
  for (const { file } of files.sort((a, b) => b.at - a.at).slice(count)) await rm(file);
}
