/**
 * The part of YAML 1.2 that tools write into their settings files: mappings, lists, plain and quoted scalars, one-line `[a, b]`, block text.
 * Strict: anchors, tags, several documents and tabs are refused, because guessing at a setting is worse than saying that it was not read.
 */
import { sayImport } from '../../contract/sentences/imports.ts';
import { about, asIs, type Sentence } from '../../contract/sentences/sentence.ts';

export type Yaml = string | null | readonly Yaml[] | { readonly [key: string]: Yaml };

/** What could not be read, and in which line (from 1). */
export class YamlError extends Error {
  override readonly name = 'YamlError';
}

interface Line {
  readonly indent: number;
  readonly text: string;
  readonly number: number;
}

/** No two parts can take the same character, so that a long line costs no more than its length. */
const KEY =
  /^(?:"((?:\\.|[^"\\])*)"|'((?:''|[^'])*)'|((?:[^\s"'[\]{},&*!|>%@`#:-]|-(?=[^\s:#]))[^\s:#]*(?: +[^\s:#]+)*)) *:(?=\s|$)/;
const MAX_DEPTH = 12;

/**
 * The values of the wanted keys of a mapping at the top; each is read on its own, so that a strange `hooks:` spoils nothing else.
 * @returns what was read, and a sentence for each wanted key that was not
 */
export function readYamlKeys(
  text: string,
  wanted: readonly string[],
): { readonly values: ReadonlyMap<string, Yaml>; readonly warnings: readonly Sentence[] } {
  const values = new Map<string, Yaml>();
  const warnings: Sentence[] = [];
  let key: string | null = null;
  let block: Line[] = [];
  const finish = (): void => {
    if (key !== null && wanted.includes(key)) {
      try {
        values.set(key, parseBlock(block, 0));
      } catch (error) {
        warnings.push(about(key, asIs(error instanceof Error ? error.message : String(error))));
      }
    }
    block = [];
  };
  for (const line of linesOf(text)) {
    const found = line.indent === 0 && !isItem(line.text) ? KEY.exec(line.text) : null;
    if (found === null) {
      block.push(line);
      continue;
    }
    finish();
    key = keyOf(found);
    const rest = line.text.slice(found[0].length).trim();
    if (rest !== '') block.push({ indent: 1, text: rest, number: line.number });
  }
  finish();
  return { values, warnings };
}

/** The whole document. @throws YamlError */
export function parseYaml(text: string): Yaml {
  return parseBlock([...linesOf(text)], 0);
}

function* linesOf(text: string): Generator<Line> {
  let number = 0;
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|\n/)) {
    number += 1;
    const indent = /^ */.exec(raw)?.[0].length ?? 0;
    const content = raw.slice(indent).trimEnd();
    if (content === '' || content.startsWith('#') || (content === '---' && number <= 3)) continue;
    yield { indent, text: content, number };
  }
}

const isItem = (text: string): boolean => text === '-' || text.startsWith('- ');
const fail = (line: Line | undefined, problem: Sentence): YamlError =>
  new YamlError(sayImport('atLine', { number: line?.number ?? 1, problem }));

function parseBlock(lines: readonly Line[], depth: number): Yaml {
  const [first] = lines;
  if (first === undefined) return null;
  if (depth > MAX_DEPTH) throw fail(first, sayImport('tooDeep'));
  if (/^[|>][+-]?\d?$/.test(first.text))
    return lines
      .slice(1)
      .map(({ text }) => text)
      .join('\n');
  if (isItem(first.text)) return parseList(lines, depth);
  if (KEY.test(first.text)) return parseMap(lines, depth);
  if (lines.length > 1) throw fail(lines[1], sayImport('severalLines'));
  return parseInline(first);
}

function parseList(lines: readonly Line[], depth: number): Yaml[] {
  const indent = lines[0]?.indent ?? 0;
  return groups(lines, indent, isItem).map((group) => {
    const [head, ...rest] = group;
    if (head === undefined) return null;
    const text = head.text.slice(1).trim();
    const inner = head.indent + head.text.length - head.text.slice(1).trimStart().length;
    return parseBlock(text === '' ? rest : [{ ...head, indent: inner, text }, ...rest], depth + 1);
  });
}

function parseMap(lines: readonly Line[], depth: number): Yaml {
  const indent = lines[0]?.indent ?? 0;
  const entries = groups(lines, indent, (text) => !isItem(text)).map(([head, ...rest]): [string, Yaml] => {
    const found = head === undefined ? null : KEY.exec(head.text);
    if (head === undefined || found === null) throw fail(head, sayImport('colonExpected'));
    const value = head.text.slice(found[0].length).trim();
    return [
      keyOf(found),
      parseBlock(value === '' ? rest : [{ ...head, indent: indent + 1, text: value }, ...rest], depth + 1),
    ];
  });
  return Object.fromEntries(entries);
}

/** A head at the indent with all lines that belong to it. A list may stand at the indent of its key. */
function groups(lines: readonly Line[], indent: number, isHead: (text: string) => boolean): Line[][] {
  const result: Line[][] = [];
  for (const line of lines) {
    if (line.indent < indent) throw fail(line, sayImport('indentedLess'));
    if (line.indent === indent && isHead(line.text)) result.push([line]);
    else if (result.length === 0) throw fail(line, sayImport('belongsToNothing'));
    else result.at(-1)?.push(line);
  }
  return result;
}

const keyOf = (found: RegExpExecArray): string =>
  found[1] === undefined ? (found[2]?.replaceAll("''", "'") ?? found[3]?.trim() ?? '') : unescape(found[1]);

function parseInline(line: Line): Yaml {
  const { value, rest } = parseFlow(line.text, line, 0);
  if (rest.trim() !== '' && !/^\s+#/.test(rest))
    throw fail(line, sayImport('cannotReadText', { text: rest.trim().slice(0, 40) }));
  return value;
}

function parseFlow(text: string, line: Line, depth: number): { value: Yaml; rest: string } {
  if (depth > MAX_DEPTH) throw fail(line, sayImport('tooDeep'));
  const start = text.trimStart();
  if (start.startsWith('"') || start.startsWith("'")) return parseQuoted(start, line);
  if (start.startsWith('[')) return parseFlowList(start, line, depth);
  if (/^\{\s*\}/.test(start)) return { value: {}, rest: start.replace(/^\{\s*\}/, '') };
  if (/^[{&*!|>%@`]/.test(start)) throw fail(line, sayImport('signNotRead', { text: start[0] ?? '' }));
  const plain = (depth > 0 ? /^[^,\]#]*/ : /^(?:(?!\s#).)*/).exec(start)?.[0] ?? '';
  const word = plain.trim();
  return { value: /^(?:~|null|)$/i.test(word) ? null : word, rest: start.slice(plain.length) };
}

function parseQuoted(text: string, line: Line): { value: Yaml; rest: string } {
  const match = /^"((?:\\.|[^"\\])*)"|^'((?:''|[^'])*)'/.exec(text);
  if (match === null) throw fail(line, sayImport('openQuote'));
  return {
    value: match[1] === undefined ? (match[2] ?? '').replaceAll("''", "'") : unescape(match[1]),
    rest: text.slice(match[0].length),
  };
}

function parseFlowList(text: string, line: Line, depth: number): { value: Yaml; rest: string } {
  const items: Yaml[] = [];
  let rest = text.slice(1).trimStart();
  while (!rest.startsWith(']')) {
    if (rest === '') throw fail(line, sayImport('openList'));
    const item = parseFlow(rest, line, depth + 1);
    items.push(item.value);
    rest = item.rest.trimStart();
    if (rest.startsWith(',')) rest = rest.slice(1).trimStart();
    else if (!rest.startsWith(']')) throw fail(line, sayImport('commaExpected'));
  }
  return { value: items, rest: rest.slice(1) };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };
const unescape = (text: string): string => text.replaceAll(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
