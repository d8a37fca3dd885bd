/** koji env and koji exec: the environment of the project in whose folder one stands. */
import { relative } from 'node:path';
import { environmentWith, isTestRun } from '../../contract/programs.ts';
import { quoteForSh } from '../../contract/shell-init.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { renderEnvironment } from '../render/environment.ts';
import { runInTerminal } from '../run-in-terminal.ts';

const envCommand: Command = {
  words: ['env'],
  usage: '[--project ID] [--export] [--reveal]',
  group: 'projects',
  summary: 'Show the environment of a project: each value, and where it comes from. Secrets are hidden.',
  options: [
    ['--project ID', 'left out: the project around this folder'],
    ['--export', 'as lines for a shell, with secrets: eval "$(koji env --export)"'],
    ['--reveal', 'with the values of secrets'],
  ],
  examples: ['env', 'env --project shop --json', 'env --export'],
  flagValues: { project: 'projects' },
  access: 'admin',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      project: { type: 'string' },
      export: { type: 'boolean' },
      reveal: { type: 'boolean' },
    });
    if (positionals.length > 0) throw usage(`it takes no such value: ${positionals.join(' ')}`);
    const isExport = values['export'] === true;
    const client = await ensureDaemon();
    try {
      const view = await client.call('programs.environment', {
        ...placeOf(values['project']),
        reveal: isExport || values['reveal'] === true,
      });
      if (json) printJson(view);
      else if (isExport)
        print(view.variables.map(({ name, value }) => `export ${name}=${quoteForSh(value ?? '')}`).join('\n'));
      else print(renderEnvironment(view));
      return 0;
    } finally {
      client.close();
    }
  },
};

const execCommand: Command = {
  words: ['exec'],
  usage: '[--project ID] [--env NAME=VALUE] -- COMMAND …',
  group: 'programs',
  summary:
    'Run any program in the environment of the project around this folder (or --project ID), with its PHP and Node on the PATH. --env wins over the project; tests keep the database that they name.',
  examples: ['exec -- bin/rails db:migrate', 'exec --project shop -- python3 manage.py migrate'],
  passThrough: true,
  access: 'admin',
  async run({ argv }) {
    const { options, words } = splitAtCommand(argv);
    const { values, positionals } = parseFlags(options, {
      project: { type: 'string' },
      env: { type: 'string', multiple: true },
    });
    const [command, ...args] = [...positionals, ...words];
    if (command === undefined) throw usage('COMMAND is missing', 'Say what to run: koji exec -- COMMAND');
    const client = await ensureDaemon();
    const found = await client
      .call('programs.execution', {
        ...placeOf(values['project']),
        testing: isTestRun([command, ...args], process.env),
      })
      .finally(() => client.close());
    const env = {
      ...environmentWith(process.env, found),
      PATH: [...found.path, process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(':'),
      ...pairs(values['env']),
    };
    const isInside = !relative(found.folder, process.cwd()).startsWith('..');
    return runInTerminal(command, command, args, {
      env,
      // A project that was named is elsewhere; its programs expect to stand in its folder.
      ...(values['project'] === undefined || isInside ? {} : { cwd: found.folder }),
    });
  },
};

type FlagValue = string | boolean | (string | boolean)[] | undefined;

const placeOf = (project: FlagValue): { project: string } | { folder: string } =>
  typeof project === 'string' ? { project } : { folder: process.cwd() };

/** Everything after `--`, or from the first word that is no option of ours. */
function splitAtCommand(argv: readonly string[]): { options: string[]; words: string[] } {
  let at = 0;
  for (; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') return { options: argv.slice(0, at), words: argv.slice(at + 1) };
    if (!word.startsWith('-')) break;
    if (!word.includes('=') && ['--project', '--env'].includes(word)) at += 1;
  }
  return { options: argv.slice(0, at), words: argv.slice(at) };
}

function pairs(given: FlagValue): Record<string, string> {
  const list = given === undefined ? [] : Array.isArray(given) ? given : [given];
  return Object.fromEntries(
    list.map((pair) => {
      const [name = '', ...rest] = String(pair).split('=');
      if (name === '' || rest.length === 0) throw usage('--env takes NAME=VALUE');
      return [name, rest.join('=')] as const;
    }),
  );
}

export const environmentCommands: readonly Command[] = [envCommand, execCommand];
