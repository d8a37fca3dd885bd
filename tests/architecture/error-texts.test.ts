/** Whatever an error of the daemon says has its words in every language of the window. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { flattenSentences, SENTENCES } from '../../contract/sentences/index.ts';
import { errorTexts, VALUE } from './error-texts.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Values beside each other are one, and one that may be empty stands at the edge of a text. */
const shapeOf = (text: string): string =>
  text
    .replaceAll(/\{\w+\}/g, VALUE)
    .replaceAll(new RegExp(`(?:${VALUE}[ -]?)+${VALUE}`, 'g'), VALUE)
    .replace(new RegExp(`^${VALUE}(?=[A-Z])|(?<=[a-z])${VALUE}$`, 'g'), '')
    .trim();
const sentencesOf = (text: string): string[] => shapeOf(text).split(/(?<=[.?!]) (?=[A-Z])/);

/** What programs get; no person reads it in the window. */
const TECHNICAL = [/^echo json_encode/, /^koji project create folder/];

const known = new Set(Object.values(flattenSentences(SENTENCES)).map(shapeOf));
function isKnown(text: string): boolean {
  if (text.startsWith('; ')) return [...known].some((whole) => whole.includes(text));
  return known.has(shapeOf(text)) || sentencesOf(text).every((sentence) => known.has(sentence) || sentence === VALUE);
}

it('a text of an error is in the catalogues', () => {
  const texts = errorTexts(ROOT, ['contract', 'core', 'daemon', 'renderer']);
  expect(texts.length).toBeGreaterThan(400);
  const unknown = texts.filter(({ text }) => !TECHNICAL.some((pattern) => pattern.test(text)) && !isKnown(text));
  expect(unknown.map(({ at, text }) => `${at}: ${text}`)).toEqual([]);
}, 60_000);
