/** The head of a CGI answer (RFC 3875 section 6). */
import type { Field } from '../exchange.ts';
import { parseFieldLine } from '../http1/head.ts';

export interface CgiHead {
  readonly status: number;
  readonly fields: readonly Field[];
}

/** Lines end with CRLF in PHP, with LF in some programs. Null while the empty line has not come. */
export function findCgiHeadEnd(data: Buffer): { readonly head: number; readonly body: number } | null {
  const crlf = data.indexOf('\r\n\r\n', 0, 'latin1');
  const lf = data.indexOf('\n\n', 0, 'latin1');
  if (crlf !== -1 && (lf === -1 || crlf < lf)) return { head: crlf, body: crlf + 4 };
  return lf === -1 ? null : { head: lf, body: lf + 2 };
}

/** @param text as latin1, without the empty line. What is no header field is left out: it must not break the answer in two. */
export function parseCgiHead(text: string): CgiHead {
  let status: number | null = null;
  let hasLocation = false;
  const fields: Field[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    const stop = end === -1 ? text.length : end;
    const field = parseFieldLine(text.slice(at, stop > at && text.charCodeAt(stop - 1) === 0x0d ? stop - 1 : stop));
    at = stop + 1;
    if (field === null) continue;
    if (field[0] === 'status') {
      // Anything else than three digits is no status; `prepareHead` says so.
      status = /^\d{3}(?!\d)/.test(field[1]) ? Number(field[1].slice(0, 3)) : 0;
      continue;
    }
    hasLocation ||= field[0] === 'location';
    fields.push(field);
  }
  // A Location without a Status is a redirect (section 6.2.3).
  return { status: status ?? (hasLocation ? 302 : 200), fields };
}
