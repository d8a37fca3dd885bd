/** The head of an HTTP/2 request: what nghttp2 lets through, held to the rules and limits of HTTP/1.1. */
import type { IncomingHttpHeaders } from 'node:http2';
import type { Field } from '../exchange.ts';
import { isMethod, isTarget, MAX_FIELDS, MAX_HEAD_BYTES, MAX_TARGET_LENGTH, type Refusal } from '../http1/head.ts';
import { hostOf } from '../sites.ts';

export interface Http2Head {
  readonly authority: string;
  readonly host: string;
  readonly fields: readonly Field[];
}

export function readHead(headers: IncomingHttpHeaders): Http2Head | Refusal {
  const method = headers[':method'] ?? '';
  // CONNECT has neither path nor scheme (RFC 9113 section 8.5).
  if (method === 'CONNECT' || method === 'TRACE') return refuse(405, `${method} is not served`);
  if (!isMethod(method)) return refuse(400, 'the method is malformed');
  const target = headers[':path'] ?? '';
  if (target.length > MAX_TARGET_LENGTH) return refuse(414, 'the address is too long');
  if (!(target.startsWith('/') && isTarget(target)) && !(target === '*' && method === 'OPTIONS'))
    return refuse(400, 'the request target is malformed');
  const authority = headers[':authority'] ?? headers.host;
  const host = hostOf(authority);
  if (authority === undefined || host === null) return refuse(400, 'the Host is malformed');
  if (headers.host !== undefined && headers.host !== authority) return refuse(400, ':authority and Host differ');
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    return refuse(417, 'the only expectation served is 100-continue');
  const fields = fieldsOf(headers, authority);
  if (fields.length > MAX_FIELDS) return refuse(431, 'there are too many header fields');
  let bytes = target.length;
  for (const [name, value] of fields) bytes += name.length + value.length + 4;
  return bytes > MAX_HEAD_BYTES ? refuse(431, 'the head is too large') : { authority, host, fields };
}

const refuse = (status: Refusal['status'], reason: string): Refusal => ({ status, reason });

/** As HTTP/1.1 would have sent them: the authority as Host. Names are in lower case already (RFC 9113 section 8.2). */
function fieldsOf(headers: IncomingHttpHeaders, authority: string): Field[] {
  const fields: Field[] = [['host', authority]];
  for (const name in headers) {
    const value = headers[name];
    if (name.charCodeAt(0) === 0x3a || name === 'host' || value === undefined) continue;
    if (typeof value === 'string') fields.push([name, value]);
    else for (const each of value) fields.push([name, each]);
  }
  return fields;
}
