/** The message of an SMTP session as it comes: dots taken out, its end found, nothing kept but the few bytes that may belong to either. Pure. */

const CRLF = Buffer.from('\r\n');
/** A line that begins with a dot: one of the sender's own, or the end. RFC 5321 section 4.5.2. */
const DOT_LINE = Buffer.from('\r\n.');

export interface BodyPiece {
  /** Of the message. */
  readonly content: Buffer;
  /** What comes after its end; null: the end is not there yet. */
  readonly rest: Buffer | null;
}

/** @returns what takes each piece; the time for all is linear in their length */
export function createBody(): (data: Buffer) => BodyPiece {
  // As if a line had ended before, so that a dot is found at the very beginning too.
  let held: Buffer = CRLF;
  let unsent = CRLF.length;

  return (data) => {
    const bytes = Buffer.concat([held, data]);
    const parts: Buffer[] = [];
    let from = unsent;
    const keepFrom = (at: number): void => {
      parts.push(bytes.subarray(from, Math.max(from, at)));
      held = bytes.subarray(at);
      unsent = Math.max(0, from - at);
    };
    for (let search = 0; ;) {
      const at = bytes.indexOf(DOT_LINE, search);
      if (at === -1) {
        keepFrom(bytes.length - endLength(bytes));
        return { content: Buffer.concat(parts), rest: null };
      }
      const after = at + DOT_LINE.length;
      const next = bytes.subarray(after, after + CRLF.length);
      if (next.equals(CRLF)) {
        parts.push(bytes.subarray(from, Math.max(from, at + CRLF.length)));
        return { content: Buffer.concat(parts), rest: bytes.subarray(after + CRLF.length) };
      }
      if (next.length === 0 || (next.length === 1 && next[0] === CRLF[0])) {
        keepFrom(at);
        return { content: Buffer.concat(parts), rest: null };
      }
      parts.push(bytes.subarray(from, Math.max(from, at + CRLF.length)));
      from = after;
      search = after;
    }
  };
}

/** Bytes at the end that may be the beginning of a dot line. */
const endLength = (bytes: Buffer): number =>
  bytes.subarray(-CRLF.length).equals(CRLF) ? CRLF.length : bytes.at(-1) === CRLF[0] ? 1 : 0;
