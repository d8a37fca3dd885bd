/** With another language than English no error is half English. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../contract/errors.ts';
import { HostNameSchema, IdSchema, PortSchema } from '../../contract/common.ts';
import { operations } from '../../contract/index.ts';
import { describeIssues, invalidParameters } from '../../contract/request.ts';
import { flattenSentences, SENTENCES } from '../../contract/sentences/index.ts';
import { fillTemplate } from '../../contract/sentences/sentence.ts';
import { setLanguage, t } from './index.ts';
import { errorText, fieldErrorText, sentenceText } from './said.ts';

/** Words that neither German nor Indonesian has. */
const ENGLISH =
  /\b(?:the|and|or|is|are|not|cannot|has|have|of|from|with|which|that|this|it|its|there|already|needs?|does|must|to|by|your?|use|expected|received)\b/i;
/** Commands, paths and names of settings are the same in every language. */
const withoutCommands = (text: string): string =>
  text.replaceAll(
    /`[^`]*`|koji [a-z -]+|--[a-z-]+|[\w.-]*\/[\w./-]+|["„“][^"“”]*["“”]|sudo sh -c .*$|alter table .*$/g,
    '',
  );
const englishIn = (text: string): string | null => ENGLISH.exec(withoutCommands(text))?.[0] ?? null;

const namesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

describe.each(['de', 'id'] as const)('in %s', (language) => {
  beforeEach(async () => {
    Object.assign(globalThis, { document: { documentElement: { lang: '' } } });
    await setLanguage(language);
  });
  afterEach(() => setLanguage('en'));

  it('every code has a title and a cure', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const said = errorText({ code, message: '', detail: '', remedy: ERRORS[code].remedy });
      expect(englishIn(said.title), `${code}: ${said.title}`).toBeNull();
      expect(englishIn(said.remedy), `${code}: ${said.remedy}`).toBeNull();
    }
  });

  it('every sentence of the daemon is said without an English word', () => {
    const left = Object.entries(flattenSentences(SENTENCES)).flatMap(([kind, template]) => {
      const said = sentenceText(fillTemplate(template, Object.fromEntries(namesIn(template).map((n) => [n, '/x/7']))));
      const word = englishIn(said);
      return word === null ? [] : [`${kind} (${word}): ${said}`];
    });
    expect(left).toEqual([]);
  }, 60_000);

  it('a wrong value of any parameter is said at its field', () => {
    const wrong: unknown[] = [
      undefined,
      null,
      '',
      'NOT VALID!! \n',
      'x'.repeat(5000),
      -1,
      1.5,
      1e9,
      true,
      [],
      {},
      { '!': 1 },
    ];
    const left = new Set<string>();
    const seen = new Set<string>();
    for (const { name, input: params } of operations)
      for (const field of Object.keys('shape' in params ? params.shape : {}))
        for (const value of wrong) {
          const parsed = params.safeParse({ [field]: value });
          for (const issue of parsed.error?.issues ?? []) {
            if (issue.path[0] !== field || seen.has(issue.message)) continue;
            seen.add(issue.message);
            const detail = `${field}: ${issue.message}`;
            const error = invalidParameters(name, detail, field);
            const said = fieldErrorText(error);
            if (said === t.fields.invalid || englishIn(said) !== null) left.add(`${name} ${detail} → ${said}`);
            expect(errorText(error).title).toBe(t.fields.check);
          }
        }
    expect(seen.size).toBeGreaterThan(30);
    expect([...left]).toEqual([]);
  }, 60_000);

  it('the rules of names and ports are said in full', () => {
    for (const [schema, value] of [
      [HostNameSchema, 'NOT A DOMAIN!!'],
      [IdSchema, 'A B'],
      [PortSchema, 70_000],
    ] as const) {
      const { error } = schema.safeParse(value);
      const detail = error === undefined ? '' : describeIssues(error);
      const said = fieldErrorText(invalidParameters('projects.create', detail, 'x'));
      expect(said).not.toBe(t.fields.invalid);
      expect(englishIn(said)).toBeNull();
    }
  });
});
