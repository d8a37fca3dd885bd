/** Runtimes: installable, versioned sets of binaries. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { IdSchema, OkSchema, TimestampSchema } from './common.ts';
import { START_ERRORS } from './services.ts';
import { RuntimeManifestSchema, ServiceBinarySchema } from './manifest.ts';

const RuntimeNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'not a runtime name');
/** A full version or a series: `8.2.35`, `8.2`, `17`. */
const VersionSchema = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}$/, 'not a version');

/** How the bytes of an installed runtime were verified. */
export const InstalledRuntimeSchema = z.object({
  name: z.string(),
  /** The exact version, asked from the installed program or its packages. */
  version: z.string(),
  series: z.string(),
  os: z.string(),
  arch: z.string(),
  /** Relative to KOJIBOX_HOME. */
  path: z.string(),
  /** `sha256:` over the sorted digests of all artifacts. */
  digest: z.string(),
  artifacts: z.array(
    z.object({ file: z.string(), size: z.number(), digest: z.string(), version: z.string().optional() }),
  ),
  source: z.string(),
  /** Of PHP: what was added to it. */
  extensions: z.array(z.string()).optional(),
  /** What the bytes came through when not straight from their source: a pack, an own mirror. */
  via: z.string().optional(),
  /** Bytes on disk. */
  sizeOnDisk: z.number(),
  installedAt: TimestampSchema,
});
export type InstalledRuntime = z.infer<typeof InstalledRuntimeSchema>;

export const RuntimeListEntrySchema = z.object({
  name: z.string(),
  series: z.string(),
  version: z.string(),
  kind: z.enum(['service', 'language', 'tool']),
  source: z.string(),
  /** Bytes to fetch. */
  size: z.number(),
  installed: InstalledRuntimeSchema.nullable(),
  /** Services that run it now. */
  usedBy: z.array(z.string()),
  /** The version used when a project asks for none. */
  isDefault: z.boolean(),
  /** The exact version that this series stays at; null: the newest that was installed. */
  pinned: z.string().nullable(),
  untested: z.boolean(),
});
export type RuntimeListEntry = z.infer<typeof RuntimeListEntrySchema>;

/** What was chosen on this machine, in place of the manifest's own defaults. */
export const RuntimeChoicesSchema = z.object({
  /** Series by runtime. */
  defaults: z.record(z.string(), z.string()),
  /** Exact version by `<name> <series>`. */
  pins: z.record(z.string(), z.string()),
});
export type RuntimeChoices = z.infer<typeof RuntimeChoicesSchema>;

/** Which bytes a project was made with, for colleagues and for later. Committed beside the code as `kojibox.lock.json`. */
export const RuntimeLockSchema = z.object({
  lockVersion: z.literal(1),
  runtimes: z
    .array(
      z.object({
        name: RuntimeNameSchema,
        series: z.string().max(64),
        version: VersionSchema,
        os: z.string().max(16),
        arch: z.string().max(16),
        /** As `digest` of an installed runtime: the same digest means the same bytes. */
        digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
        /** Of PHP: what was added to it. */
        extensions: z.array(z.string().regex(/^[a-z0-9_]{1,40}$/)).optional(),
        artifacts: z.array(z.object({ file: z.string(), digest: z.string(), size: z.number() })),
      }),
    )
    .max(100),
});
export type RuntimeLock = z.infer<typeof RuntimeLockSchema>;

/** What an installation may end with. */
export const INSTALL_ERRORS = [
  'RUNTIME_UNSUPPORTED',
  'DOWNLOAD_FAILED',
  'DIGEST_MISMATCH',
  'DISK_FULL',
  'ARCHIVE_UNSAFE',
  'LINK_CHECK_FAILED',
  'CANCELLED',
  'MANIFEST_INVALID',
  'MANIFEST_UNSIGNED',
  'MANIFEST_KEY_UNKNOWN',
  'MANIFEST_SIGNATURE_INVALID',
] as const;

export const runtimeOperations = [
  defineOperation({
    name: 'runtime.getManifest',
    summary: 'Show the verified runtime manifest.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: RuntimeManifestSchema,
    errors: ['MANIFEST_INVALID', 'MANIFEST_UNSIGNED', 'MANIFEST_KEY_UNKNOWN', 'MANIFEST_SIGNATURE_INVALID'],
    cli: { command: ['runtime', 'manifest'] },
  }),
  defineOperation({
    name: 'runtime.ensureService',
    summary: 'Install a runtime if it is not there, and say where it is.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ name: RuntimeNameSchema, version: VersionSchema }),
    output: ServiceBinarySchema,
    errors: INSTALL_ERRORS,
    example: { name: 'redis', version: '7.0' },
  }),
  defineOperation({
    name: 'runtime.list',
    summary: 'List all runtimes, installed or not.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(RuntimeListEntrySchema),
    errors: ['MANIFEST_INVALID'],
    cli: { command: ['runtime', 'list'], examples: ['runtime list', 'runtime list --json'] },
  }),
  defineOperation({
    name: 'runtime.install',
    summary: 'Install a runtime in the background; with --locked, exactly what a lock file says, and pin it.',
    kind: 'command',
    access: 'operate',
    reaches: { what: ['files'], when: ({ locked }) => locked !== undefined },
    returnsChange: true,
    input: z.strictObject({
      name: RuntimeNameSchema.optional(),
      version: VersionSchema.optional(),
      /** Absolute path of a lock file; in place of a name. */
      locked: z.string().min(1).max(4096).optional(),
    }),
    output: ChangeSchema,
    errors: [...INSTALL_ERRORS, 'VALIDATION_FAILED', 'RUNTIME_IN_USE'],
    example: { name: 'php', version: '8.4' },
    cli: {
      command: ['runtime', 'install'],
      positional: ['name', 'version'],
      completes: { name: 'runtimes', version: 'runtime-versions' },
      paths: ['locked'],
      examples: [
        'runtime install php 8.4',
        'runtime install postgres 17',
        'runtime install --locked kojibox.lock.json',
      ],
    },
  }),
  defineOperation({
    name: 'runtime.remove',
    summary: 'Remove an installed runtime; data folders stay.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ name: RuntimeNameSchema, version: VersionSchema }),
    output: OkSchema,
    errors: ['RUNTIME_MISSING', 'RUNTIME_IN_USE'],
    destructive: true,
    example: { name: 'php', version: '8.4' },
    cli: {
      command: ['runtime', 'remove'],
      positional: ['name', 'version'],
      completes: { name: 'runtimes', version: 'runtime-versions' },
      examples: ['runtime remove php 8.4'],
    },
  }),
  defineOperation({
    name: 'runtime.use',
    summary:
      'Use a series by default: for projects that ask for none, and for the database servers. Restarts what runs it; data of the other series stays where it is.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({ name: RuntimeNameSchema, version: VersionSchema }),
    output: ChangeSchema,
    errors: [...new Set([...INSTALL_ERRORS, ...START_ERRORS])],
    example: { name: 'php', version: '8.4' },
    cli: {
      command: ['runtime', 'use'],
      positional: ['name', 'version'],
      completes: { name: 'runtimes', version: 'runtime-versions' },
      examples: ['runtime use php 8.4'],
    },
  }),
  defineOperation({
    name: 'runtime.pin',
    summary: 'Keep a series at an installed version: whatever else is installed, this one is used.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ name: RuntimeNameSchema, version: VersionSchema }),
    output: OkSchema,
    errors: [...START_ERRORS, 'CONFIG_CORRUPT'],
    example: { name: 'php', version: '8.2.35' },
    cli: {
      command: ['runtime', 'pin'],
      positional: ['name', 'version'],
      completes: { name: 'runtimes', version: 'runtime-versions' },
      examples: ['runtime pin php 8.2'],
    },
  }),
  defineOperation({
    name: 'runtime.unpin',
    summary: 'Let a series move to newer versions again.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ name: RuntimeNameSchema, version: VersionSchema }),
    output: OkSchema,
    errors: [...START_ERRORS, 'CONFIG_CORRUPT'],
    example: { name: 'php', version: '8.2' },
    cli: {
      command: ['runtime', 'unpin'],
      positional: ['name', 'version'],
      completes: { name: 'runtimes', version: 'runtime-versions' },
      examples: ['runtime unpin php 8.2'],
    },
  }),
  defineOperation({
    name: 'runtime.lock',
    summary: 'Write down which bytes a project runs on, as kojibox.lock.json in its folder: commit it.',
    kind: 'command',
    access: 'operate',
    reaches: { what: ['files'], when: ({ path }) => path !== undefined },
    input: z.strictObject({
      project: IdSchema,
      /** Absolute; left out: in the folder of the project. */
      path: z.string().min(1).max(4096).optional(),
    }),
    output: z.object({ path: z.string(), lock: RuntimeLockSchema }),
    errors: ['NOT_FOUND', 'RUNTIME_MISSING', 'VALIDATION_FAILED', 'RUNTIME_UNSUPPORTED'],
    example: { project: 'shop' },
    cli: {
      command: ['runtime', 'lock'],
      positional: ['project', 'path'],
      completes: { project: 'projects' },
      paths: ['path'],
      examples: ['runtime lock shop'],
    },
  }),
] as const;

export const runtimeEvents = [
  defineEvent({
    name: 'runtime:updated',
    summary: 'The manifest or what is installed changed.',
    data: RuntimeManifestSchema,
  }),
] as const;
