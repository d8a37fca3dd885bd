/** Keeps samples, whatever happens to the disk: what cannot be written waits in memory, at most an hour of it. */
import { renameSync, rmSync } from 'node:fs';
import type { MetricsHistory, Resolution } from '../../contract/metrics.ts';
import { noticeText } from '../../contract/notices.ts';
import type { Sample } from '../../core/metrics/sample.ts';
import type { Clock } from '../../core/system/clock.ts';
import type { Logger } from '../../core/system/logger.ts';
import { historyOf, rowsOf } from './history.ts';
import {
  KEPT_MS,
  openMetricsDatabase,
  UnusableDatabase,
  WINDOW_MS,
  type MetricsDatabase,
  type PointRow,
} from './metrics-database.ts';
import { isCorruption, loadSqlite, type SqliteEngine } from './sqlite.ts';

/** The start of the daemon and of the services comes first, and what quietens down after it. */
const OPEN_AFTER_MS = 60_000;
const RETRY_AFTER_MS = 60_000;
const MAX_WAITING = 720;

export interface HistoryQuery {
  readonly resolution: Resolution;
  /** Undefined: the host and all services. */
  readonly service?: string | undefined;
  /** Both inclusive, ms since 1970. */
  readonly from: number;
  readonly to: number;
}

export interface MetricsStore {
  /** Never throws. */
  add(sample: Sample): void;
  /** Never rejects for the disk's sake: it answers with what there is. */
  history(query: HistoryQuery): Promise<MetricsHistory>;
  /** Writes what waits. */
  close(): void;
}

export function createMetricsStore(options: {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
  notice(text: string): void;
  /** For tests. */
  load?(): Promise<SqliteEngine>;
}): MetricsStore {
  const { file, clock, log } = options;
  let waiting: Sample[] = [];
  let engine: SqliteEngine | null = null;
  let database: MetricsDatabase | null = null;
  let settledWindow = 0;
  /** Monotonic ms before which the disk is left alone; null while all is well. */
  let retryAt: number | null = null;
  let closed = false;

  const closeDatabase = (): void => {
    try {
      database?.close();
    } catch {
      // It is given up anyway, and the daemon may be about to end.
    }
    database = null;
  };

  const setAside = (error: Error): void => {
    closeDatabase();
    const aside = `${file}.corrupt-${clock.now()}`;
    renameSync(file, aside);
    // A log of the old file would be played into the new one.
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
    options.notice(noticeText('metricsLost', { file, reason: error.message, aside }));
  };

  /** Does it with the database, with a new one when that one turns out to be damaged; undefined without an engine, or at the end. */
  const withDatabase = <T>(work: (open: MetricsDatabase) => T): T | undefined => {
    if (engine === null || closed) return undefined;
    try {
      return work((database ??= openMetricsDatabase(engine, file)));
    } catch (error) {
      if (!(error instanceof UnusableDatabase) && !isCorruption(error)) throw error;
      setAside(error as Error);
      return work((database = openMetricsDatabase(engine, file)));
    }
  };

  /** Writes and tidies up; on trouble it waits a minute and says so once. */
  const flush = (): void => {
    if (closed || engine === null || (retryAt !== null && clock.monotonic() < retryAt)) return;
    try {
      withDatabase((open) => {
        if (waiting.length > 0) open.write(waiting);
        waiting = [];
        const window = Math.floor(clock.now() / WINDOW_MS);
        if (window !== settledWindow) open.settle(clock.now());
        settledWindow = window;
      });
      if (retryAt !== null) log.info('resource use is recorded again');
      retryAt = null;
    } catch (error) {
      if (retryAt === null)
        log.warn('resource use cannot be recorded for now', {
          file,
          error: error instanceof Error ? error.message : String(error),
        });
      retryAt = clock.monotonic() + RETRY_AFTER_MS;
    }
  };

  const open = async (): Promise<void> => {
    engine ??= await (options.load ?? loadSqlite)();
    flush();
  };
  const tellNoEngine = (error: unknown): void =>
    log.warn('there is no SQLite for this system, so resource use is not recorded', { error: String(error) });
  const cancelOpening = clock.after(OPEN_AFTER_MS, () => void open().catch(tellNoEngine));

  return {
    add(sample) {
      waiting.push(sample);
      if (waiting.length > MAX_WAITING) waiting.shift();
      flush();
    },
    async history({ resolution, service, from, to }) {
      await open().catch(tellNoEngine);
      const oldest = Math.max(from, clock.now() - KEPT_MS[resolution]);
      const query = { resolution, subject: service ?? null, from: oldest, to };
      let stored: PointRow[] = [];
      try {
        stored = withDatabase((opened) => opened.points(query)) ?? [];
      } catch (error) {
        log.warn('the history of resource use cannot be read', { file, error: String(error) });
      }
      const unwritten = resolution === 'fine' ? waiting.flatMap(rowsOf) : [];
      const wanted = unwritten.filter(
        ({ subject, ts }) => ts >= oldest && ts <= to && (service === undefined || subject === service),
      );
      return historyOf(resolution, [...stored, ...wanted]);
    },
    close() {
      cancelOpening();
      flush();
      closed = true;
      closeDatabase();
    },
  };
}
