/** koji shell-init: the programs of the project one stands in, on the PATH of a shell. Without --install it touches no file. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { KojiboxError } from '../../contract/errors.ts';
import { INIT_SHELLS, type InitShell } from '../../contract/shell.ts';
import { shellInit } from '../../contract/shell-init.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon, homeFolder } from '../daemon-process.ts';
import { paint } from '../render/style.ts';
import { writeError, writeForPrograms } from '../render/terminal-text.ts';

const shimsFolder = (): string => join(homeFolder(), 'app', 'shims');

/** The start file of an interactive shell: bash(1) and zsh(1) "FILES", fish(1), about_Profiles. */
function startFile(shell: InitShell): string {
  const { env } = process;
  const home = homedir();
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  switch (shell) {
    case 'bash':
      return join(home, '.bashrc');
    case 'zsh':
      return join(env['ZDOTDIR'] || home, '.zshrc');
    case 'fish':
      return join(config, 'fish', 'config.fish');
    case 'powershell':
      return process.platform === 'win32'
        ? join(home, 'Documents', 'PowerShell', 'Microsoft.PowerShell_profile.ps1')
        : join(config, 'powershell', 'Microsoft.PowerShell_profile.ps1');
  }
}

export const shellInitCommand: Command = {
  words: ['shell-init'],
  usage: `${INIT_SHELLS.join('|')} [--install|--remove] [--file FILE] [--yes]`,
  group: 'programs',
  summary: 'Print the code that puts php, node, psql and others of the project you stand in on the PATH of a shell.',
  options: [
    ['--install', 'add it to the start file of the shell, in a marked block'],
    ['--remove', 'take that block out again'],
    ['--file FILE', 'another start file than the usual one'],
    ['--yes', 'do not ask'],
  ],
  positional: [INIT_SHELLS],
  examples: ['shell-init bash', 'shell-init zsh --install', 'shell-init fish --remove'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      install: { type: 'boolean' },
      remove: { type: 'boolean' },
      file: { type: 'string' },
      yes: { type: 'boolean' },
    });
    const shell = INIT_SHELLS.find((known) => known === positionals[0]);
    if (shell === undefined || positionals.length > 1) throw usage(`give one of ${INIT_SHELLS.join(', ')}`);
    const [installs, removes] = [values['install'] === true, values['remove'] === true];
    if (installs && removes) throw usage('--install and --remove are opposites');
    const code = shellInit(shell, shimsFolder());
    if (!installs && !removes) {
      if (json) printJson({ shell, shims: shimsFolder(), code });
      else {
        writeForPrograms(code);
        // The folder is written by the daemon at its start; for a shell this is no failure.
        if (!existsSync(shimsFolder())) writeError('Kojibox has not run yet: its programs come with koji up.\n');
      }
      return 0;
    }
    const file = typeof values['file'] === 'string' ? resolve(values['file']) : startFile(shell);
    if (installs) await install(shell, file, code, values['yes'] === true);
    else await remove(file);
    if (json) printJson({ shell, file, installed: installs });
    else if (installs) print(`${paint('green', '✓')} New shells have them. Undo: koji shell-init ${shell} --remove`);
    else print(`${paint('green', '✓')} ${file} is as it was before.`);
    return 0;
  },
};

async function install(shell: InitShell, file: string, code: string, sure: boolean): Promise<void> {
  if (!sure) {
    if (process.stdin.isTTY !== true) throw usage('--install needs --yes when it cannot ask you');
    writeError(`This is added to the end of ${file}, in a marked block:\n\n${code}\n`);
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await terminal.question('Add it? Type "yes": ');
    terminal.close();
    if (answer.trim() !== 'yes') throw new KojiboxError('CANCELLED', 'nothing was changed', { source: 'cli' });
  }
  const client = await ensureDaemon();
  await client.call('shell.install', { shell, file }).finally(() => client.close());
}

async function remove(file: string): Promise<void> {
  const client = await ensureDaemon();
  try {
    const entries = await client.call('ledger.list', {});
    const entry = entries.find(
      ({ kind, target, undoneAt }) => kind === 'shell-rc' && target === file && undoneAt === null,
    );
    if (entry === undefined) {
      throw new KojiboxError('NOT_FOUND', 'there is nothing to take out', {
        detail: `Kojibox added nothing to ${file}`,
        source: 'cli',
        remedy: 'See: koji ledger',
      });
    }
    await client.call('ledger.undo', { id: entry.id });
  } finally {
    client.close();
  }
}
