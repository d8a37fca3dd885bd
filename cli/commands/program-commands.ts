/** php, composer, node, psql, mariadb, …: programs of the installed runtimes, run in this terminal. */
import { spawn } from 'node:child_process';
import { PROGRAMS } from '../../contract/programs.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';

const EXAMPLES: Partial<Record<(typeof PROGRAMS)[number], string>> = {
  php: 'php -v',
  composer: 'composer install',
  node: 'node --version',
  psql: "psql -c 'select version()'",
  mariadb: "mariadb -e 'select version()'",
  'redis-cli': 'redis-cli ping',
};

export const programCommands: readonly Command[] = PROGRAMS.map((program) => ({
  words: [program],
  usage: '…',
  group: 'programs',
  summary: `Run ${program} of this stack; all arguments are its own.`,
  examples: [EXAMPLES[program] ?? `${program} --help`],
  passThrough: true,
  async run({ argv }) {
    const client = await ensureDaemon();
    const resolved = await client
      .call('programs.resolve', { program, folder: process.cwd() })
      .finally(() => client.close());
    return new Promise((resolve, reject) => {
      const child = spawn(resolved.command, [...resolved.args, ...argv], {
        stdio: 'inherit',
        // Set where `koji` is the desktop app's own binary; the program may be an Electron app itself.
        env: { ...process.env, ELECTRON_RUN_AS_NODE: undefined, ...resolved.env },
      });
      // Ctrl-C in a terminal reaches the program too; it decides what that means.
      process.on('SIGINT', () => undefined);
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      child.on('error', (error) =>
        reject(
          new KojiboxError('RUNTIME_MISSING', `cannot run ${program}`, {
            detail: error.message,
            source: 'cli',
            cause: error,
          }),
        ),
      );
      child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
    });
  },
}));
