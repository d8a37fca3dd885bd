/**
 * The head of an answer, made fit to be sent. A service may say anything: what one protocol carries, the other resets the stream for, and
 * `node:http2` throws. Both protocols send what is left here and nothing else.
 */
import { HOP_BY_HOP, connectionFields, fieldOf, type Field } from './exchange.ts';
import { isFieldValue, toFieldName } from './http1/head.ts';

/** Chrome takes 256 kB over either protocol. Counted as RFC 9113 section 6.5.2 does: 32 bytes more for each field. */
export const MAX_RESPONSE_HEAD_BYTES = 256 * 1024;
const FIELD_OVERHEAD_BYTES = 32;
const MAX_RESPONSE_FIELDS = 1000;

/** Why a head that is too large is not sent. */
export const HEAD_TOO_LARGE = `the head of its answer is larger than ${MAX_RESPONSE_HEAD_BYTES / 1024} kB`;

export interface ResponseHead {
  readonly status: number;
  /** End-to-end fields without Content-Length and Server. */
  readonly fields: readonly Field[];
  /** Content-Length as the service said it; null when it said none that can be used. */
  readonly length: number | null;
  /** By the count of RFC 9113 section 6.5.2. */
  readonly bytes: number;
}

/** Fields that may be there once: RFC 9110 section 5.3 allows several lines only where the value is a list. Of several the last one counts, as in PHP. */
const SINGLE = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);
/** Lists that `node:http2` takes in one line only. */
const JOINED = new Set(['content-encoding', 'content-language', 'if-match', 'if-none-match']);

/** RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
export const forbidsContent = (status: number): boolean => status === 204 || status === 205 || status === 304;

/** @returns the head, or in a clause why it cannot be sent */
export function prepareHead(status: number, fields: readonly Field[]): ResponseHead | string {
  // 1xx are no answers (RFC 9110 section 15.2), and 101 is for who asked to switch.
  if (!Number.isInteger(status) || status < 200 || status > 599) return `it answered with the status ${status}`;
  if (fields.length > MAX_RESPONSE_FIELDS) return `its answer has more than ${MAX_RESPONSE_FIELDS} header fields`;
  const left = fieldOf(fields, 'connection') === undefined ? HOP_BY_HOP : connectionFields(fields);
  const kept: Field[] = [];
  let length: number | null = null;
  let hasLength = false;
  let bytes = 0;
  for (const field of fields) {
    const name = toFieldName(field[0]);
    const value = field[1];
    // What is no header field is left out: it must not break the answer in two.
    if (name === null || left.has(name) || name === 'server' || !isFieldValue(value)) continue;
    if (name === 'content-length') {
      const said = /^\d{1,15}$/.test(value) ? Number(value) : null;
      // Two that differ say nothing.
      length = hasLength && said !== length ? null : said;
      hasLength = true;
      continue;
    }
    bytes += name.length + value.length + FIELD_OVERHEAD_BYTES;
    if (bytes > MAX_RESPONSE_HEAD_BYTES) return HEAD_TOO_LARGE;
    put(kept, name === field[0] && value === value.trim() ? field : [name, value.trim()]);
  }
  return { status, fields: kept, length, bytes };
}

function put(kept: Field[], field: Field): void {
  const [name, value] = field;
  if (SINGLE.has(name)) {
    const at = kept.findIndex(([known]) => known === name);
    if (at !== -1) kept.splice(at, 1);
  } else if (JOINED.has(name)) {
    const at = kept.findIndex(([known]) => known === name);
    if (at !== -1) {
      kept[at] = [name, `${kept[at]?.[1] ?? ''}, ${value}`];
      return;
    }
  }
  kept.push(field);
}
