/** Settings of the app and projects. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { APPLY_ERRORS } from './problems.ts';
import { INSTALL_ERRORS } from './runtimes.ts';
import { START_ERRORS } from './services.ts';
import { MirrorsSchema } from './mirror.ts';
import { UpdateFeedSettingSchema } from './update-feed.ts';
import { privateValues } from './private-values.ts';
import { EnvironmentSchema, HostNameSchema, IdSchema, OkSchema, PortSchema } from './common.ts';

const givenAppConfig = {
  installPath: z.string().min(1),
  updateChannel: z.enum(['stable', 'beta']),
  telemetryOptIn: z.boolean(),
};
export const LANGUAGES = ['en', 'id', 'de'] as const;
const addedAppConfig = {
  /** Environment of all projects on this machine; wins over what services and projects say. */
  overrides: EnvironmentSchema,
  theme: z.enum(['system', 'light', 'dark']),
  /** Of the UI; null: the browser's. */
  language: z.enum(LANGUAGES).nullable(),
  /** Start the stack when the daemon starts. */
  startStack: z.boolean(),
  /** Other addresses for the bytes of runtimes, by kind of source. */
  mirrors: MirrorsSchema,
  /** Where new projects go; empty: below Kojibox's own folder. */
  projectsFolder: z.string().max(4096),
  /** Write names into the hosts file by itself, where this user may. */
  useHosts: z.boolean(),
  /** Start the desktop app with the session; applied by the app itself. */
  startAtLogin: z.boolean(),
  /** The desktop app tells of services that failed. */
  notifyFailures: z.boolean(),
  /** Where updates of Kojibox come from. */
  updateFeed: UpdateFeedSettingSchema,
  /** Look for updates once a day. */
  checkForUpdates: z.boolean(),
};

export const AppConfigSchema = z.object({
  ...givenAppConfig,
  overrides: addedAppConfig.overrides.default({}),
  theme: addedAppConfig.theme.default('system'),
  language: addedAppConfig.language.default(null),
  startStack: addedAppConfig.startStack.default(false),
  mirrors: addedAppConfig.mirrors.default({}),
  projectsFolder: addedAppConfig.projectsFolder.default(''),
  useHosts: addedAppConfig.useHosts.default(true),
  startAtLogin: addedAppConfig.startAtLogin.default(false),
  notifyFailures: addedAppConfig.notifyFailures.default(true),
  updateFeed: addedAppConfig.updateFeed.default('default'),
  checkForUpdates: addedAppConfig.checkForUpdates.default(true),
});
export type AppConfig = z.infer<typeof AppConfigSchema>;

export const ServiceConfigSchema = z.object({
  id: IdSchema,
  enabled: z.boolean(),
  /** Shown: those in use. Stored: those that the user chose; one that is sent back as it was shown stays unchosen. */
  ports: z.record(z.string(), PortSchema),
  env: EnvironmentSchema,
  args: privateValues(z.array(z.string())),
});
export type ServiceConfig = z.infer<typeof ServiceConfigSchema>;

/** What a change of settings does to what runs; told before it is done. */
export const ServiceEffectSchema = z.object({
  /** Services that are stopped and started again, dependents included. */
  restarts: z.array(z.string()),
  stops: z.array(z.string()),
  starts: z.array(z.string()),
});
export type ServiceEffect = z.infer<typeof ServiceEffectSchema>;

/** Overrides that steer Kojibox and can hold no password; all others are shown to `admin` alone. */
const SHOWN_OVERRIDES = ['PHP_VERSION', 'NODE_VERSION', 'DOCUMENT_ROOT', 'FALLBACK', 'XDEBUG'] as const;
export const OverridesSchema = privateValues(z.record(z.string(), z.string()), SHOWN_OVERRIDES);

/**
 * A folder, a domain and a stack: `node` runs a command with the Node of the stack, `program` runs any command and needs no runtime.
 * `overrides` may hold PHP_VERSION, NODE_VERSION, DOCUMENT_ROOT, ALLOWED_LINKS (folders into which links of the document root may lead), COMMAND (what starts the program, with $PORT), DATABASE (`mariadb/blog`, `postgres`, `none`), TARGET (of a proxy) and FALLBACK (of a static site); all others are environment variables of its code.
 */
export const ProjectConfigSchema = z.object({
  id: IdSchema,
  name: z.string().min(1).max(100),
  path: z.string().min(1),
  domain: HostNameSchema,
  stack: z.enum(['php', 'node', 'program', 'static', 'proxy']),
  overrides: OverridesSchema,
  /** False: its own program is not started with the stack, only when the user starts it. Left out: true. */
  autostart: z.boolean().optional(),
});
export type ProjectConfig = z.infer<typeof ProjectConfigSchema>;

/** Whether a project is served by a program of its own, started by COMMAND. */
export const hasProgram = ({ stack }: Pick<ProjectConfig, 'stack'>): boolean => stack === 'node' || stack === 'program';

export const PortRegistrySchema = z.object({
  /** `<service>` or `<service>.<port name>` to port. */
  assigned: z.record(z.string(), PortSchema),
  ranges: z.record(z.string(), z.object({ from: PortSchema, to: PortSchema })),
});
export type PortRegistry = z.infer<typeof PortRegistrySchema>;

export const configOperations = [
  defineOperation({
    name: 'config.getApp',
    summary: 'Show the settings of the app.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: AppConfigSchema,
    errors: [],
    cli: { command: ['config', 'app'] },
  }),
  defineOperation({
    name: 'config.setApp',
    summary: 'Change the settings of the app.',
    kind: 'command',
    access: 'admin',
    reaches: {
      what: ['files', 'programs', 'network'],
      when: ({ overrides, mirrors, projectsFolder, updateFeed }) =>
        [overrides, mirrors, projectsFolder, updateFeed].some((given) => given !== undefined),
    },
    // What is left out of the added fields stays as it is.
    input: z.strictObject({ ...givenAppConfig, ...z.object(addedAppConfig).partial().shape }),
    output: OkSchema,
    errors: [...APPLY_ERRORS, 'NOT_FOUND', 'SECRETS_LOCKED'],
    example: { installPath: '/home/me/.local/share/kojibox', updateChannel: 'stable', telemetryOptIn: false },
  }),
  defineOperation({
    name: 'config.getService',
    summary: 'Show the settings of a service.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ id: IdSchema }),
    output: ServiceConfigSchema,
    errors: ['NOT_FOUND'],
    example: { id: 'postgres' },
    cli: { command: ['config', 'service'], positional: ['id'], completes: { id: 'services' } },
  }),
  defineOperation({
    name: 'config.setService',
    summary:
      'Change the settings of a service; restarts what must be restarted, and goes back when it does not start with them.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['programs'], when: ({ env, args }) => args.length > 0 || Object.keys(env).length > 0 },
    input: ServiceConfigSchema.strict(),
    output: OkSchema,
    errors: [...START_ERRORS, 'CONFIG_CORRUPT'],
    example: { id: 'redis', enabled: true, ports: { redis: 6380 }, env: {}, args: [] },
  }),
  defineOperation({
    name: 'config.previewService',
    summary: 'Show what changed settings of a service would restart, start or stop; changes nothing.',
    kind: 'query',
    access: 'read',
    input: ServiceConfigSchema.strict(),
    output: ServiceEffectSchema,
    errors: ['NOT_FOUND', 'PORT_CONFLICT'],
    example: { id: 'redis', enabled: true, ports: { redis: 6380 }, env: {}, args: [] },
  }),
  defineOperation({
    name: 'config.getProject',
    summary: 'Show one project.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({
      id: IdSchema,
      /** The values of all overrides, as `admin` sees them. */
      values: z.boolean().default(false),
    }),
    reaches: { what: ['values'], when: ({ values }) => values },
    output: ProjectConfigSchema,
    errors: ['NOT_FOUND'],
    example: { id: 'hello' },
    cli: { command: ['project', 'show'], positional: ['id'], completes: { id: 'projects' } },
  }),
  defineOperation({
    name: 'config.setProject',
    summary: 'Create or change a project: its folder is served at its domain.',
    kind: 'command',
    // The folder is served, COMMAND is run, and variables such as NODE_OPTIONS run programs too.
    access: 'admin',
    reaches: { what: ['files', 'programs', 'network'] },
    input: ProjectConfigSchema.extend({ overrides: OverridesSchema.default({}) }).strict(),
    output: OkSchema,
    errors: [
      ...new Set([...INSTALL_ERRORS, ...START_ERRORS]),
      'NOTHING_TO_SERVE',
      'DOMAIN_TAKEN',
      'CERTIFICATE_FAILED',
      'CONFIG_CORRUPT',
    ],
    example: { id: 'shop', name: 'Shop', path: '/home/me/code/shop', domain: 'shop.test', stack: 'php' },
  }),
  defineOperation({
    name: 'config.listProjects',
    summary: 'List projects.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(ProjectConfigSchema),
    errors: [],
    cli: { command: ['project', 'list'] },
  }),
  defineOperation({
    name: 'projects.remove',
    summary: 'Forget a project; its folder is not touched.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ id: IdSchema }),
    output: OkSchema,
    errors: [...APPLY_ERRORS, 'NOT_FOUND'],
    destructive: true,
    example: { id: 'shop' },
    cli: { command: ['project', 'remove'], positional: ['id'], completes: { id: 'projects' } },
  }),
] as const;

export const configEvents = [
  defineEvent({
    name: 'config:changed',
    summary: 'A setting, project, domain or rule changed.',
    data: z.object({ scope: z.enum(['app', 'service', 'project', 'domain', 'proxy']), id: z.string() }),
  }),
] as const;
