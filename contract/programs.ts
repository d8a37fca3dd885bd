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
});
export type Program = z.infer<typeof ProgramSchema>;

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
    }),
    output: ProgramSchema,
    errors: ['RUNTIME_MISSING', 'NOT_FOUND'],
    holdsSecret: true,
    example: { program: 'php', folder: '/home/me/code/shop' },
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
