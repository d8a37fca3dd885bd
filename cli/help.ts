/** Help, from the commands themselves. */
import type { Command } from './command.ts';
import { paint } from './render/style.ts';

const GROUPS: readonly (readonly [Command['group'], string])[] = [
  ['stack', 'Stack'],
  ['services', 'Services'],
  ['projects', 'Projects'],
  ['databases', 'Databases and mail'],
  ['names', 'Names and certificates'],
  ['runtimes', 'Runtimes'],
  ['programs', 'Programs of the stack; all arguments are their own'],
  ['daemon', 'Kojibox itself'],
];

const visible = (commands: readonly Command[]): Command[] => commands.filter(({ hidden }) => hidden !== true);

interface Line {
  readonly name: string;
  readonly text: string;
}

/** Commands that share their first word take one line together: a hundred lines are read by no one. */
function linesOf(commands: readonly Command[]): Line[] {
  return [...Map.groupBy(commands, ({ words }) => words[0] ?? '')].flatMap(([first, family]): Line[] => {
    const alone = family.filter(({ words }) => words.length === 1);
    const below = family.filter(({ words }) => words.length > 1);
    const own = alone.map(({ summary }) => ({ name: first, text: summary }));
    if (below.length < 2)
      return [...own, ...below.map(({ words, summary }) => ({ name: words.join(' '), text: summary }))];
    const names = new Set(below.map(({ words }) => words[1] ?? ''));
    return [...own, { name: `${first} …`, text: [...names].join(', ') }];
  });
}

export function overview(commands: readonly Command[]): string {
  const groups = GROUPS.map(([group, title]) => {
    const all = visible(commands).filter((command) => command.group === group);
    // What they have in common is in the title.
    return group === 'programs' ? { title, lines: programLines(all) } : { title, lines: linesOf(all) };
  });
  const width = Math.max(...groups.flatMap(({ lines }) => lines.map(({ name }) => name.length)));
  return [
    'koji: your local stack, every project at https://name.test',
    '',
    `${paint('dim', 'Usage')}  koji COMMAND [ARGUMENTS] [--json]`,
    '',
    ...groups.flatMap(({ title, lines }) => [
      paint('cyan', title),
      ...lines.map(({ name, text }) => `  ${paint('bold', name.padEnd(width))}  ${text}`),
      '',
    ]),
    paint('dim', 'Examples'),
    '  koji up',
    '  koji status --json',
    '  koji logs php -f',
    '  koji help db              what there is below a word',
    '  koji db create --help     how one command is used',
    '',
    paint(
      'dim',
      'Exit codes: 0 done, 1 not ready, 2 wrong use, 3 not found, 4 not allowed, 5 no daemon, 10+ see docs/reference/cli.md',
    ),
  ].join('\n');
}

function programLines(commands: readonly Command[]): Line[] {
  const passing = commands.filter(({ passThrough }) => passThrough === true);
  return [
    ...linesOf(commands.filter(({ passThrough }) => passThrough !== true)),
    { name: 'PROGRAM …', text: passing.map(({ words }) => words.join(' ')).join(', ') },
  ];
}

/** @returns what there is below these words, e.g. below `db`; null when that is nothing */
export function helpBelow(words: readonly string[], commands: readonly Command[]): string | null {
  const below = visible(commands).filter(
    (command) => command.words.length > words.length && words.every((word, index) => command.words[index] === word),
  );
  if (below.length === 0) return null;
  const names = below.map((command) => command.words.join(' '));
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${paint('dim', 'Usage')}  koji ${words.join(' ')} COMMAND [ARGUMENTS] [--json]`,
    '',
    ...below.map(({ summary }, index) => `  ${paint('bold', (names[index] ?? '').padEnd(width))}  ${summary}`),
    '',
    `koji ${names[0] ?? ''} --help shows how a command is used.`,
  ].join('\n');
}

/** One line: `koji project create KIND NAME [--path VALUE]`. */
export const usageLine = ({ words, usage }: Command): string => `koji ${words.join(' ')} ${usage}`.trimEnd();

export function helpFor(command: Command): string {
  const lines = [command.summary, '', `${paint('dim', 'Usage')}  ${usageLine(command)}`];
  if (command.options !== undefined) {
    const width = Math.max(...command.options.map(([flag]) => flag.length));
    lines.push('', ...command.options.map(([flag, meaning]) => `  ${flag.padEnd(width)}  ${meaning}`.trimEnd()));
  }
  lines.push('', paint('dim', 'Examples'), ...command.examples.map((example) => `  koji ${example}`));
  return lines.join('\n');
}
