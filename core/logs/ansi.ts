/** Escape sequences of terminals (ECMA-48) in what a program printed. */
import { stripVTControlCharacters } from 'node:util';

const ESCAPE = '\u001b';
/** One sequence: CSI (colours, cursor), OSC (title, link; ended by BEL or ST), or a short one. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const SEQUENCE = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-~])/;

export const hasAnsi = (text: string): boolean => text.includes(ESCAPE);

export const stripAnsi = (text: string): string => (hasAnsi(text) ? stripVTControlCharacters(text) : text);

/** Leaves out the first `count` visible characters, and the sequences before and between them; those that follow stay. */
export function dropVisible(text: string, count: number): string {
  let at = 0;
  for (let left = count; left > 0 && at < text.length;) {
    const sequence = text[at] === ESCAPE ? SEQUENCE.exec(text.slice(at, at + 512))?.[0] : undefined;
    if (sequence === undefined) left -= 1;
    at += sequence?.length ?? 1;
  }
  return text.slice(at);
}
