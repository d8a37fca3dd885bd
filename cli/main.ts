/** koji: reads argv, runs one command, ends with its exit code. */
import { usage } from './arguments.ts';
import { commands, findCommand } from './commands/index.ts';
import { print } from './command.ts';
import { helpFor, overview } from './help.ts';
import { printError } from './render/error.ts';
import { VERSION } from './version.ts';

async function main(argv: readonly string[]): Promise<number> {
  const found = findCommand(argv);
  const json = found?.command.passThrough === true ? false : argv.includes('--json');
  try {
    if (found === null) return unknownCommand(argv);
    const { command, rest } = found;
    if (command.passThrough === true) return await command.run({ argv: rest, json: false });
    if (rest.includes('--help') || rest.includes('-h')) {
      print(helpFor(command));
      return 0;
    }
    return await command.run({ argv: rest.filter((word) => word !== '--json'), json });
  } catch (error) {
    return printError(error, json);
  }
}

function unknownCommand(argv: readonly string[]): number {
  const first = argv[0];
  if (first === undefined || ['help', '--help', '-h'].includes(first)) {
    print(overview(commands));
    return 0;
  }
  if (first === '--version' || first === '-V') {
    print(VERSION);
    return 0;
  }
  const similar = commands
    .filter(({ hidden }) => hidden !== true)
    .filter(({ words }) => words[0] === first || words[0]?.startsWith(first.slice(0, 3)))
    .map(({ words }) => words.join(' '));
  throw usage(
    `there is no command "${argv.slice(0, 2).join(' ')}"${similar.length > 0 ? `; similar: ${similar.slice(0, 5).join(', ')}` : ''}`,
  );
}

// A reader that went away (`koji logs … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
