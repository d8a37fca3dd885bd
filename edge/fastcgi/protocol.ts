/**
 * FastCGI 1.0, the web server's side. Section numbers are of the specification (Open Market, 1996).
 * Requests are made as latin1 text: one string is one write, with no buffer of our own in between.
 */
const VERSION = 1;
export const RECORD = {
  BEGIN_REQUEST: 1,
  END_REQUEST: 3,
  PARAMS: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
} as const;
const RESPONDER = 1;
/** The application leaves the connection open after the answer (5.1). */
const KEEP_CONN = 1;
const MAX_CONTENT = 65_535;
/** Only one request at a time runs on a connection: php-fpm does not multiplex. */
const REQUEST_ID = 1;
const HEADER_BYTES = 8;

const byte = (value: number): string => String.fromCharCode(value & 0xff);
const header = (type: number, length: number): string =>
  byte(VERSION) + byte(type) + byte(REQUEST_ID >> 8) + byte(REQUEST_ID) + byte(length >> 8) + byte(length) + '\0\0';

const BEGIN = `${header(RECORD.BEGIN_REQUEST, 8)}${byte(0)}${byte(RESPONDER)}${byte(KEEP_CONN)}\0\0\0\0\0`;
export const EMPTY_STDIN = header(RECORD.STDIN, 0);
const EMPTY_PARAMS = header(RECORD.PARAMS, 0);

export const stdinHeader = (length: number): string => header(RECORD.STDIN, length);

const SHORT_LENGTHS = Array.from({ length: 128 }, (_, length) => byte(length));
/** One byte below 128, else four with the top bit set (3.4). */
const lengthOf = (length: number): string =>
  SHORT_LENGTHS[length] ?? byte((length >>> 24) | 0x80) + byte(length >>> 16) + byte(length >>> 8) + byte(length);

/** A name-value pair (3.4). Both are latin1 text; see `toBytes` for what may have other characters. */
export function pair(name: string, value: string): string {
  return lengthOf(name.length) + lengthOf(value.length) + name + value;
}

/** Text as its UTF-8 bytes, each as one latin1 character. */
export function toBytes(text: string): string {
  // oxlint-disable-next-line no-control-regex -- everything outside ASCII is meant
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Begin, parameters and, for requests without a body, the end of it. */
export function encodeRequest(params: string, hasBody: boolean): string {
  let records = BEGIN;
  if (params.length <= MAX_CONTENT) {
    records += header(RECORD.PARAMS, params.length) + params;
  } else {
    for (let at = 0; at < params.length; at += MAX_CONTENT) {
      const content = params.slice(at, at + MAX_CONTENT);
      records += header(RECORD.PARAMS, content.length) + content;
    }
  }
  return hasBody ? records + EMPTY_PARAMS : records + EMPTY_PARAMS + EMPTY_STDIN;
}

/** Takes records out of a byte stream. Content is passed on as it comes, whole record or not. */
export class RecordReader {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  #type = 0;
  #content = 0;
  #padding = 0;

  /**
   * @returns `ended` when the last record of a request was read; bytes behind it do not belong to anything and are `malformed`
   */
  push(data: Buffer, onContent: (type: number, content: Buffer) => void): 'open' | 'ended' | 'malformed' {
    let at = 0;
    while (at < data.length) {
      if (this.#content > 0) {
        const size = Math.min(this.#content, data.length - at);
        if (this.#type !== RECORD.END_REQUEST) onContent(this.#type, data.subarray(at, at + size));
        at += size;
        this.#content -= size;
      } else if (this.#padding > 0) {
        const size = Math.min(this.#padding, data.length - at);
        at += size;
        this.#padding -= size;
      } else {
        at = this.#takeHeader(data, at);
        if (this.#headerLength !== HEADER_BYTES) break;
        this.#headerLength = 0;
        if (this.#header[0] !== VERSION || this.#header.readUInt16BE(2) !== REQUEST_ID) return 'malformed';
        this.#type = this.#header[1] ?? 0;
        this.#content = this.#header.readUInt16BE(4);
        this.#padding = this.#header[6] ?? 0;
        if (this.#type === RECORD.END_REQUEST && this.#content !== 8) return 'malformed';
        continue;
      }
      if (this.#type === RECORD.END_REQUEST && this.#content === 0 && this.#padding === 0) {
        this.#type = 0;
        return at === data.length ? 'ended' : 'malformed';
      }
    }
    return 'open';
  }

  #takeHeader(data: Buffer, from: number): number {
    const size = Math.min(HEADER_BYTES - this.#headerLength, data.length - from);
    data.copy(this.#header, this.#headerLength, from, from + size);
    this.#headerLength += size;
    return from + size;
  }
}
