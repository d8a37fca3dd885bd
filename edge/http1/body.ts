/** Bodies of HTTP/1.1 requests: a given length, or chunks (RFC 9112 sections 6 and 7.1). */
import { parseFieldLine } from './head.ts';

export class BodyError extends Error {
  override readonly name = 'BodyError';
}

export interface BodyDecoder {
  /** The body is whole; what comes next is another request. */
  readonly done: boolean;
  /**
   * Takes what belongs to the body and passes its content on.
   *
   * @returns bytes taken; fewer than given only when the body is whole
   * @throws BodyError when it is malformed
   */
  take(data: Buffer, onContent: (content: Buffer) => void): number;
}

export class LengthDecoder implements BodyDecoder {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  take(data: Buffer, onContent: (content: Buffer) => void): number {
    const size = Math.min(this.#left, data.length);
    this.#left -= size;
    if (size > 0) onContent(size === data.length ? data : data.subarray(0, size));
    return size;
  }
}

const MAX_SIZE_LINE = 256;
const MAX_TRAILER_BYTES = 8 * 1024;
/** Chunk extensions are allowed and ignored, as section 7.1.1 asks; they must be visible characters. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,12})(?:[ \t]*;[\t\x20-\x7e]*)?$/;

export class ChunkedDecoder implements BodyDecoder {
  #state: 'size' | 'content' | 'content-end' | 'trailers' | 'done' = 'size';
  /** Bytes of the chunk, or of the CRLF behind it, that are still to come. */
  #left = 0;
  #line = '';
  #trailerBytes = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  take(data: Buffer, onContent: (content: Buffer) => void): number {
    let at = 0;
    while (at < data.length && this.#state !== 'done') {
      if (this.#state === 'content') {
        const size = Math.min(this.#left, data.length - at);
        onContent(data.subarray(at, at + size));
        at += size;
        this.#left -= size;
        if (this.#left === 0) [this.#state, this.#left] = ['content-end', 2];
      } else if (this.#state === 'content-end') {
        if (data[at] !== (this.#left === 2 ? 0x0d : 0x0a)) throw new BodyError('a chunk is longer than its size');
        at += 1;
        this.#left -= 1;
        if (this.#left === 0) this.#state = 'size';
      } else {
        at = this.#takeLine(data, at);
      }
    }
    return at;
  }

  #takeLine(data: Buffer, from: number): number {
    const end = data.indexOf(0x0a, from);
    this.#line += data.toString('latin1', from, end === -1 ? data.length : end + 1);
    if (this.#line.length > (this.#state === 'size' ? MAX_SIZE_LINE : MAX_TRAILER_BYTES))
      throw new BodyError('a line between the chunks is too long');
    if (end === -1) return data.length;
    if (!this.#line.endsWith('\r\n')) throw new BodyError('a line between the chunks does not end with CRLF');
    const line = this.#line.slice(0, -2);
    this.#line = '';
    if (this.#state === 'size') this.#startChunk(line);
    else this.#endTrailer(line);
    return end + 1;
  }

  #startChunk(line: string): void {
    const size = SIZE_LINE.exec(line)?.[1];
    if (size === undefined) throw new BodyError('the size of a chunk is malformed');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'content';
  }

  /** Trailers are checked and dropped: nothing behind the edge may take them for headers. */
  #endTrailer(line: string): void {
    this.#trailerBytes += line.length + 2;
    if (line === '') this.#state = 'done';
    else if (this.#trailerBytes > MAX_TRAILER_BYTES || parseFieldLine(line) === null)
      throw new BodyError('a trailer is malformed');
  }
}
