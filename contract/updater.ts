/** Installing the default runtimes, and updating Kojibox itself. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { OkSchema } from './common.ts';

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
});
export type UpdateCheck = z.infer<typeof UpdateCheckSchema>;

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
    errors: ['DOWNLOAD_FAILED', 'UPDATE_SIGNATURE_INVALID'],
    cli: { command: ['update', 'check'] },
  }),
  defineOperation({
    name: 'updater.apply',
    summary: 'Install a version that the signed update feed offers.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({ version: z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/) }),
    output: OkSchema,
    example: { version: '1.1.0' },
    errors: ['NOT_FOUND', 'DOWNLOAD_FAILED', 'UPDATE_SIGNATURE_INVALID', 'UPDATE_UNSUPPORTED'],
    cli: { command: ['update', 'apply'], positional: ['version'] },
  }),
] as const;

export const updaterEvents = [
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
