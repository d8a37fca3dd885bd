/** SQLite by better-sqlite3, or by Node itself where that has no binary for the system; see docs/adr/0009. */

/** What both have in common. Errors are the library's own; see `isCorruption`. */
export interface SqliteConnection {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: (string | number)[]): unknown;
    all(...values: (string | number)[]): unknown[];
  };
  close(): unknown;
}

export interface SqliteEngine {
  readonly name: 'better-sqlite3' | 'node:sqlite';
  open(file: string): SqliteConnection;
}

/** Rejects when the package or its binary is missing, or the system's C library is too old for it. */
export async function loadBetterSqlite(): Promise<SqliteEngine> {
  const { default: Database } = await import('better-sqlite3');
  // The package loads its binary with the first database.
  new Database(':memory:').close();
  return { name: 'better-sqlite3', open: (file) => new Database(file) };
}

/** Built into Node since 22.13. */
export async function loadNodeSqlite(): Promise<SqliteEngine> {
  const { DatabaseSync } = await import('node:sqlite');
  return { name: 'node:sqlite', open: (file) => new DatabaseSync(file) };
}

export const loadSqlite = (): Promise<SqliteEngine> => loadBetterSqlite().catch(() => loadNodeSqlite());

/** SQLITE_CORRUPT (11) and SQLITE_NOTADB (26), as either library tells them; https://sqlite.org/rescode.html */
export function isCorruption(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return [11, 26].includes(errcode & 0xff);
  return typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}
