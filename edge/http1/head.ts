/**
 * The head of an HTTP/1.x request. Stricter than RFC 9112 allows: whatever two programs could read differently is refused, so that
 * nothing can be smuggled past the edge (section 11.2).
 */
import { hostOf } from '../sites.ts';
import type { Field } from '../exchange.ts';

export interface RequestHead {
  readonly method: string;
  /** In origin form (section 3.2.1), or "*". */
  readonly target: string;
  readonly minorVersion: 0 | 1;
  /** Names in lower case, in the order in which they came. */
  readonly fields: readonly Field[];
  /** Host with its port, as sent. */
  readonly authority: string;
  readonly host: string;
  /** Bytes of the body; null when it comes in chunks. */
  readonly contentLength: number | null;
  readonly expectsContinue: boolean;
  readonly keepAlive: boolean;
  readonly wantsWebSocket: boolean;
}

/** Why a request is refused; the connection is closed afterwards. */
export interface Refusal {
  readonly status: 400 | 405 | 414 | 417 | 431 | 501 | 505;
  readonly reason: string;
}

export const MAX_HEAD_BYTES = 64 * 1024;
export const MAX_TARGET_LENGTH = 16 * 1024;
export const MAX_FIELDS = 200;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Anything but tab and what can be seen: no NUL, no bare CR or LF. */
const ILLEGAL = /[^\t\x20-\x7e\x80-\xff]/;
const TARGET = /^[\x21\x22\x24-\x7e]+$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]+)(.*)$/i;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Case counts (RFC 9110 section 9.1) and every registered method is in upper case; many programs read "trace" as TRACE all the same. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/;

export const isMethod = (method: string): boolean => METHODS.has(method) || METHOD.test(method);
export const isTarget = (target: string): boolean => TARGET.test(target);

/** Checked names in lower case; the same few come again and again. */
const knownNames = new Map<string, string>();
const MAX_KNOWN_NAMES = 512;

/** A field name in lower case; null when it is not a token (RFC 9110 section 5.1). */
export function toFieldName(raw: string): string | null {
  const known = knownNames.get(raw);
  if (known !== undefined) return known;
  if (!TOKEN.test(raw)) return null;
  const name = raw.toLowerCase();
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.set(raw, name);
  return name;
}

/** True for a value that can be sent as it is, in latin1. */
export const isFieldValue = (value: string): boolean => !ILLEGAL.test(value);

const refuse = (status: Refusal['status'], reason: string): Refusal => ({ status, reason });

/** One field line without its line end (RFC 9112 section 5); null when it is none. */
export function parseFieldLine(line: string): Field | null {
  const colon = line.indexOf(':');
  // A name with a space before the colon, and a folded line, are no tokens.
  const name = colon <= 0 ? null : toFieldName(line.slice(0, colon));
  if (name === null || ILLEGAL.test(line)) return null;
  return [name, trimBlanks(line, colon + 1)];
}

/** Spaces and tabs only: `trim` would also take what is not white space in HTTP. */
function trimBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** @param text the head as latin1, with the empty line that ends it */
export function parseHead(text: string): RequestHead | Refusal {
  const firstEnd = text.indexOf('\r\n');
  const line = text.slice(0, firstEnd);
  const space = line.indexOf(' ');
  const lastSpace = line.lastIndexOf(' ');
  const method = line.slice(0, Math.max(space, 0));
  let target = line.slice(space + 1, Math.max(lastSpace, 0));
  const version = line.slice(lastSpace + 1);
  if (!isMethod(method)) return refuse(400, 'the method is malformed');
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    return /^HTTP\/\d\.\d$/.test(version)
      ? refuse(505, 'this server speaks HTTP/1.1 and HTTP/2')
      : refuse(400, 'the request line is malformed');
  }
  if (!isTarget(target)) return refuse(400, 'the request target is malformed');
  if (target.length > MAX_TARGET_LENGTH) return refuse(414, 'the address is too long');
  if (method === 'CONNECT' || method === 'TRACE') return refuse(405, `${method} is not served`);

  const fields: Field[] = [];
  let host: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let connection = '';
  let upgrade = '';
  let expect: string | undefined;
  for (let at = firstEnd + 2; ;) {
    const end = text.indexOf('\r\n', at);
    if (end === at) break;
    if (end === -1) return refuse(400, 'the head does not end');
    const field = parseFieldLine(text.slice(at, end));
    if (field === null) return refuse(400, 'a header line is malformed');
    at = end + 2;
    const value = field[1];
    switch (field[0]) {
      case 'host':
        if (host !== undefined) return refuse(400, 'there is more than one Host');
        host = value;
        break;
      case 'content-length':
        if (contentLength !== undefined) return refuse(400, 'there is more than one Content-Length');
        contentLength = value;
        break;
      case 'transfer-encoding':
        if (transferEncoding !== undefined) return refuse(400, 'there is more than one Transfer-Encoding');
        transferEncoding = value.toLowerCase();
        break;
      case 'connection':
        connection = connection === '' ? value.toLowerCase() : `${connection},${value.toLowerCase()}`;
        break;
      case 'upgrade':
        upgrade = value.toLowerCase();
        break;
      case 'expect':
        expect = value.toLowerCase();
        break;
    }
    fields.push(field);
    if (fields.length > MAX_FIELDS) return refuse(431, 'there are too many header fields');
  }

  const minorVersion = version === 'HTTP/1.1' ? 1 : 0;
  if (host === undefined) return refuse(400, 'there is no Host');
  let authority = host;
  const absolute = target.startsWith('/') ? null : ABSOLUTE_FORM.exec(target);
  if (absolute !== null) {
    // Section 3.2.2 lets the target win over Host; two that differ are refused instead.
    if ((absolute[1] ?? '').toLowerCase() !== host.toLowerCase()) return refuse(400, 'target and Host differ');
    authority = absolute[1] ?? '';
    target = (absolute[2] ?? '').startsWith('/') ? (absolute[2] ?? '/') : `/${absolute[2] ?? ''}`;
  } else if (!target.startsWith('/') && !(target === '*' && method === 'OPTIONS')) {
    return refuse(400, 'the request target is malformed');
  }
  const hostName = hostOf(authority);
  if (hostName === null) return refuse(400, 'the Host is malformed');

  let length: number | null = 0;
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return refuse(400, 'there are both Content-Length and Transfer-Encoding');
    if (minorVersion === 0) return refuse(400, 'HTTP/1.0 has no Transfer-Encoding');
    if (transferEncoding !== 'chunked') return refuse(501, 'the only transfer coding served is "chunked"');
    length = null;
  } else if (contentLength !== undefined) {
    if (!/^\d{1,15}$/.test(contentLength)) return refuse(400, 'the Content-Length is malformed');
    length = Number(contentLength);
  }
  if (expect !== undefined && expect !== '100-continue')
    return refuse(417, 'the only expectation served is 100-continue');

  return {
    method,
    target,
    minorVersion,
    fields,
    authority,
    host: hostName,
    contentLength: length,
    expectsContinue: expect !== undefined && minorVersion === 1,
    keepAlive: connection === '' ? minorVersion === 1 : isKeptAlive(connection, minorVersion),
    wantsWebSocket:
      upgrade === 'websocket' &&
      minorVersion === 1 &&
      method === 'GET' &&
      length === 0 &&
      hasToken(connection, 'upgrade'),
  };
}

/** Section 9.3. */
function isKeptAlive(connection: string, minorVersion: 0 | 1): boolean {
  if (hasToken(connection, 'close')) return false;
  return minorVersion === 1 || hasToken(connection, 'keep-alive');
}

/** @param list comma separated, in lower case */
export function hasToken(list: string, token: string): boolean {
  return list === token || list.split(',').some((part) => part.trim() === token);
}

/** The head ends with an empty line; -1 while it has not. @param from where the last look ended */
export function findHeadEnd(data: Buffer, from: number): number {
  const at = data.indexOf('\r\n\r\n', Math.max(0, from - 3), 'latin1');
  return at === -1 ? -1 : at + 4;
}

/** True when an unfinished head already has a line end that is not CRLF, so that waiting for more is of no use. */
export function hasBareLineEnd(data: Buffer, from: number): boolean {
  for (let at = data.indexOf(0x0a, from); at !== -1; at = data.indexOf(0x0a, at + 1)) {
    if (at === 0 || data[at - 1] !== 0x0d) return true;
  }
  return false;
}
