/**
 * Changes that need administrator rights: what they would be, and making them. The daemon makes them itself where it can ask (a desktop
 * session), else a client with a terminal does: `privileged.begin` writes down the intent and gives the command, `privileged.finish` looks
 * at the machine and keeps or drops the entry. Nobody's word is taken for what was done.
 */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { SystemChangeSchema } from './system-changes.ts';

export const PrivilegedGoalSchema = z.enum(['hosts', 'trust', 'ports', 'resolver', 'undo']);
export type PrivilegedGoal = z.infer<typeof PrivilegedGoalSchema>;

const GoalInputSchema = z.strictObject({
  /** `hosts`: names in the hosts file; `trust`: the system's trust store; `ports`: ports from 80 on for everybody; `resolver`: the system asks Kojibox for local names; `undo`: take changes back. */
  goal: PrivilegedGoalSchema,
  /** Of the ledger entry, for `undo`; all without it. */
  id: z.string().max(64).optional(),
  /** More goals, for one password together. */
  also: z
    .array(PrivilegedGoalSchema.exclude(['undo']))
    .max(4)
    .optional(),
});

export const PrivilegedPlanSchema = z.object({
  /** What would be changed as administrator, one sentence each; none: nothing that needs more rights. */
  sentences: z.array(z.string()),
  /** How the daemon would ask for the rights: `pkexec`, `sudo-without-asking`, …; null: it cannot, a terminal is needed. */
  way: z.string().nullable(),
  /** What a person can run instead. */
  byHand: z.array(z.string()),
});
export type PrivilegedPlan = z.infer<typeof PrivilegedPlanSchema>;

export const PrivilegedOrderSchema = z.object({
  sentences: z.array(z.string()),
  /** Program and arguments to start in the terminal; null: there is nothing to do, or no way (then `byHand` is not empty). */
  command: z.array(z.string()).nullable(),
  /** Text for its stdin. */
  input: z.string(),
  /** To be given to `privileged.finish`. */
  ids: z.array(z.string()),
  byHand: z.array(z.string()),
});

export const privilegedOperations = [
  defineOperation({
    name: 'privileged.plan',
    summary: 'Say what a goal would change as administrator, and how the rights are asked for.',
    kind: 'query',
    access: 'read',
    input: GoalInputSchema,
    output: PrivilegedPlanSchema,
    errors: ['NOT_FOUND'],
    example: { goal: 'hosts' },
  }),
  defineOperation({
    name: 'privileged.apply',
    summary: 'Reach a goal that needs administrator rights; the daemon asks for them where it can.',
    kind: 'command',
    access: 'admin',
    input: GoalInputSchema,
    output: z.array(SystemChangeSchema),
    errors: ['NOT_FOUND', 'PERMISSION_DENIED', 'CANCELLED', 'CERTIFICATE_FAILED'],
    example: { goal: 'ports' },
    cli: {
      command: ['privileged'],
      positional: ['goal'],
      examples: ['privileged ports', 'privileged hosts'],
    },
  }),
  defineOperation({
    name: 'privileged.begin',
    summary: 'Write down a change that a client is about to make with the privileged helper, and get its command.',
    kind: 'command',
    access: 'admin',
    input: GoalInputSchema.extend({
      /** Whether a password can be asked for in the terminal of the client. */
      interactive: z.boolean(),
    }).strict(),
    output: PrivilegedOrderSchema,
    errors: ['NOT_FOUND', 'PERMISSION_DENIED', 'CERTIFICATE_FAILED'],
    example: { goal: 'hosts', interactive: true },
  }),
  defineOperation({
    name: 'privileged.finish',
    summary: 'Look at what the privileged helper left, and keep or drop what was written down.',
    kind: 'command',
    access: 'admin',
    input: GoalInputSchema.extend({
      ids: z.array(z.string().max(64)).max(16),
      exitCode: z.int().nullable(),
      stdout: z.string().max(65_536),
      stderr: z.string().max(65_536),
      interactive: z.boolean(),
    }).strict(),
    output: z.array(SystemChangeSchema),
    errors: ['NOT_FOUND', 'PERMISSION_DENIED', 'CANCELLED', 'CERTIFICATE_FAILED'],
    example: { goal: 'hosts', ids: ['hosts-block-1'], exitCode: 0, stdout: '', stderr: '', interactive: true },
  }),
] as const;
