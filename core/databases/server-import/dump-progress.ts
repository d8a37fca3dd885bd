/** How far a dump is, read from the dump itself as it flows by: which table, and how much of all tables. */

/** A statement that begins the rows of a table, at the start of a line. */
const BEGINS = {
  postgres: /^COPY ((?:"(?:[^"]|"")*"|[^\s"(])+) \(.*\) FROM stdin;$/,
  mysql: /^INSERT(?: IGNORE)? INTO (`(?:[^`]|``)*`)/,
} as const;
/** Enough for the head of a statement; the rest of a long line is of no interest. */
const HEAD_CHARACTERS = 65_536;

export interface DumpProgress {
  feed(piece: Uint8Array): void;
  /** Bytes of tables, by their size on disk: the sum that `total` counts. */
  readonly done: number;
  readonly total: number;
  /** As it is quoted in the dump; empty before the first. */
  readonly table: string;
  /** Tables begun. */
  readonly tables: number;
}

/** @param sizes bytes on disk of each table, by its name as the dump quotes it */
export function createDumpProgress(kind: keyof typeof BEGINS, sizes: ReadonlyMap<string, number>): DumpProgress {
  const begins = BEGINS[kind];
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const seen = new Set<string>();
  let [finished, current, limit] = [0, 0, 0];
  let table = '';
  let head = '';
  /** Rows of PostgreSQL may look like anything, until a line that is `\.` alone. */
  let inRows = false;

  const endLine = (): void => {
    const line = Buffer.from(head, 'latin1').toString('utf8');
    head = '';
    if (inRows) {
      inRows = line !== '\\.';
      return;
    }
    const name = begins.exec(line)?.[1];
    if (name === undefined) return;
    inRows = kind === 'postgres';
    if (seen.has(name)) return;
    seen.add(name);
    finished += limit;
    [table, current, limit] = [name, 0, sizes.get(name) ?? 0];
  };

  return {
    feed(piece) {
      const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1');
      current += piece.byteLength;
      let from = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
        if (head.length < HEAD_CHARACTERS) head += text.slice(from, Math.min(end, from + HEAD_CHARACTERS));
        endLine();
        from = end + 1;
      }
      if (head.length < HEAD_CHARACTERS) head += text.slice(from, from + HEAD_CHARACTERS);
    },
    get done() {
      return Math.min(total, finished + Math.min(current, limit));
    },
    get total() {
      return total;
    },
    get table() {
      return table;
    },
    get tables() {
      return seen.size;
    },
  };
}
