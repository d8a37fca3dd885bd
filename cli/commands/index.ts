/** All commands, hand-made ones first: they win over a derived one of the same words. */
import type { Command } from '../command.ts';
import { appCommand } from './app-command.ts';
import { completionCommands } from './completion-commands.ts';
import { dbShellCommand } from './db-shell-command.ts';
import { daemonCommands } from './daemon-commands.ts';
import { environmentCommands } from './environment-commands.ts';
import { homeCommands } from './home-commands.ts';
import { logsCommand } from './log-command.ts';
import { mcpCommand } from './mcp-command.ts';
import { operationCommands } from './operation-commands.ts';
import { packCommands } from './pack-commands.ts';
import { askForRights, trustCommand } from './privileged-commands.ts';
import { programCommands } from './program-commands.ts';
import { secretCommand } from './secret-command.ts';
import { shareCommand } from './share-command.ts';
import { shellInitCommand } from './shell-init-command.ts';
import { askAfterSetup } from './setup-apply.ts';
import { setupCommand } from './setup-command.ts';
import { importCommand } from './setup-import.ts';
import { takeOverCommand } from './take-over-command.ts';
import { stackCommands } from './stack-commands.ts';
import { uninstallCommand } from './uninstall-command.ts';
import { updateCommands } from './update-commands.ts';
import { xdebug } from './xdebug-command.ts';

export const commands: readonly Command[] = [
  ...stackCommands,
  appCommand,
  setupCommand,
  importCommand,
  takeOverCommand,
  logsCommand,
  ...packCommands,
  shellInitCommand,
  ...updateCommands,
  ...homeCommands,
  dbShellCommand,
  ...environmentCommands,
  shareCommand,
  secretCommand,
  trustCommand,
  xdebug,
  ...operationCommands.map(askForRights).map(askAfterSetup),
  ...programCommands,
  ...daemonCommands,
  mcpCommand,
  ...completionCommands(() => commands),
  uninstallCommand,
];

/** The command with the most matching words, and what is left of argv. */
export function findCommand(argv: readonly string[]): { command: Command; rest: readonly string[] } | null {
  const matching = commands
    .filter(({ words }) => words.every((word, index) => argv[index] === word))
    .sort((a, b) => b.words.length - a.words.length);
  const command = matching[0];
  return command === undefined ? null : { command, rest: argv.slice(command.words.length) };
}
