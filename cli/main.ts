/** koji: reads argv, runs one command, ends with its exit code. */
import { KojiboxError } from '../contract/errors.ts';
import { SEE_HELP, usage } from './arguments.ts';
import { closest } from './closest.ts';
import { commands, findCommand } from './commands/index.ts';
import { print, type Command } from './command.ts';
import { helpBelow, helpFor, overview, usageLine } from './help.ts';
import { printError } from './render/error.ts';
import { VERSION } from './version.ts';
import { writeError } from './render/terminal-text.ts';

const asksForHelp = (argv: readonly string[]): boolean => argv.includes('--help') || argv.includes('-h');

async function main(argv: readonly string[]): Promise<number> {
  const found = findCommand(argv);
  const json = found?.command.passThrough === true ? false : argv.includes('--json');
  try {
    if (found === null) return unknownCommand(argv);
    const { command, rest } = found;
    if (command.passThrough === true) return await command.run({ argv: rest, json: false });
    if (asksForHelp(rest)) {
      print(helpFor(command));
      return 0;
    }
    return await command.run({ argv: rest.filter((word) => word !== '--json'), json });
  } catch (error) {
    return printError(found === null ? error : withUsage(error, found.command), json);
  }
}

/** Who used a command wrongly is shown how it is used, and need not ask for it. */
function withUsage(error: unknown, command: Command): unknown {
  if (!(error instanceof KojiboxError) || error.remedy !== SEE_HELP) return error;
  return new KojiboxError(error.code, error.message, {
    detail: error.detail,
    source: error.source,
    remedy: `Usage: ${usageLine(command)}`,
  });
}

function unknownCommand(argv: readonly string[]): number {
  const words = argv.filter((word) => !word.startsWith('-'));
  const [first, ...others] = words;
  if (first === undefined && argv.some((word) => word === '--version' || word === '-V')) {
    print(VERSION);
    return 0;
  }
  if (first === undefined || (first === 'help' && others.length === 0)) {
    print(overview(commands));
    return 0;
  }
  const asked = first === 'help' ? others : words;
  const below = helpBelow(asked, commands);
  if (first === 'help' || asksForHelp(argv)) {
    const exact = commands.find((command) => command.words.join(' ') === asked.join(' '));
    const parts = [exact === undefined ? null : helpFor(exact), below].filter((part) => part !== null);
    if (parts.length > 0) {
      print(parts.join('\n\n'));
      return 0;
    }
  } else if (below !== null && !argv.includes('--json')) {
    writeError(`${below}\n`);
    return 2;
  }
  const all = commands.filter(({ hidden }) => hidden !== true).map((command) => command.words.join(' '));
  const family = all.filter((name) => name.startsWith(`${first} `));
  const near = closest(asked.join(' '), all);
  const similar = near.length > 0 ? near : family.length > 0 ? family : closest(asked[0] ?? '', all);
  throw usage(
    `there is no command "${asked.join(' ')}"${similar.length > 0 ? `; similar: ${similar.slice(0, 5).join(', ')}` : ''}`,
    'See all commands with: koji --help',
  );
}

// A reader that went away (`koji logs … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
