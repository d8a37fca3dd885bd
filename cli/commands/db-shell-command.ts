/** koji db shell: the client program of a database server in this terminal, logged in. */
import { KojiboxError } from '../../contract/errors.ts';
import { usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { runProgram, type ProgramName } from './program-commands.ts';

interface Login {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

interface Shell {
  readonly program: ProgramName;
  open(
    name: string,
    login: Login,
  ): { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

/** By the runtime of the server. A name goes where it cannot be taken for an option, or for a connection string. */
const SHELLS: Readonly<Record<string, Shell>> = {
  postgres: {
    program: 'psql',
    open: (name, { port, user, password }) => ({
      argv: [],
      env: { PGDATABASE: name, PGPORT: String(port), PGUSER: user, PGPASSWORD: password },
    }),
  },
  mariadb: {
    program: 'mariadb',
    open: (name, { port, user, password }) => ({
      argv: [`--port=${port}`, `--user=${user}`, `--database=${name}`],
      env: { MYSQL_PWD: password },
    }),
  },
  redis: { program: 'redis-cli', open: () => ({ argv: [], env: {} }) },
};

export const dbShellCommand: Command = {
  words: ['db', 'shell'],
  usage: 'ENGINE [NAME] [-- …]',
  group: 'databases',
  summary:
    'Open psql, mariadb or redis-cli: in a database as its own login, without a name as the superuser. What follows -- is for that program. Reads SQL from a pipe too.',
  examples: ['db shell postgres shop', "db shell mariadb shop -- -e 'show tables'"],
  positional: ['services'],
  access: 'admin',
  async run({ argv }) {
    const end = argv.indexOf('--');
    const [words, rest] = end === -1 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)];
    const [engine, name, ...others] = words;
    if (engine === undefined || others.length > 0 || words.some((word) => word.startsWith('-')))
      throw usage('it takes the id of a server, and the name of a database');
    const { program, opened } = await shellOf(engine, name);
    return runProgram(program, [...opened.argv, ...rest], { env: opened.env, isOfProject: false });
  },
};

/** With a name: as the login of that database. Rejects with NOT_FOUND for a server without databases, and for a database that is not there. */
async function shellOf(
  engine: string,
  name: string | undefined,
): Promise<{ readonly program: ProgramName; readonly opened: ReturnType<Shell['open']> }> {
  const client = await ensureDaemon();
  try {
    const service = (await client.call('services.list', {})).find(({ id }) => id === engine);
    const shell = SHELLS[service?.runtime ?? ''];
    if (shell === undefined) throw notFound(`${engine} has no databases`, 'See: koji db list');
    const found = (await client.call('databases.list', {})).find(({ id }) => id === engine);
    if (name !== undefined && found?.running === true && found.databases.every((database) => database.name !== name))
      throw notFound(`there is no database "${name}" in ${engine}`, `Make it: koji db create ${engine} ${name}`);
    const { program } = shell;
    if (name === undefined || found?.running !== true) return { program, opened: { argv: [], env: {} } };
    return { program, opened: shell.open(name, await client.call('databases.connection', { engine, name })) };
  } finally {
    client.close();
  }
}

const notFound = (detail: string, remedy: string): KojiboxError =>
  new KojiboxError('NOT_FOUND', 'cannot open a shell', { detail, source: 'cli', remedy });
