/** Settings of the app and projects. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { EnvironmentSchema, HostNameSchema, IdSchema, OkSchema, PortSchema } from './common.ts';

export const AppConfigSchema = z.object({
  installPath: z.string().min(1),
  updateChannel: z.enum(['stable', 'beta']),
  telemetryOptIn: z.boolean(),
});
export type AppConfig = z.infer<typeof AppConfigSchema>;

export const ServiceConfigSchema = z.object({
  id: IdSchema,
  enabled: z.boolean(),
  ports: z.record(z.string(), PortSchema),
  env: EnvironmentSchema,
  args: z.array(z.string()),
});
export type ServiceConfig = z.infer<typeof ServiceConfigSchema>;

/** A folder, a domain and a stack. `overrides` may hold PHP_VERSION and DOCUMENT_ROOT. */
export const ProjectConfigSchema = z.object({
  id: IdSchema,
  name: z.string().min(1).max(100),
  path: z.string().min(1),
  domain: HostNameSchema,
  stack: z.enum(['php', 'static', 'proxy']),
  overrides: z.record(z.string(), z.string()),
});
export type ProjectConfig = z.infer<typeof ProjectConfigSchema>;

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
    input: AppConfigSchema.strict(),
    output: OkSchema,
    errors: ['CONFIG_CORRUPT'],
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
    summary: 'Change the settings of a service; used at its next start.',
    kind: 'command',
    access: 'admin',
    input: ServiceConfigSchema.strict(),
    output: OkSchema,
    errors: ['NOT_FOUND', 'PORT_CONFLICT', 'CONFIG_CORRUPT'],
    example: { id: 'redis', enabled: true, ports: { redis: 6380 }, env: {}, args: [] },
  }),
  defineOperation({
    name: 'config.getProject',
    summary: 'Show one project.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ id: IdSchema }),
    output: ProjectConfigSchema,
    errors: ['NOT_FOUND'],
    example: { id: 'hello' },
    cli: { command: ['project', 'show'], positional: ['id'], completes: { id: 'projects' } },
  }),
  defineOperation({
    name: 'config.setProject',
    summary: 'Create or change a project: its folder is served at its domain.',
    kind: 'command',
    access: 'operate',
    input: ProjectConfigSchema.extend({ overrides: z.record(z.string(), z.string()).default({}) }).strict(),
    output: OkSchema,
    errors: ['DOMAIN_TAKEN', 'CERTIFICATE_FAILED', 'PERMISSION_DENIED', 'CONFIG_CORRUPT', 'RUNTIME_MISSING'],
    example: { id: 'shop', name: 'Shop', path: '/home/me/code/shop', domain: 'shop.test', stack: 'php' },
    cli: {
      command: ['project', 'set'],
      positional: ['id', 'path'],
      completes: { id: 'projects', path: 'folders' },
      examples: ['project set shop ~/code/shop --name Shop --domain shop.test --stack php'],
    },
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
    errors: ['NOT_FOUND'],
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
