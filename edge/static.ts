/** Static files: conditional requests, one range, HEAD. RFC 9110. */
import { createReadStream, type Stats } from 'node:fs';
import type { Exchange } from './exchange.ts';
import { mediaTypeOf } from './mime.ts';

export function serveFile(exchange: Exchange, file: string, stats: Stats): void {
  const { method, headers } = exchange;
  if (method !== 'GET' && method !== 'HEAD') {
    exchange.fail(405, { allow: 'GET, HEAD' });
    return;
  }
  const etag = `"${stats.size.toString(36)}-${Math.floor(stats.mtimeMs).toString(36)}"`;
  const lastModified = new Date(Math.floor(stats.mtimeMs / 1000) * 1000);
  const common = {
    etag,
    'last-modified': lastModified.toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  };
  if (isNotModified(headers, etag, lastModified)) {
    exchange.send(304, common, null);
    return;
  }
  const range = parseRange(headers, stats.size, etag, lastModified);
  if (range === 'unsatisfiable') {
    exchange.fail(416, { 'content-range': `bytes */${stats.size}` });
    return;
  }
  const [start, end] = range ?? [0, stats.size - 1];
  const answer = {
    ...common,
    'content-type': mediaTypeOf(file),
    'content-length': String(end - start + 1),
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${stats.size}` }),
  };
  const status = range === null ? 200 : 206;
  if (method === 'HEAD' || stats.size === 0) exchange.send(status, answer, null);
  else exchange.stream(status, answer, createReadStream(file, { start, end }));
}

type Headers = Exchange['headers'];
const text = (headers: Headers, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** If-None-Match wins over If-Modified-Since (section 13.2.2). */
function isNotModified(headers: Headers, etag: string, lastModified: Date): boolean {
  const match = text(headers, 'if-none-match');
  if (match !== undefined) return match.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
  const since = Date.parse(text(headers, 'if-modified-since') ?? '');
  return !Number.isNaN(since) && lastModified.getTime() <= since;
}

/** Null: the whole file. Several ranges are answered with the whole file, as section 14.2 allows. */
function parseRange(
  headers: Headers,
  size: number,
  etag: string,
  lastModified: Date,
): [number, number] | 'unsatisfiable' | null {
  const header = text(headers, 'range');
  if (header === undefined) return null;
  const condition = text(headers, 'if-range');
  if (condition !== undefined && condition !== etag && Date.parse(condition) !== lastModified.getTime()) return null;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const [first, last] = [match[1] ?? '', match[2] ?? ''];
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (start >= size || (first === '' && Number(last) === 0)) return 'unsatisfiable';
  return end < start ? null : [start, end];
}
