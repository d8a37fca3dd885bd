/** The ledger of everything that Kojibox changed outside its own folder, each with its undo. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { TimestampSchema } from './common.ts';

export const SystemChangeSchema = z.object({
  id: z.string(),
  kind: z.enum(['hosts-block', 'trust-system', 'trust-nss', 'shell-rc']),
  /** File or store that was changed. */
  target: z.string(),
  summary: z.string(),
  at: TimestampSchema,
  undoneAt: TimestampSchema.nullable(),
  /** Command a person can run to undo it by hand. */
  undoCommand: z.string(),
});
export type SystemChange = z.infer<typeof SystemChangeSchema>;

export const systemChangeOperations = [
  defineOperation({
    name: 'ledger.list',
    summary: 'List the changes made to this system.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(SystemChangeSchema),
    errors: [],
    cli: { command: ['ledger'] },
  }),
  defineOperation({
    name: 'ledger.undo',
    summary: 'Undo changes made to this system: one by id, or all.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({ id: z.string().optional() }),
    output: z.array(SystemChangeSchema),
    errors: ['NOT_FOUND', 'PERMISSION_DENIED'],
    example: { id: 'hosts-1' },
    cli: {
      command: ['undo'],
      positional: ['id'],
      completes: { id: 'system-changes' },
      examples: ['undo', 'undo hosts-1'],
    },
  }),
] as const;
