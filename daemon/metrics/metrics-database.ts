/** The history of resource use on disk: samples of the last hour, means of 5 minutes of the last day. */
import { closeSync, openSync } from 'node:fs';
import { z } from 'zod';
import type { Resolution } from '../../contract/metrics.ts';
import type { Sample } from '../../core/metrics/sample.ts';
import type { SqliteConnection, SqliteEngine } from './sqlite.ts';

export const WINDOW_MS = 5 * 60_000;
export const KEPT_MS: Readonly<Record<Resolution, number>> = { fine: 3_600_000, coarse: 24 * 3_600_000 };
const SCHEMA_VERSION = 1;
/** Subject of the host's own points; no service has an empty id. */
export const HOST = '';

const PointRowSchema = z.object({
  subject: z.string(),
  ts: z.number(),
  cpu: z.number(),
  memory: z.number(),
  restarts: z.number(),
});
export type PointRow = z.infer<typeof PointRowSchema>;

export interface PointQuery {
  readonly resolution: Resolution;
  /** Null: all. */
  readonly subject: string | null;
  /** Both inclusive, ms since 1970. */
  readonly from: number;
  readonly to: number;
}

/** All methods throw the SQLite library's errors; a transaction that failed has changed nothing. */
export interface MetricsDatabase {
  /** In one transaction. A second sample of the same millisecond replaces the first. */
  write(samples: readonly Sample[]): void;
  /** Makes the means of the windows that are over at `now`, then deletes what is too old (or, after the clock went back, of the future). */
  settle(now: number): void;
  /** By subject, oldest first. */
  points(query: PointQuery): PointRow[];
  close(): void;
}

/** A content that is not ours, or damaged. */
export class UnusableDatabase extends Error {}

const columns = `(
  subject TEXT NOT NULL, ts INTEGER NOT NULL, cpu REAL NOT NULL, memory REAL NOT NULL, restarts INTEGER NOT NULL,
  PRIMARY KEY (subject, ts)) STRICT, WITHOUT ROWID`;

/** Makes the file when there is none, mode 0600. Throws UnusableDatabase, or the library's error. */
export function openMetricsDatabase(engine: SqliteEngine, file: string): MetricsDatabase {
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(file, 'a', 0o600));
  const connection = engine.open(file);
  try {
    prepareSchema(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  return databaseOn(connection);
}

function prepareSchema(connection: SqliteConnection): void {
  // A power cut may cost the last samples, never the file (https://sqlite.org/pragma.html#pragma_synchronous); the cache is 256 KiB.
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256');
  connection.exec('PRAGMA wal_autocheckpoint = 128; PRAGMA journal_size_limit = 1048576');
  const only = (pragma: string): unknown => Object.values(connection.prepare(`PRAGMA ${pragma}`).all()[0] as object)[0];
  const damage = only('quick_check(1)');
  if (damage !== 'ok') throw new UnusableDatabase(String(damage));
  const version = only('user_version');
  if (version !== 0 && version !== SCHEMA_VERSION) throw new UnusableDatabase(`its version is ${String(version)}`);
  connection.exec(`CREATE TABLE IF NOT EXISTS fine ${columns}; CREATE TABLE IF NOT EXISTS coarse ${columns};
    PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function databaseOn(connection: SqliteConnection): MetricsDatabase {
  const insert = connection.prepare('INSERT OR REPLACE INTO fine VALUES (?, ?, ?, ?, ?)');
  const aggregate = connection.prepare(
    `INSERT OR REPLACE INTO coarse SELECT subject, ts - ts % ${WINDOW_MS}, avg(cpu), avg(memory), max(restarts)
     FROM fine WHERE ts >= ? AND ts < ? GROUP BY 1, 2`,
  );
  const newest = connection.prepare('SELECT max(ts) AS ts FROM coarse').all()[0] as { ts: number | null };
  let settledUpTo = newest.ts === null ? 0 : newest.ts + WINDOW_MS;

  const inTransaction = (work: () => void): void => {
    connection.exec('BEGIN IMMEDIATE');
    try {
      work();
      connection.exec('COMMIT');
    } catch (error) {
      try {
        connection.exec('ROLLBACK');
      } catch {
        // A full disk makes SQLite roll back by itself; there is nothing left to undo.
      }
      throw error;
    }
  };

  return {
    write(samples) {
      inTransaction(() => {
        for (const { ts, host, services } of samples)
          for (const { id, use } of [{ id: HOST, use: host }, ...services.map((use) => ({ id: use.id, use }))])
            if (use !== null) insert.run(id, ts, use.cpuPercent, use.memMB, use.restarts);
      });
    },
    settle(now) {
      const upTo = now - (now % WINDOW_MS);
      inTransaction(() => {
        aggregate.run(Math.min(settledUpTo, upTo - WINDOW_MS), upTo);
        for (const resolution of ['fine', 'coarse'] as const)
          connection
            .prepare(`DELETE FROM ${resolution} WHERE ts < ? OR ts > ?`)
            .run(now - KEPT_MS[resolution], now + WINDOW_MS);
      });
      settledUpTo = upTo;
    },
    points({ resolution, subject, from, to }) {
      const where = subject === null ? '' : 'AND subject = ?';
      return z
        .array(PointRowSchema)
        .parse(
          connection
            .prepare(`SELECT * FROM ${resolution} WHERE ts >= ? AND ts <= ? ${where} ORDER BY subject, ts`)
            .all(from, to, ...(subject === null ? [] : [subject])),
        );
    },
    close: () => void connection.close(),
  };
}
