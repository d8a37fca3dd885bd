/** The head of an HTTP/1.1 answer as text. */
import { STATUS_CODES } from 'node:http';
import type { Field } from '../exchange.ts';

let second = 0;
let dateLine = '';

/** Made once a second: formatting a date costs more than the rest of the head. */
function date(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    dateLine = `date: ${new Date(now * 1000).toUTCString()}\r\n`;
  }
  return dateLine;
}

const statusLines = new Map<number, string>();
function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\nserver: kojibox\r\n`;
    if (statusLines.size < 600) statusLines.set(status, line);
  }
  return line;
}

/**
 * @param framing the lines that say how long the body is and what becomes of the connection
 * @returns the head with its empty line, as latin1
 */
export function responseHead(
  { status, fields }: { readonly status: number; readonly fields: readonly Field[] },
  framing: string,
): string {
  let head = statusLine(status);
  let hasDate = false;
  for (const [name, value] of fields) {
    if (name === 'date') hasDate = true;
    head += `${name}: ${value}\r\n`;
  }
  return `${head}${hasDate ? '' : date()}${framing}\r\n`;
}

/** For requests that were not understood: nothing is known of what the client would like to read. */
export const refusalText = (status: number, reason: string): string =>
  `${status} ${STATUS_CODES[status] ?? ''}: ${reason}.\n`;

export function shortAnswer(status: number, reason: string): string {
  const body = refusalText(status, reason);
  return (
    responseHead(
      { status, fields: [['content-type', 'text/plain; charset=utf-8']] },
      `content-length: ${body.length}\r\nconnection: close\r\n`,
    ) + body
  );
}
