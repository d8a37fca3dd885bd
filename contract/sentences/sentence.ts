/**
 * Sentences of the daemon that are said in several languages. They cross the wire in English, as a person at the command line reads them.
 * Each is made from a template of a catalogue, so that a window can find out which one it is, take the values out and say it in its own
 * language. A field of the type `Sentence` takes nothing else, so a text without a template, or a template without its translations, does
 * not compile.
 */
declare const mark: unique symbol;
export type Sentence = string & { readonly [mark]: true };

/** Templates by key, with a name in braces where a value goes. */
export type Catalogue = Readonly<Record<string, string>>;

type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
export type ValuesOf<Text extends string> = Readonly<Record<NamesIn<Text>, string | number>>;

/** @param template with a name in braces where a value goes; one without a value stays as it is */
export const fillTemplate = (template: string, values: Readonly<Record<string, string | number>>): string =>
  template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** A path, a name, a command, or what another program said: the same in every language. */
export const asIs = (text: string): Sentence => text as Sentence;

type Rest<Text extends string> = [NamesIn<Text>] extends [never] ? [] : [values: ValuesOf<Text>];

/** @returns what makes the sentences of this catalogue */
export const sayer =
  <const C extends Catalogue>(catalogue: C) =>
  <K extends keyof C & string>(kind: K, ...rest: Rest<C[K]>): Sentence =>
    asIs(fillTemplate(catalogue[kind] ?? '', rest[0] ?? {}));

const LIST = '; ';
const PART = ': ';
const WORDS = ', ';
export const listOf = (sentences: readonly Sentence[]): Sentence => asIs(sentences.join(LIST));
/** `what: about it` */
export const about = (what: string, sentence: Sentence): Sentence => asIs(`${what}${PART}${sentence}`);

interface Compiled {
  readonly kind: string;
  readonly pattern: RegExp;
  /** Characters that are the same in every such sentence: the more, the surer it is this one. */
  readonly fixed: number;
}

function compile(catalogue: Catalogue): readonly Compiled[] {
  return Object.entries(catalogue)
    .map(([kind, template]) => {
      const parts = template.split(/(\{\w+\})/);
      const seen = new Set<string>();
      const source = parts
        .map((part) => {
          if (!/^\{\w+\}$/.test(part)) return part.replaceAll(/[^\w\s]/g, '\\$&');
          const name = part.slice(1, -1);
          // A value that is said twice is the same both times.
          if (seen.has(name)) return `\\k<${name}>`;
          seen.add(name);
          return `(?<${name}>.+?)`;
        })
        .join('');
      const fixed = parts.filter((part) => !/^\{\w+\}$/.test(part)).join('').length;
      return { kind, pattern: new RegExp(`^${source}$`, 's'), fixed };
    })
    .sort((a, b) => b.fixed - a.fixed);
}

const compiled = new WeakMap<Catalogue, readonly Compiled[]>();

/** Which sentence of the catalogue it is, and the values in it; null when it is none of them. */
export function readSentence<C extends Catalogue>(
  catalogue: C,
  text: string,
): { readonly kind: keyof C & string; readonly values: Record<string, string> } | null {
  const known = compiled.get(catalogue) ?? compile(catalogue);
  compiled.set(catalogue, known);
  for (const { kind, pattern } of known) {
    const match = pattern.exec(text);
    if (match !== null) return { kind, values: { ...match.groups } };
  }
  return null;
}

/**
 * @returns says a sentence of the catalogue in the other language, values and lists of sentences too; all else stays as it is, so what
 * another program said is not touched
 */
export function translator<C extends Catalogue>(
  catalogue: C,
  other: Readonly<Record<keyof C, string>>,
): (text: string) => string {
  const isKnown = (text: string): boolean => readSentence(catalogue, text) !== null;
  const translate = (text: string, separators: readonly string[] = [LIST]): string => {
    // Before the whole: a value takes any text, so one sentence could swallow those that follow it.
    for (const separator of separators) {
      const items = text.split(separator);
      if (items.length > 1 && items.every(isKnown)) return items.map((item) => translate(item)).join(separator);
    }
    // Sentences one after the other, e.g. what was done and what helps.
    const sentences = text.split(/(?<=[.?!]) (?=[A-Z])/);
    if (sentences.length > 1 && sentences.every(isKnown)) return sentences.map((one) => translate(one)).join(' ');
    const found = readSentence(catalogue, text);
    if (found !== null) {
      const values = Object.entries(found.values).map(
        ([name, value]) => [name, translate(value, [LIST, WORDS])] as const,
      );
      return fillTemplate(other[found.kind], Object.fromEntries(values));
    }
    for (const separator of [LIST, PART]) {
      const at = text.indexOf(separator);
      if (at > 0) return `${part(text.slice(0, at))}${separator}${part(text.slice(at + separator.length))}`;
    }
    return text;
  };
  // A single word is too little to know that it is ours.
  const part = (text: string): string => (/\s/.test(text) ? translate(text) : text);
  return (text) => translate(text);
}
