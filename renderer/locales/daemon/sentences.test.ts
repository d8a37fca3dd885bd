import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../../contract/errors.ts';
import { operations } from '../../../contract/index.ts';
import { noticeText } from '../../../contract/notices.ts';
import { sayDoctor } from '../../../contract/sentences/doctor.ts';
import { sayImport } from '../../../contract/sentences/imports.ts';
import { flattenSentences, SENTENCES } from '../../../contract/sentences/index.ts';
import { about, asIs, fillTemplate, listOf } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';
import { sayTrust } from '../../../contract/sentences/trust.ts';
import { en as windowEn } from '../en.ts';
import { setLanguage } from '../index.ts';
import { errorText, sentenceText } from '../said.ts';
import { daemonDe } from './de.ts';
import { daemonId } from './id.ts';
import { sentencesDe } from './sentences/de.ts';
import { sentencesId } from './sentences/id.ts';

const english = flattenSentences(SENTENCES);
const others = [
  { name: 'de', texts: flattenSentences(sentencesDe), translate: daemonDe.sentence, daemon: daemonDe },
  { name: 'id', texts: flattenSentences(sentencesId), translate: daemonId.sentence, daemon: daemonId },
] as const;
const namesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
/** What a person types is the same in every language. */
const COMMAND =
  /koji (?:(?:domains|certs|privileged|installer|setup|start|secrets|import|db|runtime|trust|changes|up)\b[ a-z]*)/;

/** "It is no file", "whoever asks", "begins anew": nobody says so. */
const ODD = /(?<!\bthere )\b(?:is|are) no (?!longer\b)|\b(?:whoever|somebody|nobody|anew|meanwhile)\b|\bgoes on\b/i;
/** All texts below it, also those that are made by functions of their values. */
function textsIn(path: string, value: unknown): Record<string, string> {
  if (typeof value === 'string') return { [path]: value };
  if (typeof value === 'function') return { [path]: String(value) };
  if (typeof value !== 'object' || value === null) return {};
  return Object.assign({}, ...Object.entries(value).map(([key, part]) => textsIn(`${path}.${key}`, part)));
}

/** Words that are the same in both languages. */
const SAME: ReadonlySet<string> = new Set(['work.dump', 'work.folder']);

describe.each(others)('in $name', ({ texts, translate, daemon }) => {
  it('nothing is left in English: no sentence, no error with its cure, no activity, step or check', () => {
    const left = Object.keys(english).filter((kind) => texts[kind] === english[kind] && !SAME.has(kind));
    expect(left).toEqual([]);
    for (const [code, { remedy }] of Object.entries(ERRORS)) {
      const [what, cure] = daemon.errors[code as ErrorCode];
      expect([what === '', cure === '' && remedy !== '', cure === remedy], code).toEqual([false, false, false]);
    }
    for (const said of [daemon.changes, daemon.steps, daemon.checks])
      for (const [name, text] of Object.entries(said)) expect(text, name).toMatch(/\S/);
  });

  it('every sentence is found among all others, and said with its values', () => {
    for (const [kind, template] of Object.entries(english)) {
      const values = Object.fromEntries(
        namesIn(template).map((name, index) => [name, `/a folder/v${index} (x.y) [z]*`]),
      );
      expect(translate(fillTemplate(template, values)), kind).toBe(fillTemplate(texts[kind] ?? '', values));
    }
  });

  it('every sentence names the same things, and the same command', () => {
    for (const [kind, template] of Object.entries(english)) {
      const text = texts[kind] ?? '';
      expect(namesIn(text).sort(), kind).toEqual(namesIn(template).sort());
      const command = COMMAND.exec(template)?.[0].trim().split(' ').slice(0, 2).join(' ');
      if (command !== undefined) expect(text, kind).toContain(command);
    }
  });
});

it('says things as people do', () => {
  const texts = { ...english, ...textsIn('window', windowEn) };
  for (const [code, { remedy }] of Object.entries(ERRORS)) texts[code] = remedy;
  for (const { name, summary } of operations) texts[name] = summary;
  expect(Object.entries(texts).filter(([, text]) => ODD.test(text))).toEqual([]);
});

it('a sentence inside of another is said as well, and what another program said is not', () => {
  const { translate } = others[0];
  const stores = listOf([
    about(sayTrust('systemPrograms'), sayTrust('notAdded')),
    about(sayTrust('browsers'), sayTrust('noCertutil')),
  ]);
  expect(translate(stores)).toBe(
    'curl, PHP, Git und die meisten Programme: die lokale Stelle wurde noch nicht aufgenommen; Chromium und Firefox: certutil ist nicht installiert',
  );
  const line = sayImport('atLine', { number: 7, problem: sayImport('openQuote') });
  expect(translate(sayImport('notReadWhole', { file: 'herd.yml', problem: about('php', line) }))).toBe(
    'herd.yml wurde nicht ganz gelesen: php: Zeile 7: ein Anführungszeichen ist nicht geschlossen',
  );
  const differences = listOf([
    sayServerImport('difference', { what: 'a', there: 2, here: sayServerImport('none') }),
    sayServerImport('difference', { what: 'b', there: 3, here: 4 }),
    sayServerImport('andMore', { count: 5 }),
  ]);
  expect(translate(sayServerImport('differ', { differences }))).toBe(
    'beide Seiten unterscheiden sich nach dem Kopieren: a: dort 2, hier keine; b: dort 3, hier 4; und 5 weitere',
  );
  const what = asIs(['triggers', 'routines'].join(', '));
  expect(translate(sayServerImport('mayNotSee', { user: 'u', what, rights: 'trigger' }))).toContain(
    'u darf Trigger, Routinen nicht sehen',
  );
  for (const foreign of ['FATAL: stopped; none', "Access denied for user 'root'@'localhost'", 'allowed: none, events'])
    expect(translate(foreign)).toBe(foreign);
});

it('is in the language of the window', async () => {
  Object.assign(globalThis, { document: { documentElement: { lang: '' } } });
  const text = noticeText('portMoved', { service: 'Redis', port: 6381, holder: 'x (pid 7)', wanted: 6379 });
  const error = {
    code: 'LOGIN_REFUSED' as const,
    message: sayServerImport('cannotLogIn', { address: '127.0.0.1:3306', user: 'root' }),
    detail: sayServerImport('wantsPassword'),
    remedy: ERRORS.LOGIN_REFUSED.remedy,
  };
  expect(sentenceText(text)).toBe(text);
  expect(errorText(error)).toEqual({ title: error.message, detail: error.detail, remedy: error.remedy });
  await setLanguage('de');
  expect(sentenceText(text)).toBe('Redis nutzt Port 6381, denn x (pid 7) belegt 6379.');
  expect(sentenceText('Something newer.')).toBe('Something newer.');
  expect(errorText(error)).toEqual({
    title: 'Der Server lehnt die Anmeldung ab',
    detail:
      'Anmeldung an 127.0.0.1:3306 als root nicht möglich: der Server verlangt ein Passwort, und es wurde keines angegeben',
    remedy: daemonDe.errors.LOGIN_REFUSED[1],
  });
  const own = sayTrust('runOne', { command: 'sudo sh -c true' });
  expect(errorText({ ...error, remedy: own }).remedy).toBe('Führe aus: sudo sh -c true');
  expect(sentenceText(sayDoctor('unlock'))).toMatch(/^Entsperre .*koji secrets status/);
  await setLanguage('en');
});
