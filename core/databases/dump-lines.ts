/**
 * A dump as it flows by, line by line: statements are shown and may be changed, rows go on untouched. Lines keep their numbers, so that what a
 * program says of a line is true of the file.
 */

/** Longer ones are rows of one statement, and are not shown. */
const MAX_LINE_BYTES = 65_536;
const NEWLINE = 10;
/** Rows of PostgreSQL follow it and may look like anything, until a line that is `\.` alone. */
const BEGINS_ROWS = /^COPY .* FROM stdin;\r?$/i;
/** Rows as statements, up to the line that ends with a semicolon. */
const BEGINS_STATEMENT = /^(?:INSERT|REPLACE) /i;
const ENDS_STATEMENT = /;\s*$/;

/** @returns what stands there instead, without a line end; null: it stays. */
export type LineEditor = (line: string, number: number) => string | null;

export interface DumpLines {
  /** For each piece; gives what is passed on. */
  through(piece: Uint8Array): Uint8Array;
  /** A last line without an end. */
  end(): Uint8Array;
}

export function createDumpLines(edit: LineEditor): DumpLines {
  let [number, inRows, inStatement, isLong] = [1, false, false, false];
  let held: Buffer = Buffer.alloc(0);

  const editLine = (bytes: Buffer): Buffer => {
    if (inRows) {
      inRows = !(bytes.length <= 4 && bytes.toString('latin1').trimEnd() === '\\.');
      return bytes;
    }
    const line = bytes.toString('utf8').replace(/\r?\n$/, '');
    if (inStatement || BEGINS_STATEMENT.test(line)) {
      inStatement = !ENDS_STATEMENT.test(line);
      return bytes;
    }
    if (BEGINS_ROWS.test(line)) inRows = true;
    const edited = edit(line, number);
    return edited === null ? bytes : Buffer.from(`${edited}${bytes.at(-1) === NEWLINE ? '\n' : ''}`);
  };

  return {
    through(piece) {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      const parts: Buffer[] = [];
      let from = 0;
      for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
        const rest = bytes.subarray(from, at + 1);
        if (isLong) {
          parts.push(rest);
          inStatement &&= !ENDS_STATEMENT.test(rest.subarray(-4).toString('latin1'));
        } else parts.push(editLine(held.length === 0 ? rest : Buffer.concat([held, rest])));
        held = Buffer.alloc(0);
        [isLong, from] = [false, at + 1];
        number += 1;
      }
      const rest = bytes.subarray(from);
      if (isLong) parts.push(rest);
      else if (held.length + rest.length > MAX_LINE_BYTES) {
        parts.push(held, rest);
        const head = Buffer.concat([held, rest.subarray(0, 16)]).toString('latin1', 0, 16);
        inStatement ||= !inRows && BEGINS_STATEMENT.test(head);
        [held, isLong] = [Buffer.alloc(0), true];
      } else if (rest.length > 0) held = Buffer.concat([held, rest]);
      return Buffer.concat(parts);
    },
    end() {
      const last = held.length === 0 ? held : editLine(held);
      held = Buffer.alloc(0);
      return last;
    },
  };
}
