/** Sites of other local stacks: read from their configuration, shown first, then taken over; their files stay where they are. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { HostNameSchema, IdSchema, TimestampSchema } from './common.ts';
import { ProjectConfigSchema } from './config.ts';

export const IMPORT_TOOLS = ['laragon', 'xampp', 'mamp', 'herd', 'valet', 'flyenv', 'ddev'] as const;
export const ImportToolSchema = z.enum(IMPORT_TOOLS);
export type ImportTool = z.infer<typeof ImportToolSchema>;

/** Why a site cannot be taken over as it is. */
export const ImportProblemSchema = z.enum([
  'path-missing',
  'path-unreadable',
  'domain-taken',
  'domain-invalid',
  'already-there',
  'nothing-to-serve',
]);
export type ImportProblem = z.infer<typeof ImportProblemSchema>;

export const ImportCandidateSchema = z.object({
  /** Names this site in `imports.apply`: the tool and the name it has there. */
  key: z.string(),
  tool: ImportToolSchema,
  /** The file that says so. */
  source: z.string(),
  /** What would be created, word for word. Its folder may be missing: see `problem`. */
  project: ProjectConfigSchema.extend({ name: z.string(), path: z.string(), domain: z.string() }),
  /** More names that it has there and keeps. */
  aliases: z.array(HostNameSchema),
  framework: z.string(),
  /** Databases that its configuration names, e.g. `mariadb 10.11`. Their content is another matter: see `serverImport`. */
  databases: z.array(z.string()),
  problem: ImportProblemSchema.nullable(),
  /** The problem as a sentence; empty without one. */
  reason: z.string(),
  warnings: z.array(z.string()),
});
export type ImportCandidate = z.infer<typeof ImportCandidateSchema>;

export const ImportScanSchema = z.object({
  sources: z.array(
    z.object({
      tool: ImportToolSchema,
      /** The folder in which the tool was found. */
      place: z.string(),
      sites: z.int(),
      warnings: z.array(z.string()),
    }),
  ),
  sites: z.array(ImportCandidateSchema),
});
export type ImportScan = z.infer<typeof ImportScanSchema>;

export const ImportRecordSchema = z.object({
  id: IdSchema,
  at: TimestampSchema,
  /** The projects that it created. */
  projects: z.array(z.object({ id: z.string(), path: z.string() })),
  /** Further domains that it created. */
  domains: z.array(z.string()),
  undoneAt: TimestampSchema.nullable(),
});
export type ImportRecord = z.infer<typeof ImportRecordSchema>;

const Where = {
  /** Left out: every tool that is found. */
  tool: ImportToolSchema.optional(),
  /** Folder of the tool, or of a project of it; left out: the places where the tools keep themselves. */
  path: z.string().min(1).max(4096).optional(),
};

export const importOperations = [
  defineOperation({
    name: 'imports.scan',
    summary:
      'Look for sites of Laragon, XAMPP, MAMP, Herd, Valet, FlyEnv and DDEV, and show what an import would create.',
    kind: 'query',
    access: 'read',
    reaches: { what: ['files'], when: ({ path }) => path !== undefined },
    input: z.strictObject(Where),
    output: ImportScanSchema,
    errors: ['NOT_FOUND'],
  }),
  defineOperation({
    name: 'imports.apply',
    summary: 'Create projects for the chosen sites of other tools; their files are neither moved nor changed.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['files', 'programs'] },
    returnsChange: true,
    input: z.strictObject({
      ...Where,
      /** Keys of a scan; left out: all sites without a problem. */
      keys: z.array(z.string().min(1).max(600)).max(1000).optional(),
    }),
    output: ChangeSchema,
    errors: ['NOT_FOUND', 'VALIDATION_FAILED', 'CONFIG_CORRUPT'],
  }),
  defineOperation({
    name: 'imports.list',
    summary: 'List what was imported, newest last.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(ImportRecordSchema),
    errors: [],
    cli: { command: ['import', 'list'] },
  }),
  defineOperation({
    name: 'imports.undo',
    summary: 'Forget the projects and domains of one import again; folders are not touched.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ id: IdSchema }),
    output: ImportRecordSchema,
    errors: ['NOT_FOUND', 'CERTIFICATE_FAILED', 'CONFIG_CORRUPT'],
    destructive: true,
    example: { id: 'import-1' },
    cli: { command: ['import', 'undo'], positional: ['id'] },
  }),
] as const;

export const importEvents = [
  defineEvent({
    name: 'imports:changed',
    summary: 'Sites were imported, or an import was undone.',
    data: z.object({ id: z.string() }),
  }),
] as const;
