/** How to run a program of an installed runtime on the command line, with the versions and passwords of this stack. */
import { extensionEnvironment } from '../php/extension-packages.ts';
import { join } from 'node:path';
import { CLIENT_VARIABLES, PROGRAMS, type Program } from '../../contract/programs.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import { chooseClients } from '../databases/client-programs.ts';
import type { ProjectEnvironment } from '../projects/environment.ts';
import { MARIADB_USER } from '../recipes/mariadb.ts';
import { XDEBUG } from '../recipes/php.ts';
import { POSTGRES_USER } from '../recipes/postgres.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import { isOn } from './is-on.ts';

export type ProgramName = (typeof PROGRAMS)[number];
export const isProgram = (name: string): name is ProgramName => (PROGRAMS as readonly string[]).includes(name);

export interface ProgramContext {
  readonly runtimes: Runtimes;
  readonly port: (key: string, fallback: number) => number;
  readonly password: (service: string) => Promise<string>;
  /** Keeps the passwords of libpq where this user alone can read them. @returns the file */
  readonly passFile: (user: string, content: string) => Promise<string>;
  readonly runFolder: string;
  readonly project: ProjectConfig | null;
  /** Of the project. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of the project, for the clients of databases. */
  readonly logins: ProjectEnvironment['logins'];
}

/** The innermost project around a folder. A proxy has no code in its folder. */
export function projectAt(projects: readonly ProjectConfig[], folder: string | undefined): ProjectConfig | null {
  const around = projects.filter(
    ({ path, stack }) => stack !== 'proxy' && (folder === path || folder?.startsWith(`${path}/`) === true),
  );
  return around.sort((a, b) => b.path.length - a.path.length)[0] ?? null;
}

/** The client of the server's own series, or the next newer one: an older one warns at each start, and lacks commands. */
function clientSeries(runtimes: Runtimes): string | undefined {
  const known = runtimes.list(new Map()).filter(({ name }) => name === 'postgres-client');
  const clients = known.map(({ series, installed }) => ({ series, isInstalled: installed !== null }));
  return chooseClients(clients, runtimes.defaultSeries('postgres')).series;
}

/** What must be installed for it; no series: the one that is used by default. */
export function runtimesOfProgram(
  name: ProgramName,
  project: ProjectConfig | null,
  runtimes: Runtimes,
): readonly { readonly runtime: string; readonly series?: string | undefined }[] {
  const php = { runtime: 'php', series: project?.overrides['PHP_VERSION'] };
  switch (name) {
    case 'php':
      return [php];
    case 'composer':
      return [php, { runtime: 'composer' }];
    case 'node':
    case 'npm':
    case 'npx':
      return [{ runtime: 'node', series: project?.overrides['NODE_VERSION'] }];
    case 'psql':
      return [{ runtime: 'postgres-client', series: clientSeries(runtimes) }];
    case 'mariadb':
    case 'mariadb-dump':
      return [{ runtime: 'mariadb' }];
    case 'redis-cli':
      return [{ runtime: 'redis' }];
  }
}

export async function resolveProgram(name: ProgramName, context: ProgramContext): Promise<Program> {
  const tree = (runtime: string, series?: string): { path: string; series: string; extensions: readonly string[] } => {
    const installed = context.runtimes.installed(runtime, series);
    if (installed === null) {
      throw new KojiboxError('RUNTIME_MISSING', `cannot run ${name}`, {
        detail: `${runtime}${series === undefined ? '' : ` ${series}`} is not installed`,
        source: 'runtime',
        remedy: `Install it with: koji runtime install ${runtime}${series === undefined ? '' : ` ${series}`}`,
      });
    }
    return {
      path: context.runtimes.treePath(installed),
      series: installed.series,
      extensions: installed.extensions ?? [],
    };
  };
  const projectDrop = Object.keys(context.environment).length === 0 ? [] : [...CLIENT_VARIABLES];
  const php = (): Program => {
    const { path, series, extensions } = tree('php', context.project?.overrides['PHP_VERSION']);
    const debug = isOn(context.project?.overrides['XDEBUG']) ? XDEBUG.flatMap((setting) => ['-d', setting]) : [];
    return {
      command: join(path, `usr/bin/php${series}`),
      args: debug,
      // PHP finds the php.ini beside its binary; the system's own extra files must not come in.
      env: { ...context.environment, PHP_INI_SCAN_DIR: '', ...extensionEnvironment(path, extensions) },
      drop: projectDrop,
    };
  };
  const node = (script?: string): Program => {
    const { path } = tree('node', context.project?.overrides['NODE_VERSION']);
    const command = join(path, 'bin/node');
    return {
      command,
      args: script === undefined ? [] : [join(path, 'lib/node_modules/npm/bin', script)],
      env: { ...context.environment, PATH: `${join(path, 'bin')}:/usr/local/bin:/usr/bin:/bin` },
      drop: projectDrop,
    };
  };
  const database = async (program: string): Promise<Program> => ({
    command: join(tree('mariadb').path, 'usr/bin', program),
    args: [
      '--no-defaults',
      '--default-character-set=utf8mb4',
      '--host=127.0.0.1',
      `--port=${context.port('mariadb.db', 3306)}`,
      `--user=${context.logins.mariadb?.user ?? MARIADB_USER}`,
    ],
    env: { MYSQL_PWD: context.logins.mariadb?.password ?? (await context.password('mariadb')) },
    drop: [...CLIENT_VARIABLES],
  });

  switch (name) {
    case 'php':
      return php();
    case 'composer': {
      const { args, ...rest } = php();
      return { ...rest, args: [...args, join(tree('composer').path, 'usr/bin/composer')] };
    }
    case 'node':
      return node();
    case 'npm':
      return node('npm-cli.js');
    case 'npx':
      return node('npx-cli.js');
    case 'psql': {
      const { path, series } = tree('postgres-client', clientSeries(context.runtimes));
      const port = String(context.port('postgres.db', 5432));
      const user = context.logins.postgres?.user ?? POSTGRES_USER;
      const password = context.logins.postgres?.password ?? (await context.password('postgres'));
      const env = {
        PGHOST: '127.0.0.1',
        PGPORT: port,
        PGUSER: user,
        PGDATABASE: context.environment['POSTGRES_DB'] ?? 'postgres',
        // For this server and user alone: PGPASSWORD would go to whatever server the caller names.
        PGPASSFILE: await context.passFile(user, passLine(port, user, password)),
      };
      return {
        command: join(path, `usr/lib/postgresql/${series}/bin/psql`),
        // Not the user's psqlrc: it is for servers of the user.
        args: ['-X'],
        env,
        drop: [...CLIENT_VARIABLES],
      };
    }
    case 'mariadb':
    case 'mariadb-dump':
      return database(name);
    case 'redis-cli':
      return {
        command: join(tree('redis').path, 'usr/bin/redis-cli'),
        args: ['-p', String(context.port('redis.redis', 6379))],
        env: { REDISCLI_AUTH: await context.password('redis') },
        drop: [...CLIENT_VARIABLES],
      };
  }
}

/** A backslash stands before what would end a field. https://www.postgresql.org/docs/current/libpq-pgpass.html */
const passLine = (port: string, user: string, password: string): string =>
  `${['127.0.0.1', port, '*', escaped(user), escaped(password)].join(':')}\n`;
const escaped = (text: string): string => text.replaceAll(/[\\:]/g, '\\$&');
