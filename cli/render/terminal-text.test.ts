import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOneLine, jsonText, shown } from './terminal-text.ts';

const ESC = '\u001b';
/** What a terminal may get: text, newline, tab, and plain colours. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const SAFE = /^(?:[\n\t\u0020-\u007e\u00a0-\uffff]|\u001b\[[\d;]*m)*$/;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const SAFE_PLAIN = /^[\n\t\u0020-\u007e\u00a0-\uffff]*$/;

const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 10 }),
      fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)),
      fc.constantFrom(
        `${ESC}[`,
        `${ESC}]`,
        `${ESC}P`,
        '\u009b',
        '\u009d',
        '\u0007',
        `${ESC}\\`,
        '38;5;',
        '8',
        'm',
        ';',
        '\u202e',
      ),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('text for a terminal', () => {
  it('has nothing in it but text and plain colours, whatever it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(shown(text, true)).toMatch(SAFE);
        expect(shown(text, false)).toMatch(SAFE_PLAIN);
        for (const sequence of shown(text, true).match(/\u001b\[[\d;]*m/g) ?? [])
          expect(sequence).not.toMatch(/(?:^|[[;])(?:5|6|8)m$/);
        expect(shown(text, true)).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['clears the screen', `a${ESC}[2J${ESC}[Hb`, 'ab'],
    ['fills the clipboard (OSC 52)', `a${ESC}]52;c;ZXZpbA==\u0007b`, 'ab'],
    ['fills the clipboard, ended by ST', `a${ESC}]52;c;ZXZpbA==${ESC}\\b`, 'ab'],
    ['sets the title', `a${ESC}]0;root@prod\u0007b`, 'ab'],
    ['sets the title, without an end', `a${ESC}]0;root`, 'a'],
    ['is an 8-bit sequence', 'a\u009b2Jb', 'ab'],
    ['carries text in a DCS', `a${ESC}P$q"p${ESC}\\b`, 'ab'],
    ['writes over the line', 'good\rbad', 'goodbad'],
    ['goes back', 'ab\b\bcd', 'ab␈␈cd'],
    ['rings', 'a\u0007', 'a␇'],
    ['hides text', `a${ESC}[8mb${ESC}[0m`, `ab${ESC}[0m`],
    ['turns the direction around', 'a\u202ecod.exe', 'a\ufffdcod.exe'],
    ['resets the terminal', `a${ESC}cb`, 'ab'],
    ['colours', `${ESC}[31mred${ESC}[0m`, `${ESC}[31mred${ESC}[0m`],
    ['colours without an end', `${ESC}[1;38;5;9mred\nnext`, `${ESC}[1;38;5;9mred${ESC}[0m\nnext`],
    ['is not ASCII', 'Grüße 你好 😀\ttab', 'Grüße 你好 😀\ttab'],
  ])('%s', (_what, text, expected) => {
    expect(shown(text, true)).toBe(expected);
  });

  it('has no colours where the terminal has none', () => {
    expect(shown(`${ESC}[31mred${ESC}[0m`, false)).toBe('red');
  });

  it('is one line in a cell', () => {
    expect(inOneLine('Shop\n✓ all is well\r\n')).toBe('Shop ✓ all is well ');
  });
});

describe('JSON for a terminal', () => {
  it('has no control character in it, and the same value', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const json = jsonText({ text });
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ text })));
        expect(json).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});
