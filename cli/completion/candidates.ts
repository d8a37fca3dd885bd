/** What may follow the words typed so far: a pure function of the command table. Live ids are only named here, not fetched. */
import type { Command, Completes } from '../command.ts';

export interface Candidate {
  readonly value: string;
  readonly meaning: string;
}

export type Completion =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | {
      readonly kind: 'source';
      readonly source: Exclude<Completes, readonly string[]>;
      /** Values given by position before this one, e.g. the runtime whose versions are wanted. */
      readonly given: readonly string[];
      /** Comes before each value: `--flag=` when both are one word. */
      readonly prefix: string;
    }
  /** Paths, which every shell completes best itself. */
  | { readonly kind: 'files' };

interface Flag {
  readonly name: string;
  readonly takesValue: boolean;
  readonly meaning: string;
}

const ALWAYS: readonly Flag[] = [
  { name: 'json', takesValue: false, meaning: 'print JSON' },
  { name: 'help', takesValue: false, meaning: 'show how it is used' },
];

/** @param typed the words after `koji`; the last one is being typed and may be empty */
export function completionFor(commands: readonly Command[], typed: readonly string[]): Completion {
  const words = joinSplitFlags(typed);
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const shown = commands.filter(({ hidden }) => hidden !== true);
  const command = shown
    .filter((one) => one.words.every((word, index) => before[index] === word))
    .sort((a, b) => b.words.length - a.words.length)[0];
  if (command !== undefined) return completeArguments(command, before.slice(command.words.length), current);
  return { kind: 'words', candidates: startingWith(current, nextWords(shown, before)) };
}

/** Bash splits `--flag=value` into three words (COMP_WORDBREAKS in bash(1)). */
function joinSplitFlags(typed: readonly string[]): string[] {
  const words = typed.map((word) => (word === '""' ? '' : word));
  return words.flatMap((word, index) => {
    if (word !== '=' || words[index - 1]?.startsWith('--') !== true) return [word];
    return index === words.length - 1 ? [''] : [];
  });
}

function nextWords(commands: readonly Command[], before: readonly string[]): Candidate[] {
  const next = new Map<string, Candidate>();
  for (const { words, summary } of commands) {
    const value = words[before.length];
    if (value === undefined || !before.every((word, index) => words[index] === word)) continue;
    const isWhole = words.length === before.length + 1;
    const deeper = [next.get(value)?.meaning, words.slice(before.length + 1).join(' ')].filter(Boolean).join(', ');
    next.set(value, { value, meaning: isWhole ? summary : deeper });
  }
  return [...next.values()];
}

function completeArguments(command: Command, before: readonly string[], current: string): Completion {
  if (command.passThrough === true) return { kind: 'files' };
  const flags = [...flagsOf(command), ...ALWAYS];
  const given: string[] = [];
  const used = new Set<string>();
  let open: Flag | undefined;
  for (const word of before) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    if (!word.startsWith('-')) {
      given.push(word);
      continue;
    }
    const flag = flags.find(({ name }) => word.split('=')[0] === `--${name}`);
    if (flag !== undefined) used.add(flag.name);
    if (flag?.takesValue === true && !word.includes('=')) open = flag;
  }
  if (open !== undefined) return completeValue(command.flagValues?.[open.name], current, given, '');
  const equals = current.indexOf('=');
  if (current.startsWith('--') && equals !== -1) {
    const prefix = current.slice(0, equals + 1);
    return completeValue(command.flagValues?.[prefix.slice(2, -1)], current, given, prefix);
  }
  const offered = flags
    .filter(({ name }) => !used.has(name))
    .map(({ name, meaning }) => ({ value: `--${name}`, meaning }));
  if (current.startsWith('-')) return { kind: 'words', candidates: startingWith(current, offered) };
  const place = command.positional?.[given.length];
  if (place !== undefined && place !== null) return completeValue(place, current, given, '');
  // No more values: what is left are the command's own flags.
  const own = offered.filter(({ value }) => !ALWAYS.some(({ name }) => value === `--${name}`));
  return { kind: 'words', candidates: place === null ? [] : startingWith(current, own) };
}

function completeValue(
  values: Completes | undefined,
  current: string,
  given: readonly string[],
  prefix: string,
): Completion {
  if (typeof values === 'string') return { kind: 'source', source: values, given, prefix };
  const candidates = (values ?? []).map((value) => ({ value: prefix + value, meaning: '' }));
  return { kind: 'words', candidates: startingWith(current, candidates) };
}

export const startingWith = (start: string, candidates: readonly Candidate[]): Candidate[] =>
  candidates.filter(({ value }) => value.startsWith(start));

/** From the lines of the help: `-f, --follow`, `--tail N`. */
function flagsOf(command: Command): Flag[] {
  return (command.options ?? []).flatMap(([text, meaning]) => {
    const found = /--([a-z][a-z0-9-]*)( \S+)?/.exec(text);
    return found?.[1] === undefined ? [] : [{ name: found[1], takesValue: found[2] !== undefined, meaning }];
  });
}
