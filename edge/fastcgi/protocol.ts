/** FastCGI 1.0, the web server's side. Section numbers are of the specification (Open Market, 1996). */

const VERSION = 1;
export const RECORD = {
  BEGIN_REQUEST: 1,
  ABORT_REQUEST: 2,
  END_REQUEST: 3,
  PARAMS: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
} as const;
const RESPONDER = 1;
/** The application leaves the connection open after the answer (5.1). */
const KEEP_CONN = 1;
const MAX_CONTENT = 65535;
/** Only one request at a time runs on a connection: php-fpm does not multiplex. */
const REQUEST_ID = 1;

function header(type: number, length: number): Buffer {
  const record = Buffer.allocUnsafe(8);
  record[0] = VERSION;
  record[1] = type;
  record.writeUInt16BE(REQUEST_ID, 2);
  record.writeUInt16BE(length, 4);
  record[6] = 0;
  record[7] = 0;
  return record;
}

const BEGIN = Buffer.concat([header(RECORD.BEGIN_REQUEST, 8), Buffer.from([0, RESPONDER, KEEP_CONN, 0, 0, 0, 0, 0])]);
export const EMPTY_STDIN = header(RECORD.STDIN, 0);
const EMPTY_PARAMS = header(RECORD.PARAMS, 0);

/** Name-value pairs (3.4): lengths of one byte below 128, else of four with the top bit set. */
export function encodePairs(pairs: Iterable<readonly [string, string]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of pairs) {
    const nameBytes = Buffer.from(name, 'latin1');
    const valueBytes = Buffer.from(value, 'utf8');
    const lengths = Buffer.allocUnsafe((nameBytes.length < 128 ? 1 : 4) + (valueBytes.length < 128 ? 1 : 4));
    let at = 0;
    for (const length of [nameBytes.length, valueBytes.length]) {
      if (length < 128) lengths[at++] = length;
      else at = lengths.writeUInt32BE((length | 0x80000000) >>> 0, at);
    }
    parts.push(lengths, nameBytes, valueBytes);
  }
  return Buffer.concat(parts);
}

/** Begin, parameters and, for requests without a body, the end of it: one buffer, one write. */
export function encodeRequest(params: Buffer, hasBody: boolean): Buffer {
  const parts: Buffer[] = [BEGIN];
  for (let at = 0; at < params.length; at += MAX_CONTENT) {
    const content = params.subarray(at, at + MAX_CONTENT);
    parts.push(header(RECORD.PARAMS, content.length), content);
  }
  parts.push(EMPTY_PARAMS);
  if (!hasBody) parts.push(EMPTY_STDIN);
  return Buffer.concat(parts);
}

/** A piece of the request's body as records. */
export function encodeBody(chunk: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < chunk.length; at += MAX_CONTENT) {
    const content = chunk.subarray(at, at + MAX_CONTENT);
    parts.push(header(RECORD.STDIN, content.length), content);
  }
  return Buffer.concat(parts);
}

/** Takes records out of a byte stream. `push` calls back for each whole piece; content may come in parts. */
export class RecordReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer, onRecord: (type: number, content: Buffer) => void): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= 8) {
      const length = data.readUInt16BE(4);
      const whole = 8 + length + (data[6] ?? 0);
      if (data.length < whole) break;
      onRecord(data[1] ?? 0, data.subarray(8, 8 + length));
      data = data.subarray(whole);
    }
    // A copy, so that a large chunk is not kept alive by a few bytes.
    this.#rest = data.length === 0 ? Buffer.alloc(0) : Buffer.from(data);
  }

  /** Bytes of a record that has not ended. */
  get pending(): number {
    return this.#rest.length;
  }
}
