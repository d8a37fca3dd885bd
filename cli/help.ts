/** Help, from the commands themselves. */
import type { Command } from './command.ts';
import { paint } from './render/style.ts';

const GROUPS: readonly (readonly [Command['group'], string])[] = [
  ['stack', 'Stack'],
  ['services', 'Services'],
  ['runtimes', 'Runtimes'],
  ['projects', 'Projects, names and certificates'],
  ['programs', 'Programs of the stack'],
  ['daemon', 'Kojibox itself'],
];

export function overview(commands: readonly Command[]): string {
  const width = Math.max(
    ...commands.filter(({ hidden }) => hidden !== true).map((command) => command.words.join(' ').length),
  );
  const sections = GROUPS.map(([group, title]) => {
    const lines = commands
      .filter((command) => command.group === group && command.hidden !== true)
      .map((command) => `  ${paint('bold', command.words.join(' ').padEnd(width))}  ${command.summary}`);
    return `${paint('cyan', title)}\n${lines.join('\n')}`;
  });
  return [
    'koji: your local stack, every project at https://name.test',
    '',
    `${paint('dim', 'Usage')}  koji COMMAND [ARGUMENTS] [--json]`,
    '',
    ...sections.flatMap((section) => [section, '']),
    paint('dim', 'Examples'),
    '  koji up',
    '  koji status --json',
    '  koji logs php -f',
    '  koji COMMAND --help',
    '',
    paint(
      'dim',
      'Exit codes: 0 done, 1 not ready, 2 wrong use, 3 not found, 4 not allowed, 5 no daemon, 10+ see docs/reference/cli.md',
    ),
  ].join('\n');
}

export function helpFor(command: Command): string {
  const lines = [
    command.summary,
    '',
    `${paint('dim', 'Usage')}  koji ${command.words.join(' ')} ${command.usage}`.trimEnd(),
  ];
  if (command.options !== undefined)
    lines.push('', ...command.options.map(([flag, meaning]) => `  ${flag.padEnd(20)} ${meaning}`));
  lines.push('', paint('dim', 'Examples'), ...command.examples.map((example) => `  koji ${example}`));
  return lines.join('\n');
}
