/**
 * The headers of a tar file on disk, read strictly: what two programs could read in two ways is refused, because another one unpacks it.
 * Formats: POSIX.1-1988 ustar, POSIX.1-2001 pax, and GNU long names; see tar(5).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { unsafe } from './tree-guard.ts';

const BLOCK = 512;
const MAX_NAME_BYTES = 65_536;
const MAX_PAX_BYTES = 1_048_576;

export interface TarEntry {
  readonly name: string;
  /** Type flag: `0` file, `1` hard link, `2` symbolic link, `5` folder, … */
  readonly type: string;
  /** Of a link; else empty. */
  readonly target: string;
  readonly size: number;
  /** Bits of permission. */
  readonly mode: number;
  /** Where its content begins in the file. */
  readonly offset: number;
}

/** @param file an uncompressed tar file; throws ARCHIVE_UNSAFE when it is damaged, cut off or ambiguous */
export function* readTarHeaders(file: string): Generator<TarEntry, void, void> {
  const descriptor = openSync(file, 'r');
  try {
    yield* read(file, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What the headers before an entry's own said of it. */
interface Override {
  name?: string;
  target?: string;
}

function* read(file: string, descriptor: number): Generator<TarEntry, void, void> {
  const end = fstatSync(descriptor).size;
  const header = Buffer.alloc(BLOCK);
  let override: Override = {};
  let ended = false;

  for (let at = 0; at + BLOCK <= end;) {
    readSync(descriptor, header, 0, BLOCK, at);
    if (header.every((byte) => byte === 0)) {
      ended = true;
      break;
    }
    assertChecksum(file, header);
    const size = readNumber(file, header.subarray(124, 136));
    const type = String.fromCharCode(header[156] ?? 0).replace('\0', '0');
    const body = at + BLOCK;
    if (body + size > end) throw unsafe(file, 'it was cut off');
    at = body + Math.ceil(size / BLOCK) * BLOCK;

    if (type === 'L' || type === 'K') {
      if (size > MAX_NAME_BYTES) throw unsafe(file, 'a name has more than 64 kB');
      const long = readBody(descriptor, body, size)
        .toString('utf8')
        .replace(/\0[\s\S]*$/, '');
      override = merge(file, override, type === 'L' ? { name: long } : { target: long });
    } else if (type === 'x' || type === 'g') {
      if (size > MAX_PAX_BYTES) throw unsafe(file, 'a pax header has more than 1 MB');
      const fields = readPax(file, readBody(descriptor, body, size));
      if (type === 'g' && (fields.name !== undefined || fields.target !== undefined)) {
        throw unsafe(file, 'a global header gives all entries one name');
      }
      override = merge(file, override, fields);
    } else {
      const name = override.name ?? shortName(header);
      const target = override.target ?? text(header, 157, 100);
      override = {};
      // GNU tar reads no data for a link, whatever its size says; others do (pax, "size" of a hard link).
      if (size > 0 && type !== '0' && type !== '7') throw unsafe(file, `${name} is not a file and yet has data`);
      const mode = readNumber(file, header.subarray(100, 108)) & 0o777;
      yield { name, type, target: type === '1' || type === '2' ? target : '', size, mode, offset: body };
    }
  }
  // GNU tar takes a file without the closing block for whole; a download that was cut between two entries looks the same.
  if (!ended) throw unsafe(file, 'it was cut off');
}

/** Two long names for one entry: programs differ in which they believe. */
function merge(file: string, first: Override, second: Override): Override {
  if (
    (first.name !== undefined && second.name !== undefined) ||
    (first.target !== undefined && second.target !== undefined)
  ) {
    throw unsafe(file, 'an entry has two names');
  }
  return { ...first, ...second };
}

const text = (header: Buffer, at: number, length: number): string =>
  header.toString('utf8', at, at + length).replace(/\0[\s\S]*$/, '');

/** The prefix field belongs to POSIX's form only ("ustar\0"); GNU's ("ustar  ") keeps times there. */
function shortName(header: Buffer): string {
  const name = text(header, 0, 100);
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal text, or base-256 with the top bit set (GNU). */
function readNumber(file: string, field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = BigInt((field[0] ?? 0) & 0x7f);
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw unsafe(file, 'an entry claims an impossible size');
    return Number(value);
  }
  const digits = field.toString('latin1').replace(/[\0 ][\s\S]*$/, '');
  const value = digits === '' ? 0 : /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  if (!Number.isSafeInteger(value)) throw unsafe(file, 'an entry has an unreadable size');
  return value;
}

function assertChecksum(file: string, header: Buffer): void {
  let sum = 8 * 32;
  for (let index = 0; index < BLOCK; index++) if (index < 148 || index >= 156) sum += header[index] ?? 0;
  const stored = /^ *([0-7]+)[\0 ]/.exec(header.toString('latin1', 148, 157))?.[1] ?? '';
  if (stored === '' || sum !== parseInt(stored, 8)) throw unsafe(file, 'a header is damaged');
}

function readBody(descriptor: number, at: number, size: number): Buffer {
  const body = Buffer.alloc(size);
  readSync(descriptor, body, 0, size, at);
  return body;
}

/** Records "LENGTH KEY=VALUE\n". */
function readPax(file: string, body: Buffer): Override {
  const found: Override = {};
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = space === -1 ? NaN : Number(body.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= 0 || at + length > body.length || body[at + length - 1] !== 0x0a) {
      throw unsafe(file, 'a pax header is damaged');
    }
    const record = body.toString('utf8', space + 1, at + length - 1);
    const key = record.slice(0, record.indexOf('='));
    const value = record.slice(record.indexOf('=') + 1);
    if (key === 'path') found.name = value;
    if (key === 'linkpath') found.target = value;
    // They change where and how long the data is; nothing that is installed needs them.
    if (key === 'size' || key.startsWith('GNU.sparse.')) throw unsafe(file, `a pax header sets ${key}`);
    at += length;
  }
  return found;
}
