/** The ledger of everything that Kojibox changed outside its own folder, each with its undo. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { TimestampSchema } from './common.ts';

export const SystemChangeSchema = z.object({
  id: z.string(),
  kind: z.enum(['hosts-block', 'trust-system', 'trust-nss', 'shell-rc', 'low-ports', 'resolver', 'keychain-key']),
  /** File or store that was changed. */
  target: z.string(),
  summary: z.string(),
  at: TimestampSchema,
  undoneAt: TimestampSchema.nullable(),
  /** Command a person can run to undo it by hand. */
  undoCommand: z.string(),
});
export type SystemChange = z.infer<typeof SystemChangeSchema>;

/** A place that `koji uninstall` looks at again when everything has ended, by itself, without asking the daemon. */
export const PlaceSchema = z.object({
  id: z.string(),
  /** What it is, e.g. "hosts file". */
  label: z.string(),
  path: z.string(),
  check: z.discriminatedUnion('kind', [
    /** Nothing is at the path. */
    z.object({ kind: z.literal('absent') }),
    /** The file does not hold the text. */
    z.object({ kind: z.literal('without-text'), text: z.string() }),
    /** The NSS database does not hold a certificate of this name. */
    z.object({ kind: z.literal('without-certificate'), nickname: z.string() }),
  ]),
  /** What a person can run when something is left. */
  cure: z.string(),
});
export type Place = z.infer<typeof PlaceSchema>;

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
    errors: ['NOT_FOUND', 'PERMISSION_DENIED', 'CANCELLED', 'CERTIFICATE_FAILED', 'SECRETS_LOCKED'],
    example: { id: 'hosts-1' },
    cli: {
      command: ['undo'],
      positional: ['id'],
      completes: { id: 'system-changes' },
      examples: ['undo', 'undo hosts-1'],
    },
  }),
  defineOperation({
    name: 'ledger.places',
    summary:
      'List every place outside its own folder where Kojibox may have left something, and how to see that it is gone.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(PlaceSchema),
    errors: [],
  }),
] as const;
