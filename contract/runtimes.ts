/** Runtimes: installable, versioned sets of binaries. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { OkSchema, TimestampSchema } from './common.ts';
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
  untested: z.boolean(),
});
export type RuntimeListEntry = z.infer<typeof RuntimeListEntrySchema>;

const installErrors = [
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
    errors: installErrors,
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
    summary: 'Install a runtime in the background.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({ name: RuntimeNameSchema, version: VersionSchema.optional() }),
    output: ChangeSchema,
    errors: installErrors,
    example: { name: 'php', version: '8.4' },
    cli: {
      command: ['runtime', 'install'],
      positional: ['name', 'version'],
      completes: { name: 'runtimes', version: 'runtime-versions' },
      examples: ['runtime install php 8.4', 'runtime install postgres 17'],
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
] as const;

export const runtimeEvents = [
  defineEvent({
    name: 'runtime:updated',
    summary: 'The manifest or what is installed changed.',
    data: RuntimeManifestSchema,
  }),
] as const;
