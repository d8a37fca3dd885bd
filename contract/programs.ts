/** Programs of installed runtimes, for use on the command line: the versions and passwords of this stack. */
import { z } from 'zod';
import { ChangeSchema } from './changes.ts';
import { defineOperation } from './define.ts';
import { INSTALL_ERRORS } from './runtimes.ts';

export const PROGRAMS = [
  'php',
  'composer',
  'node',
  'npm',
  'npx',
  'psql',
  'mariadb',
  'mariadb-dump',
  'redis-cli',
] as const;

export const ProgramSchema = z.object({
  command: z.string(),
  /** Come before the caller's own arguments. */
  args: z.array(z.string()),
  /** Added to the caller's environment. May hold a password: never print it. */
  env: z.record(z.string(), z.string()),
  /** Beginnings of names that are taken out of the caller's environment first: they would lead a client to another server. */
  drop: z.array(z.string()),
});
export type Program = z.infer<typeof ProgramSchema>;

/** Where a value comes from; a later one wins. */
export const EnvironmentOriginSchema = z.enum(['default', 'service', 'project', 'user']);
export type EnvironmentOrigin = z.infer<typeof EnvironmentOriginSchema>;

/** Variables that client programs read by themselves. The user's own lead to servers of the user, and may send them our password. */
export const CLIENT_VARIABLES = ['PG', 'MYSQL_', 'MARIADB_', 'REDISCLI_'] as const;

/** The caller's environment, without the names that begin so, and with those that are added. */
export function environmentWith(
  caller: Readonly<Record<string, string | undefined>>,
  { env, drop }: Pick<Program, 'env' | 'drop'>,
): Record<string, string | undefined> {
  const kept = Object.entries(caller).filter(([name]) => !drop.some((beginning) => name.startsWith(beginning)));
  return { ...Object.fromEntries(kept), ...env };
}

/**
 * Names that choose a database. Tests choose their own, in a file of the project; an environment variable would win over it, and the tests
 * would empty the database of development.
 */
export const DATABASE_NAMES = [
  'DATABASE_URL',
  'DB_CONNECTION',
  'DB_DATABASE',
  'DB_NAME',
  'MARIADB_DATABASE',
  'POSTGRES_DB',
  'PGDATABASE',
] as const;
const TEST_WORD =
  /(?:^|\/)(?:phpunit|pest|paratest|codecept|behat|phpspec|rspec|pytest|py\.test|jest|vitest|mocha|ava)(?:\.phar)?$|^(?:test|tests)(?::|$)|:test:/;
const TEST_VARIABLES = ['APP_ENV', 'RAILS_ENV', 'RACK_ENV', 'NODE_ENV', 'MIX_ENV'] as const;

/** Whether a command line runs tests, by its words and by the caller's environment. */
export const isTestRun = (
  words: readonly string[],
  caller: Readonly<Record<string, string | undefined>> = {},
): boolean =>
  words.slice(0, 4).some((word) => TEST_WORD.test(word)) ||
  words.some((word) => /^--env=test(?:ing)?$/.test(word)) ||
  TEST_VARIABLES.some((name) => /^test(?:ing)?$/.test(caller[name] ?? ''));

export const ProjectEnvironmentSchema = z.object({
  project: z.string(),
  /** Server and database that the project uses; `server` is null where it uses none of the stack. */
  database: z.object({
    server: z.string().nullable(),
    name: z.string().nullable(),
    /** `setting`: DATABASE. `files`: what files of the project say. `order`: the first server. Else why there is none. */
    because: z.enum(['setting', 'files', 'order', 'elsewhere', 'other-kind', 'not-in-stack']),
  }),
  variables: z.array(
    z.object({
      name: z.string(),
      /** Null: a secret that was not asked for. */
      value: z.string().nullable(),
      origin: EnvironmentOriginSchema,
      secret: z.boolean(),
    }),
  ),
});
export type ProjectEnvironmentView = z.infer<typeof ProjectEnvironmentSchema>;

const place = {
  /** Id of the project; left out: the project around `folder`. */
  project: z.string().optional(),
  folder: z.string().optional(),
};

export const programOperations = [
  defineOperation({
    name: 'programs.resolve',
    summary: 'Say how to run a program of an installed runtime.',
    kind: 'query',
    access: 'admin',
    input: z.strictObject({
      program: z.enum(PROGRAMS),
      /** Folder the caller stands in; the versions of the project around it are used. */
      folder: z.string().optional(),
      /** The program runs tests: names that choose a database are left out, but for those that settings say. */
      testing: z.boolean().default(false),
    }),
    output: ProgramSchema,
    errors: ['RUNTIME_MISSING', 'NOT_FOUND'],
    holdsSecret: true,
    example: { program: 'php', folder: '/home/me/code/shop' },
  }),
  defineOperation({
    name: 'programs.environment',
    summary:
      'Show the environment of a project: what its web server, its programs and its workers get, and where each value comes from.',
    kind: 'query',
    access: 'admin',
    reaches: { what: ['files'] },
    input: z.strictObject({
      ...place,
      /** True: with the values of secrets. */
      reveal: z.boolean().default(false),
    }),
    output: ProjectEnvironmentSchema,
    errors: ['NOT_FOUND'],
    holdsSecret: true,
    example: { project: 'shop' },
  }),
  defineOperation({
    name: 'programs.execution',
    summary:
      'Say how any program is run in the environment of a project: its variables, and the folders of its programs.',
    kind: 'query',
    access: 'admin',
    reaches: { what: ['files'] },
    input: z.strictObject({
      ...place,
      testing: z.boolean().default(false),
    }),
    output: ProgramSchema.pick({ env: true, drop: true }).extend({
      project: z.string(),
      /** Folder of the project. */
      folder: z.string(),
      /** Come before the caller's own PATH. */
      path: z.array(z.string()),
    }),
    errors: ['NOT_FOUND'],
    holdsSecret: true,
    example: { project: 'shop' },
  }),
  defineOperation({
    name: 'programs.install',
    summary: 'Install the runtimes that a program needs and that are not there, in the background.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({
      program: z.enum(PROGRAMS),
      /** As in `programs.resolve`. */
      folder: z.string().optional(),
    }),
    output: ChangeSchema,
    errors: INSTALL_ERRORS,
    example: { program: 'composer' },
  }),
] as const;
