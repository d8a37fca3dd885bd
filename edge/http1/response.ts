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

/** Framing is ours to say, whatever the upstream said. */
const FRAMING = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'content-length',
  'server',
]);

/**
 * @param framing the lines that say how long the body is and what becomes of the connection
 * @returns the head with its empty line, as latin1
 */
export function responseHead(status: number, fields: readonly Field[], framing: string): string {
  let head = statusLine(status);
  let hasDate = false;
  for (const [name, value] of fields) {
    if (FRAMING.has(name)) continue;
    if (name === 'date') hasDate = true;
    head += `${name}: ${value}\r\n`;
  }
  return `${head}${hasDate ? '' : date()}${framing}\r\n`;
}

/** RFC 9110 sections 6.4.1 and 8.6. */
export const hasNoContent = (status: number): boolean => status === 204 || status === 304 || status < 200;

/** For requests that were not understood: nothing is known of what the client would like to read. */
export function shortAnswer(status: number, reason: string): string {
  const body = `${status} ${STATUS_CODES[status] ?? ''}: ${reason}.\n`;
  return (
    responseHead(
      status,
      [['content-type', 'text/plain; charset=utf-8']],
      `content-length: ${body.length}\r\nconnection: close\r\n`,
    ) + body
  );
}
