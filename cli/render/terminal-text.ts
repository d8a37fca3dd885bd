/**
 * Text as a terminal may get it. Names, log lines, paths and errors come from others: an escape sequence in them could clear the screen, fill
 * the clipboard or write another line over a true one. Everything that the command line prints comes through here.
 */

/** ECMA-48: CSI, then the sequences that carry text (OSC, DCS, SOS, PM, APC) up to their end, then the short ones; with 8-bit forms. */
const SEQUENCE =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const COLOUR = /^\u001b\[(?<codes>[\d;]*)m$/;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const MAY_BE_UNSAFE = /[^\n\t\u0020-\u007e\u00a0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\uffff]/;
/** C0 but newline and tab, DEL, C1, and what turns the direction of text or its lines around. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const RESET = '\u001b[0m';
const SYMBOLS = 0x2400;

/** Colours, bold, dim, italic, underlined, inverse, and their ends; nothing that hides or blinks. */
function isPlainColour(codes: readonly number[]): boolean {
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    const isColour = (code >= 30 && code <= 49) || (code >= 90 && code <= 107);
    if (code === 38 || code === 48) {
      // 38;5;N and 38;2;R;G;B
      const length = codes[at + 1] === 5 ? 2 : codes[at + 1] === 2 ? 4 : 0;
      if (length === 0 || at + length >= codes.length) return false;
      at += length;
    } else if (!isColour && ![0, 1, 2, 3, 4, 7, 22, 23, 24, 27].includes(code)) {
      return false;
    }
  }
  return true;
}

/** A control character by its picture, such as ␇ for the bell. */
function pictureOf(control: string): string {
  const code = control.charCodeAt(0);
  if (code === 0x0d) return '';
  if (code < 0x20) return String.fromCharCode(SYMBOLS + code);
  return code === 0x7f ? '\u2421' : '\ufffd';
}

/**
 * Leaves out sequences that do more than colour, and shows other control characters as pictures. Each line ends without colour.
 *
 * @param colours false: no colour either
 */
export function shown(text: string, colours: boolean): string {
  if (!MAY_BE_UNSAFE.test(text)) return text;
  return text
    .split('\n')
    .map((line) => shownLine(line, colours))
    .join('\n');
}

function shownLine(line: string, colours: boolean): string {
  if (!MAY_BE_UNSAFE.test(line)) return line;
  let result = '';
  let at = 0;
  let isColoured = false;
  for (const match of line.matchAll(SEQUENCE)) {
    result += line.slice(at, match.index).replaceAll(CONTROL, pictureOf);
    at = match.index + match[0].length;
    const codes = COLOUR.exec(match[0])?.groups?.['codes']?.split(';').map(Number);
    if (!colours || codes === undefined || !isPlainColour(codes)) continue;
    result += match[0];
    isColoured = codes.at(-1) !== 0;
  }
  result += line.slice(at).replaceAll(CONTROL, pictureOf);
  return isColoured ? result + RESET : result;
}

/** For a cell of a table or a name in a sentence: one line, whatever it was. */
export const inOneLine = (text: string): string => text.replaceAll(/[\r\n\t\u2028\u2029]+/g, ' ');

/** JSON whose text a terminal can show: JSON itself escapes only what is below U+0020. The value stays the same. */
export const jsonText = (value: unknown, space?: number): string =>
  (JSON.stringify(value, null, space) ?? 'null').replaceAll(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

let colours = process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
/** Whether this terminal gets colours. */
export const hasColours = (): boolean => colours;
export const withoutColours = (): void => void (colours = false);

/** To stdout, as it may be shown. */
export const writeOut = (text: string): void => void process.stdout.write(shown(text, colours));
/** To stderr, as it may be shown. */
export const writeError = (text: string): void => void process.stderr.write(shown(text, colours));
/** To stdout as it is: for the shell, which reads it, not for people. */
export const writeForPrograms = (text: string): void => void process.stdout.write(text);
