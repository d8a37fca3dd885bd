/** Private keys in PEM form (RFC 7468), whole or cut off by the edge of a log. */

/** A key of 16384 bits has 13 kB. */
const MAX_KEY_LENGTH = 16_384;
const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/g;
const END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-{0,5}/g;

/** Linear in the text. */
export function redactPrivateKeys(text: string, marker: string): string {
  if (!text.includes('PRIVATE KEY')) return text;
  let result = '';
  let at = 0;
  while (at < text.length) {
    const begin = find(BEGIN, text, at);
    const end = find(END, text, at);
    if (begin === null && end === null) break;
    if (end !== null && (begin === null || end.index < begin.index)) {
      // Its beginning was cut off: what stands before its end, up to the length of a key, may belong to it.
      result += text.slice(at, Math.max(at, end.index - MAX_KEY_LENGTH)) + marker;
      at = end.index + end.length;
    } else if (begin !== null) {
      const next = end !== null && end.index - begin.index <= MAX_KEY_LENGTH ? end.index + end.length : null;
      result += text.slice(at, begin.index) + marker;
      at = next ?? begin.index + MAX_KEY_LENGTH;
    }
  }
  return result + text.slice(at);
}

function find(pattern: RegExp, text: string, from: number): { readonly index: number; readonly length: number } | null {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? null : { index: match.index, length: match[0].length };
}
