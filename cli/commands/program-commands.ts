/** php, composer, node, psql, mariadb, …: programs of the installed runtimes, run in this terminal. */
import type { Client } from '../../client/index.ts';
import { environmentWith, isTestRun, PROGRAMS, type Program } from '../../contract/programs.ts';
import { environmentFor } from '../../contract/own-server.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { runInTerminal } from '../run-in-terminal.ts';
import { mayAskToInstall } from '../offer-install.ts';
import { askYes } from './setup-questions.ts';

const EXAMPLES: Partial<Record<(typeof PROGRAMS)[number], string>> = {
  php: 'php -v',
  composer: 'composer install',
  node: 'node --version',
  psql: "psql -c 'select version()'",
  mariadb: "mariadb -e 'select version()'",
  'redis-cli': 'redis-cli ping',
};

export type ProgramName = (typeof PROGRAMS)[number];

/** In a terminal what is missing can be had at once; a script gets the error, which has the command. */
async function resolveOrInstall(
  client: Client,
  program: ProgramName,
  testing: boolean,
  isOfProject: boolean,
): Promise<Program> {
  const place = { program, ...(isOfProject ? { folder: process.cwd() } : {}) };
  const params = { ...place, testing };
  try {
    return await client.call('programs.resolve', params);
  } catch (error) {
    if (!(error instanceof KojiboxError) || error.code !== 'RUNTIME_MISSING' || !mayAskToInstall()) throw error;
    if (!(await askYes(`${error.detail}. Install it now?`, true))) throw error;
    await followChange(client, await client.call('programs.install', place), false);
    return client.call('programs.resolve', params);
  }
}

export const programCommands: readonly Command[] = PROGRAMS.map((program) => ({
  words: [program],
  usage: '…',
  group: 'programs',
  summary: `Run ${program} of this stack; all arguments are its own. In a terminal, what is missing is offered to be installed (not with KOJIBOX_NO_INSTALL=1).`,
  examples: [EXAMPLES[program] ?? `${program} --help`],
  passThrough: true,
  run: ({ argv }) => runProgram(program, argv),
}));

export interface RunOptions {
  /** Wins over what the program is given. */
  readonly env?: Readonly<Record<string, string>>;
  /** False: with the versions and logins of the stack, whatever folder this is. */
  readonly isOfProject?: boolean;
}

/** Runs it in this terminal. @returns its exit code */
export async function runProgram(
  program: ProgramName,
  argv: readonly string[],
  { env = {}, isOfProject = true }: RunOptions = {},
): Promise<number> {
  const client = await ensureDaemon();
  const testing = isTestRun(argv, process.env);
  const resolved = await resolveOrInstall(client, program, testing, isOfProject).finally(() => client.close());
  return runInTerminal(program, resolved.command, [...resolved.args, ...argv], {
    env: environmentWith(process.env, {
      ...resolved,
      env: environmentFor(program, { ...resolved, env: { ...resolved.env, ...env } }, argv),
    }),
  });
}
