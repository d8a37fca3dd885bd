/** Installing the default runtimes, and updating Kojibox itself. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { OkSchema, TimestampSchema } from './common.ts';
import { ErrorBodySchema } from './errors.ts';
import { UpdateChecksSchema, UpdateFeedSchema } from './update-feed.ts';

/** As Semantic Versioning writes them, without build metadata. */
const VersionSchema = z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/, 'use MAJOR.MINOR.PATCH, e.g. 1.1.0');

export const InstallerStatusSchema = z.object({
  /** `installing` while a change of the installer runs; then how it ended. */
  phase: z.enum(['idle', 'installing', 'done', 'failed', 'cancelled']),
  /** 0 to 1. */
  progress: z.number().min(0).max(1),
  /** The change that has the details; null before the first. */
  changeId: z.string().nullable(),
});
export type InstallerStatus = z.infer<typeof InstallerStatusSchema>;

export const UpdateCheckSchema = z.object({
  available: z.boolean(),
  /** The newest version of the channel for this platform; the running one when there is none newer. */
  version: z.string(),
  /** What runs now. */
  current: z.string(),
  channel: z.enum(['stable', 'beta']),
  /** Where it was looked for; null: no feed is set, so nothing was asked. */
  feed: z.string().nullable(),
  notes: z.string(),
  /** When the newer list of runtimes that the feed names was made; null: the one in use is the newest. */
  manifest: TimestampSchema.nullable(),
});
export type UpdateCheck = z.infer<typeof UpdateCheckSchema>;

/**
 * What kind of installation this is, which decides who may change its files: `checkout` (git), `headless` (versions beside each other,
 * changed by Kojibox itself), `npm` (npm owns it), `app` (the desktop app, changed by its own updater), `folder` (unpacked by hand).
 */
export const InstallationSchema = z.enum(['checkout', 'headless', 'npm', 'app', 'folder']);
export type Installation = z.infer<typeof InstallationSchema>;

/** How an update, or a return to the version before, ended. */
export const UpdateOutcomeSchema = z.object({
  id: z.string(),
  kind: z.enum(['apply', 'rollback']),
  from: z.string(),
  to: z.string(),
  /** `undone`: nothing was switched. `rolled-back`: it was, and the former version is back. */
  outcome: z.enum(['updated', 'rolled-back', 'undone']),
  error: ErrorBodySchema.nullable(),
  endedAt: TimestampSchema,
});
export type UpdateOutcome = z.infer<typeof UpdateOutcomeSchema>;

export const UpdateStatusSchema = z.object({
  installation: InstallationSchema,
  current: z.string(),
  feed: UpdateFeedSchema,
  checks: UpdateChecksSchema,
  /** The version to which `updater.rollback` would go; null: there is none. */
  previous: z.string().nullable(),
  /** `idle`, or the step that runs: fetch, verify, unpack, check, place, stop, swap, start, confirm, or one of the way back. */
  phase: z.string(),
  /** The change that shows its progress; null while idle, and between two daemons. */
  changeId: z.string().nullable(),
  /** The update that runs. */
  updateId: z.string().nullable(),
  last: UpdateOutcomeSchema.nullable(),
  /** Versions that are not offered again until the feed has another build of them. */
  failed: z.array(z.object({ version: z.string(), reason: z.string(), at: TimestampSchema })),
});
export type UpdateStatus = z.infer<typeof UpdateStatusSchema>;

/** What the desktop app's own updater has to fetch. Its bytes count only with this digest, which comes from the signed feed. */
export const UpdateHandoverSchema = z.object({
  version: z.string(),
  channel: z.enum(['stable', 'beta']),
  /** The installer; the folder it lies in has the files that electron-updater reads. */
  url: z.string(),
  sha256: z.string(),
  sizeBytes: z.number(),
});
export type UpdateHandover = z.infer<typeof UpdateHandoverSchema>;

/** Whatever reads the feed may answer with these. */
const FEED_ERRORS = ['DOWNLOAD_FAILED', 'UPDATE_SIGNATURE_INVALID', 'UPDATE_STALE'] as const;

export const updaterOperations = [
  defineOperation({
    name: 'installer.status',
    summary: 'Show how far the installation of the default runtimes is.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: InstallerStatusSchema,
    errors: [],
    cli: { command: ['installer', 'status'] },
  }),
  defineOperation({
    name: 'installer.start',
    summary: 'Install the runtimes that the projects need; follow it with installer.status or change:updated.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({}),
    output: OkSchema,
    errors: [],
    cli: { command: ['installer', 'start'] },
  }),
  defineOperation({
    name: 'updater.check',
    summary: 'Ask the signed update feed whether there is a newer version.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: UpdateCheckSchema,
    errors: FEED_ERRORS,
    cli: { command: ['update', 'check'] },
  }),
  defineOperation({
    name: 'updater.status',
    summary:
      'Show what kind of installation this is, where updates come from, the update that runs, and how the last one ended.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: UpdateStatusSchema,
    errors: [],
  }),
  defineOperation({
    name: 'updater.apply',
    summary: 'Install the newest version of the signed update feed, or the one given; services keep running.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({
      version: VersionSchema.optional(),
      /** Take an older version than the one that runs. */
      allowDowngrade: z.boolean().default(false),
    }),
    output: OkSchema,
    example: { version: '1.1.0' },
    errors: [
      'NOT_FOUND',
      ...FEED_ERRORS,
      'UPDATE_UNSUPPORTED',
      'UPDATE_DOWNGRADE',
      'UPDATE_RUNNING',
      'PERMISSION_DENIED',
    ],
  }),
  defineOperation({
    name: 'updater.rollback',
    summary: 'Go back to the version before; services keep running.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({}),
    output: OkSchema,
    errors: ['NOT_FOUND', 'UPDATE_UNSUPPORTED', 'UPDATE_RUNNING', 'PERMISSION_DENIED'],
  }),
  defineOperation({
    name: 'updater.applyManifest',
    summary: 'Take over the newer list of runtimes that the signed update feed names; nothing is installed by that.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({}),
    /** When the list in use was made. */
    output: z.object({ changed: z.boolean(), createdAt: TimestampSchema }),
    errors: [
      ...FEED_ERRORS,
      'DIGEST_MISMATCH',
      'MANIFEST_INVALID',
      'MANIFEST_UNSIGNED',
      'MANIFEST_KEY_UNKNOWN',
      'MANIFEST_SIGNATURE_INVALID',
    ],
    cli: { command: ['update', 'manifest'] },
  }),
  defineOperation({
    name: 'updater.handover',
    summary: "Say what the desktop app's own updater has to install; null when there is nothing newer.",
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: UpdateHandoverSchema.nullable(),
    errors: FEED_ERRORS,
  }),
] as const;

export const updaterEvents = [
  defineEvent({
    name: 'update:handover',
    summary: 'An update was asked for that the desktop app itself has to install.',
    data: UpdateHandoverSchema,
  }),
  defineEvent({
    name: 'update:available',
    summary: 'A check found a newer version.',
    data: z.object({ version: z.string() }),
  }),
  defineEvent({
    name: 'update:progress',
    summary: 'An installation or an update went on.',
    data: z.object({ phase: z.string(), progress: z.number().min(0).max(1) }),
  }),
] as const;
