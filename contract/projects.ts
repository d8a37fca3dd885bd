/** Projects beyond their settings: what a folder holds, and new ones from a template, a repository or an archive. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { HostNameSchema, IdSchema, OkSchema } from './common.ts';

export const DetectedProjectSchema = z.object({
  /** With links resolved. */
  path: z.string(),
  /** As people call it: Laravel, Symfony, WordPress, Drupal, Next.js, Vite, Express, PHP, Node, Static site, … */
  framework: z.string(),
  stack: z.enum(['php', 'node', 'static']),
  /** Relative to the folder; empty for the folder itself. */
  documentRoot: z.string(),
  /** What starts it, for a Node program; null where nothing was found. */
  command: z.string().nullable(),
  /** As the project asks for it, e.g. `8.3`; null: no wish. */
  phpVersion: z.string().nullable(),
  nodeVersion: z.string().nullable(),
  id: z.string(),
  name: z.string(),
  domain: z.string(),
});
export type DetectedProject = z.infer<typeof DetectedProjectSchema>;

const NewProjectSchema = z.strictObject({
  kind: z.enum(['php', 'node', 'static', 'folder', 'git', 'zip']),
  /** Absolute; empty: below Kojibox's own projects folder. Must be new or empty, but for kind `folder`. */
  path: z.string().max(4096).default(''),
  name: z.string().min(1).max(100),
  id: IdSchema.optional(),
  domain: HostNameSchema.optional(),
  /** URL of a Git repository, or absolute path of a zip file. */
  source: z.string().max(4096).optional(),
});
export type NewProject = z.infer<typeof NewProjectSchema>;

export const projectOperations = [
  defineOperation({
    name: 'projects.detect',
    summary: 'Look at a folder: framework, document root, versions and the settings it would get.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ path: z.string().min(1).max(4096) }),
    output: DetectedProjectSchema,
    example: { path: '/home/me/code/shop' },
    errors: ['VALIDATION_FAILED'],
    cli: {
      command: ['project', 'detect'],
      positional: ['path'],
      completes: { path: 'folders' },
      paths: ['path'],
      examples: ['project detect ~/code/shop'],
    },
  }),
  defineOperation({
    name: 'projects.create',
    summary:
      'Create a project: empty PHP, Node or static, an existing folder, a Git repository or a zip file; then serve it.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: NewProjectSchema,
    output: ChangeSchema,
    example: { kind: 'php', name: 'Shop' },
    errors: ['VALIDATION_FAILED', 'DOMAIN_TAKEN', 'DOWNLOAD_FAILED', 'ARCHIVE_UNSAFE', 'RUNTIME_MISSING'],
    cli: {
      command: ['project', 'create'],
      positional: ['kind', 'name'],
      completes: { path: 'folders' },
      paths: ['path'],
      examples: [
        'project create php Shop',
        'project create folder Shop --path ~/code/shop',
        'project create git Shop --source https://example.com/shop.git',
      ],
    },
  }),
  defineOperation({
    name: 'projects.open',
    summary: 'Open the folder of a project in the file manager, a terminal or an editor of this desktop.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ id: IdSchema, with: z.enum(['folder', 'terminal', 'editor']) }),
    output: OkSchema,
    example: { id: 'shop', with: 'editor' },
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    cli: { command: ['project', 'open'], positional: ['id', 'with'], completes: { id: 'projects' } },
  }),
] as const;
