/** Static files: conditional requests, one range, HEAD. RFC 9110 sections 13 and 14. */
import { closeSync, openSync, readSync, type Stats } from 'node:fs';
import { fail, type Exchange, type Field } from './exchange.ts';
import { READ_FLAGS, streamFile } from './file-stream.ts';
import { mediaTypeOf } from './mime.ts';

/** Files up to here are read at once: faster than four round trips to the thread pool. */
const SMALL_BYTES = 64 * 1024;

export function serveFile(exchange: Exchange, file: string, stats: Stats): void {
  const { method } = exchange;
  if (method !== 'GET' && method !== 'HEAD') {
    fail(exchange, 405, {}, [['allow', 'GET, HEAD']]);
    return;
  }
  const etag = `"${stats.size.toString(36)}-${Math.floor(stats.mtimeMs * 1000).toString(36)}"`;
  const modifiedMs = Math.floor(stats.mtimeMs / 1000) * 1000;
  const fields: Field[] = [
    ['etag', etag],
    ['last-modified', new Date(modifiedMs).toUTCString()],
    ['accept-ranges', 'bytes'],
    ['cache-control', 'no-cache'],
    ['x-content-type-options', 'nosniff'],
  ];
  if (isNotModified(exchange, etag, modifiedMs)) {
    exchange.send(304, fields, null);
    return;
  }
  const range = method === 'GET' ? parseRange(exchange, stats.size, etag, modifiedMs) : null;
  if (range === 'unsatisfiable') {
    fail(exchange, 416, {}, [['content-range', `bytes */${stats.size}`]]);
    return;
  }
  fields.push(['content-type', mediaTypeOf(file)]);
  const [start, end] = range ?? [0, stats.size - 1];
  const length = end - start + 1;
  if (range !== null) fields.push(['content-range', `bytes ${start}-${end}/${stats.size}`]);
  const status = range === null ? 200 : 206;
  if (method === 'HEAD' || length === 0) {
    exchange.send(status, [...fields, ['content-length', String(length)]], null);
  } else if (length <= SMALL_BYTES) {
    const content = readPart(file, start, length);
    if (typeof content === 'number') fail(exchange, content);
    else exchange.send(status, fields, content);
  } else {
    streamFile(exchange, status, [...fields, ['content-length', String(length)]], { file, start, end });
  }
}

/** Status of the answer when the file may not be read, went away, or became shorter since it was looked at. */
function statusOf(error: unknown): 403 | 404 {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') return 403;
  if (code === 'ENOENT') return 404;
  throw error;
}

function readPart(file: string, start: number, length: number): Buffer | 403 | 404 {
  let descriptor: number;
  try {
    descriptor = openSync(file, READ_FLAGS);
  } catch (error) {
    return statusOf(error);
  }
  try {
    const content = Buffer.allocUnsafe(length);
    let at = 0;
    while (at < length) {
      const size = readSync(descriptor, content, at, length - at, start + at);
      if (size === 0) return 404;
      at += size;
    }
    return content;
  } finally {
    closeSync(descriptor);
  }
}

/** If-None-Match wins over If-Modified-Since (section 13.2.2). */
function isNotModified(exchange: Exchange, etag: string, modifiedMs: number): boolean {
  const match = exchange.field('if-none-match');
  if (match !== undefined)
    return match.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
  const since = exchange.field('if-modified-since');
  if (since === undefined) return false;
  const sinceMs = Date.parse(since);
  return !Number.isNaN(sinceMs) && modifiedMs <= sinceMs;
}

/** Null: the whole file. Several ranges are answered with the whole file, as section 14.2 allows. */
function parseRange(
  exchange: Exchange,
  size: number,
  etag: string,
  modifiedMs: number,
): readonly [number, number] | 'unsatisfiable' | null {
  const header = exchange.field('range');
  if (header === undefined) return null;
  const condition = exchange.field('if-range');
  // A weak validator never fits (section 13.1.5).
  if (condition !== undefined && condition !== etag && Date.parse(condition) !== modifiedMs) return null;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header);
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const [first, last] = [match[1] ?? '', match[2] ?? ''];
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  return start >= size || (first === '' && Number(last) === 0) ? 'unsatisfiable' : [start, end];
}
