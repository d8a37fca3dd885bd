/** Projects beyond their settings: what a folder holds, and new ones from a template, a repository or an archive. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { HostNameSchema, IdSchema, OkSchema } from './common.ts';
import { OverridesSchema, ProjectConfigSchema } from './config.ts';
import { INSTALL_ERRORS } from './runtimes.ts';
import { START_ERRORS } from './services.ts';

/** What a project needs before it can start. */
export const MissingPartSchema = z.enum(['node_modules', 'vendor', '.venv', '.env']);
export type MissingPart = z.infer<typeof MissingPartSchema>;

/** A project that lacks something, and what `projects.install` runs for it. */
export const IncompleteProjectSchema = z.object({
  project: IdSchema,
  name: z.string(),
  missing: z.array(MissingPartSchema),
  /** Command lines, in their order. */
  commands: z.array(z.string()),
  /** True: without it the project does not work. False: it may. */
  needed: z.boolean(),
});
export type IncompleteProject = z.infer<typeof IncompleteProjectSchema>;

export const DetectedProjectSchema = z.object({
  /** With links resolved. */
  path: z.string(),
  /** As people call it: Laravel, Symfony, WordPress, Drupal, Next.js, Vite, Express, PHP, Node, Static site, … */
  framework: z.string(),
  stack: z.enum(['php', 'node', 'static', 'program']),
  /** Relative to the folder; empty for the folder itself. */
  documentRoot: z.string(),
  /** What starts its program, with $PORT; null where nothing was found. */
  command: z.string().nullable(),
  /**
   * Null: it can be served. Else nothing was found that could be: it needs a command or a folder to serve, and `folders` are those in it that
   * hold a page.
   */
  undecided: z.object({ folders: z.array(z.string()) }).nullable(),
  /** Packages and settings that its files ask for and that are not there; `projects.install` brings packages. */
  missing: z.array(MissingPartSchema),
  /** As the project asks for it, e.g. `8.3`; null: no wish. */
  phpVersion: z.string().nullable(),
  nodeVersion: z.string().nullable(),
  id: z.string(),
  name: z.string(),
  domain: z.string(),
});
export type DetectedProject = z.infer<typeof DetectedProjectSchema>;

const NewProjectSchema = z.strictObject({
  kind: z.enum(['php', 'node', 'static', 'folder', 'git', 'zip', 'proxy']),
  /** Absolute; empty: below Kojibox's own projects folder. Must be new or empty, but for kind `folder`. */
  path: z.string().max(4096).default(''),
  name: z.string().min(1).max(100),
  id: IdSchema.optional(),
  domain: HostNameSchema.optional(),
  /** URL of a Git repository, or absolute path of a zip file. */
  source: z.string().max(4096).optional(),
  /** What starts its program, with $PORT; instead of what the folder says. */
  command: z.string().min(1).max(4096).optional(),
  /** Folder to serve, relative to the project, e.g. `dist`; `.` for the project's own folder. */
  documentRoot: z.string().min(1).max(4096).optional(),
  /** PHP version, e.g. `8.3`; instead of what the folder asks for. */
  php: z.string().max(20).optional(),
  /** Of kind `proxy`: address of a program on this machine, e.g. `http://127.0.0.1:3000`. */
  target: z.string().max(2000).optional(),
});
export type NewProject = z.infer<typeof NewProjectSchema>;

/** Overrides that choose among what Kojibox brings. */
const HARMLESS_OVERRIDES: readonly string[] = ['PHP_VERSION', 'NODE_VERSION', 'XDEBUG'];

export const projectOperations = [
  defineOperation({
    name: 'projects.detect',
    summary: 'Look at a folder: framework, document root, versions and the settings it would get.',
    kind: 'query',
    access: 'admin',
    reaches: { what: ['files'] },
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
      'Create a project: empty PHP, Node or static, an existing folder, a Git repository, a zip file, or a proxy for a program that runs; then serve it.',
    kind: 'command',
    access: 'operate',
    reaches: {
      what: ['files', 'programs', 'network'],
      // A new one from a template lies in the folder for projects, and runs what the template says.
      when: ({ kind, path, source, command, target }) =>
        path !== '' ||
        [source, command, target].some((given) => given !== undefined) ||
        !['php', 'node', 'static'].includes(kind),
    },
    returnsChange: true,
    input: NewProjectSchema,
    output: ChangeSchema,
    example: { kind: 'php', name: 'Shop' },
    errors: [
      'VALIDATION_FAILED',
      'NOTHING_TO_SERVE',
      'DOMAIN_TAKEN',
      'DOWNLOAD_FAILED',
      'ARCHIVE_UNSAFE',
      'RUNTIME_MISSING',
      'RUNTIME_UNSUPPORTED',
      'NOT_FOUND',
      'SECRETS_LOCKED',
    ],
    cli: {
      command: ['project', 'create'],
      positional: ['kind', 'name'],
      completes: { path: 'folders' },
      paths: ['path'],
      examples: [
        'project create php Shop',
        'project create folder Shop --path ~/code/shop',
        'project create git Shop --source https://example.com/shop.git',
        'project create folder Api --path ~/code/api --command ./serve.sh',
        'project create folder Docs --path ~/code/docs --document-root dist',
        'project create proxy Shop --target http://127.0.0.1:3000',
      ],
    },
  }),
  defineOperation({
    name: 'projects.update',
    summary: 'Change some settings of a project and keep the others; with a folder it creates one that is not there.',
    kind: 'command',
    access: 'operate',
    reaches: {
      what: ['files', 'programs', 'network'],
      // Name, domain and versions alone reach nothing. Without DOCUMENT_ROOT the whole folder is served, so taking out counts too.
      when: ({ path, stack, overrides, unset }) =>
        path !== undefined ||
        stack !== undefined ||
        [...Object.keys(overrides), ...unset].some((name) => !HARMLESS_OVERRIDES.includes(name)),
    },
    input: z.strictObject({
      id: IdSchema,
      /** Absolute. */
      path: z.string().min(1).max(4096).optional(),
      name: z.string().min(1).max(100).optional(),
      domain: HostNameSchema.optional(),
      stack: ProjectConfigSchema.shape.stack.optional(),
      autostart: z.boolean().optional(),
      /** Set, each by its name; the others stay. */
      overrides: OverridesSchema.default({}),
      /** Names of overrides to take out. */
      unset: z.array(z.string()).default([]),
    }),
    output: OkSchema,
    example: { id: 'shop', overrides: { XDEBUG: 'on' } },
    errors: [
      ...new Set([...INSTALL_ERRORS, ...START_ERRORS]),
      'NOTHING_TO_SERVE',
      'DOMAIN_TAKEN',
      'CERTIFICATE_FAILED',
      'CONFIG_CORRUPT',
    ],
    cli: {
      command: ['project', 'set'],
      positional: ['id', 'path'],
      completes: { id: 'projects', path: 'folders' },
      paths: ['path'],
      examples: [
        'project set shop --overrides XDEBUG=on',
        'project set shop --unset XDEBUG --no-autostart',
        'project set shop ~/code/shop --name Shop --domain shop.test --stack php',
      ],
    },
  }),
  defineOperation({
    name: 'projects.missing',
    summary: 'Say which projects lack packages or settings that their files ask for, and what would bring them.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({
      /** Left out: all projects. */
      id: IdSchema.optional(),
    }),
    output: z.array(IncompleteProjectSchema),
    example: { id: 'shop' },
    errors: ['NOT_FOUND'],
    cli: { command: ['project', 'missing'], positional: ['id'], completes: { id: 'projects' } },
  }),
  defineOperation({
    name: 'projects.install',
    summary:
      'Install the packages that a project needs, with its own package manager: npm, pnpm, Yarn, Bun, Composer, pip, uv, Poetry or Pipenv; a missing .env is copied from its example.',
    kind: 'command',
    // Packages run scripts of their own.
    access: 'admin',
    returnsChange: true,
    input: z.strictObject({ id: IdSchema }),
    output: ChangeSchema,
    example: { id: 'shop' },
    errors: ['NOT_FOUND', 'START_FAILED'],
    cli: { command: ['project', 'install'], positional: ['id'], completes: { id: 'projects' } },
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
