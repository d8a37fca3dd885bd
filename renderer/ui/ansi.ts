/** Colours of terminals (ECMA-48 SGR) as classes; every other sequence is left out. */
/** CSI, then what carries text (OSC and its kin) and the short ones, which are left out whole. */
const SEQUENCE =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /\u001b\[([0-9;?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]/g;

export interface AnsiPart {
  readonly text: string;
  readonly classes: string;
}

const COLOURS: Readonly<Record<number, string>> = {
  31: 'text-bad',
  32: 'text-good',
  33: 'text-busy',
  34: 'text-link',
  35: 'text-link',
  36: 'text-good',
  90: 'text-soft',
  91: 'text-bad',
  92: 'text-good',
  93: 'text-busy',
  94: 'text-link',
  95: 'text-link',
  96: 'text-good',
};

export function parseAnsi(text: string): AnsiPart[] {
  if (!text.includes('\u001b')) return [{ text, classes: '' }];
  const parts: AnsiPart[] = [];
  let [colour, weight] = ['', ''];
  let at = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    if (match.index > at) parts.push({ text: text.slice(at, match.index), classes: `${colour} ${weight}`.trim() });
    at = match.index + match[0].length;
    if (match[2] !== 'm') continue;
    for (const code of (match[1] || '0').split(';').map(Number)) {
      if (code === 0) [colour, weight] = ['', ''];
      else if (code === 1) weight = 'font-semibold';
      else if (code === 2) weight = 'opacity-70';
      else if (code === 22) weight = '';
      else if (code === 39) colour = '';
      else colour = COLOURS[code] ?? colour;
    }
  }
  if (at < text.length) parts.push({ text: text.slice(at), classes: `${colour} ${weight}`.trim() });
  return parts;
}
