/** What was asked of the daemon: every command, by whom, with what result. Queries are not kept. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { TimestampSchema } from './common.ts';

/** The way a request came in: HTTP (the window in a browser), or the local socket (command line, desktop app). */
export const CallerSchema = z.enum(['http', 'socket']);
export type Caller = z.infer<typeof CallerSchema>;

export const ActivityEntrySchema = z.object({
  id: z.string(),
  at: TimestampSchema,
  method: z.string(),
  by: CallerSchema,
  /** Parameters as short JSON; secrets are never in it. */
  params: z.string(),
  /** `begun`: its change runs. `interrupted`: the daemon ended before its change did. */
  status: z.enum(['done', 'begun', 'failed', 'cancelled', 'interrupted']),
  /** Code and message of the failure; empty otherwise. */
  error: z.string(),
  /** Until the answer; of a change, until its end. */
  durationMs: z.number().nonnegative(),
});
export type ActivityEntry = z.infer<typeof ActivityEntrySchema>;

export const activityOperations = [
  defineOperation({
    name: 'activity.list',
    summary: 'List the commands that were run, newest first.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ limit: z.int().min(1).max(1000).default(200) }),
    output: z.array(ActivityEntrySchema),
    example: { limit: 50 },
    errors: [],
    cli: { command: ['activity'] },
  }),
] as const;

export const activityEvents = [
  defineEvent({
    name: 'activity:added',
    summary: 'A command was run, or the change that one began has ended: then with the same id.',
    data: ActivityEntrySchema,
  }),
] as const;
