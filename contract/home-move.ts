/** Where the data is: the folder under Kojibox's address, how big it is, and moving it to another place. */
import { z } from 'zod';
import { TimestampSchema } from './common.ts';
import { defineOperation } from './define.ts';
import { ErrorBodySchema, ErrorCodeSchema } from './errors.ts';

/** How a move ended. `undone`: nothing was switched. `rolled-back`: it was, and the former place is in use again. */
export const HomeMoveOutcomeSchema = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  method: z.enum(['rename', 'copy']),
  outcome: z.enum(['moved', 'rolled-back', 'undone']),
  error: ErrorBodySchema.nullable(),
  endedAt: TimestampSchema,
});
export type HomeMoveOutcome = z.infer<typeof HomeMoveOutcomeSchema>;

export const HomeStatusSchema = z.object({
  /** The address: KOJIBOX_HOME, or the usual place. It stays the same, whatever is moved. */
  home: z.string(),
  /** The folder in which the data really is. */
  place: z.string(),
  /** Whether the address is a link to that folder. */
  moved: z.boolean(),
  freeBytes: z.number(),
  sizeBytes: z.number(),
  files: z.number(),
  /** As the system calls it, e.g. ext4; null where it is not known. */
  fileSystem: z.string().nullable(),
  /** Where `koji home move --back` goes; null when nothing was moved. */
  previous: z.string().nullable(),
  /** `idle`, or the step that runs. */
  phase: z.string(),
  /** The move that runs, and the change that shows it. */
  moveId: z.string().nullable(),
  changeId: z.string().nullable(),
  /** Of the services that ran before a move: whether they run again; null when no move runs. */
  services: z.enum(['pending', 'back', 'failed']).nullable(),
  last: HomeMoveOutcomeSchema.nullable(),
});
export type HomeStatus = z.infer<typeof HomeStatusSchema>;

export const HomePlanSchema = z.object({
  home: z.string(),
  from: z.string(),
  to: z.string(),
  /** `rename`: the same file system, which takes no time. `copy`: everything is copied, compared, and then deleted at the former place. */
  method: z.enum(['rename', 'copy']),
  sizeBytes: z.number(),
  files: z.number(),
  /** At the new place. */
  freeBytes: z.number(),
  fileSystem: z.string().nullable(),
  /** Names of the services that are stopped, and started again at the end. */
  stops: z.array(z.string()),
  /** What has to end first. */
  waitsFor: z.array(z.string()),
  /** Why it cannot be done; null when it can. */
  problem: z.object({ code: ErrorCodeSchema, message: z.string(), detail: z.string(), remedy: z.string() }).nullable(),
});
export type HomePlan = z.infer<typeof HomePlanSchema>;

const TargetSchema = z.strictObject({
  /** Absolute; a new folder, or an empty one. */
  folder: z.string().min(1).max(4096).optional(),
  /** To the place before the last move, instead of a folder. */
  back: z.boolean().default(false),
});

export const homeOperations = [
  defineOperation({
    name: 'home.status',
    summary: 'Show where the data is, how much it is, and how the last move of it ended.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: HomeStatusSchema,
    errors: [],
  }),
  defineOperation({
    name: 'home.plan',
    summary: 'Say what a move of the data would do, or why it cannot be done; nothing is changed.',
    kind: 'query',
    access: 'admin',
    reaches: { what: ['files'] },
    input: TargetSchema,
    output: HomePlanSchema,
    errors: ['NOT_FOUND'],
    example: { folder: '/mnt/data/kojibox' },
  }),
  defineOperation({
    name: 'home.move',
    summary: 'Move the data to another folder and leave a link; services stop for it and come back.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['files'] },
    input: TargetSchema,
    output: z.object({ moveId: z.string(), changeId: z.string() }),
    errors: ['NOT_FOUND', 'PERMISSION_DENIED', 'DISK_FULL', 'HOME_MOVE_RUNNING', 'UPDATE_RUNNING'],
    example: { folder: '/mnt/data/kojibox' },
  }),
] as const;
