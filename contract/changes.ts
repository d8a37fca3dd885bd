/** A change is a slow operation with an id, tasks, progress and an end. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { ErrorBodySchema } from './errors.ts';
import { TimestampSchema } from './common.ts';

/** What a task can be doing; clients have words for each in their language. */
export const STEPS = [
  'waiting',
  'resolve',
  'fetch',
  'verify',
  'unpack',
  'link-check',
  'activate',
  'initialise',
  'start',
  'stop',
  'certificates',
  'request',
  'dump',
  'compress',
  'copy',
  'drop',
  'import',
  'check',
  'place',
  'wait',
  'swap',
  'confirm',
  'ask-rights',
  'end-new',
  'swap-back',
  'start-old',
  'hand-over',
  'sync',
  'write',
  'create',
  'remove',
] as const;
export type Step = (typeof STEPS)[number];

/** Operations that go on after their answer. */
export const CHANGE_KINDS = [
  'stack.up',
  'stack.down',
  'installer.start',
  'runtime.install',
  'php.addExtensions',
  'php.removeExtensions',
  'projects.create',
  'projects.install',
  'databases.drop',
  'databases.export',
  'databases.import',
  'databases.copy',
  'updater.apply',
  'databases.snapshot',
  'databases.restore',
  'runtime.use',
  'packs.create',
  'packs.install',
  'imports.apply',
  'firstRun.apply',
  'home.move',
  'serverImport.start',
  'serverImport.undo',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export const ChangeStatusSchema = z.enum(['running', 'done', 'failed', 'cancelled']);

export const ChangeTaskSchema = z.object({
  id: z.string(),
  /** Shown as it stands, e.g. "php 8.2". */
  label: z.string(),
  status: z.enum(['waiting', 'running', 'done', 'failed', 'skipped']),
  /** What it is doing, one of STEPS; at the end how it ended. */
  step: z.string(),
  /** Bytes so far; 0 where bytes do not apply. */
  doneBytes: z.number().nonnegative(),
  /** Total bytes, or null while unknown. */
  totalBytes: z.number().nonnegative().nullable(),
  /** Mean of the last seconds, bytes per second. */
  bytesPerSecond: z.number().nonnegative(),
  /** Milliseconds the task took, once ended. */
  durationMs: z.number().nullable(),
  detail: z.string(),
});
export type ChangeTask = z.infer<typeof ChangeTaskSchema>;

export const ChangeSchema = z.object({
  id: z.string(),
  /** The operation that began it, e.g. `stack.up`. */
  kind: z.string(),
  summary: z.string(),
  status: ChangeStatusSchema,
  /** 0 to 1. */
  progress: z.number().min(0).max(1),
  /** Estimate of the time left, milliseconds; null while unknown. */
  remainingMs: z.number().nullable(),
  tasks: z.array(ChangeTaskSchema),
  startedAt: TimestampSchema,
  endedAt: TimestampSchema.nullable(),
  error: ErrorBodySchema.nullable(),
});
export type Change = z.infer<typeof ChangeSchema>;

export const changeOperations = [
  defineOperation({
    name: 'changes.list',
    summary: 'List running and recent changes.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(ChangeSchema),
    errors: [],
    cli: { command: ['changes'] },
  }),
  defineOperation({
    name: 'changes.get',
    summary: 'Show one change.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ id: z.string() }),
    output: ChangeSchema,
    errors: ['NOT_FOUND'],
    example: { id: 'runtime-install-1' },
  }),
  defineOperation({
    name: 'changes.cancel',
    summary: 'Cancel a running change; what is half done is undone.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ id: z.string() }),
    output: ChangeSchema,
    errors: ['NOT_FOUND'],
    example: { id: 'runtime-install-1' },
    cli: { command: ['cancel'], positional: ['id'], completes: { id: 'changes' } },
  }),
] as const;

export const changeEvents = [
  defineEvent({ name: 'change:updated', summary: 'A change moved on.', data: ChangeSchema }),
] as const;
