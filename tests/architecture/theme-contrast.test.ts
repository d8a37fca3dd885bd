import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../renderer/app/theme.css', import.meta.url), 'utf8');
const colours = new Map(
  [...css.matchAll(/--k-([a-z-]+): (?:light-dark\((#[\da-f]{6}), (#[\da-f]{6})\)|(#[\da-f]{6}));/g)].map(
    ([, name = '', light, dark, both = '']) => [name, { light: light ?? both, dark: dark ?? both }] as const,
  ),
);
/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}
const SURFACES = ['paper', 'card', 'sunken'] as const;
const pairs = (names: readonly string[]): [string, string][] =>
  names.flatMap((name) => SURFACES.map((surface): [string, string] => [name, surface]));

describe.each(['light', 'dark'] as const)('the %s theme', (theme) => {
  const of = (name: string): string => colours.get(name)?.[theme] ?? '';
  it.each([
    ...pairs(['ink', 'soft', 'link', 'good', 'busy', 'bad']),
    ['ink', 'bad-soft'],
    ['bad', 'bad-soft'],
    ['on-accent', 'accent'],
    ['card', 'bad'],
  ])('has enough contrast for text: %s on %s', (text, surface) => {
    expect(contrast(of(text), of(surface))).toBeGreaterThanOrEqual(4.5);
  });
  it.each(pairs(['field', 'focus', 'spark']))(
    'has enough contrast for borders and lines: %s on %s',
    (line, surface) => {
      expect(contrast(of(line), of(surface))).toBeGreaterThanOrEqual(3);
    },
  );
});
