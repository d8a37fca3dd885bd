/** Where the key is under which secrets are sealed. The key itself never crosses the wire. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { OkSchema } from './common.ts';

export const SecretKeyStatusSchema = z.object({
  /** `none`: no secret was kept yet. */
  place: z.enum(['keychain', 'file', 'none']),
  /** Keychain of this system, e.g. "Secret Service". */
  keychain: z.string(),
  /** Whether secrets can be opened now. */
  usable: z.boolean(),
  /** Why it is there, or why it cannot be had, in one sentence. */
  reason: z.string(),
  /** How many secrets are kept. */
  count: z.int().min(0),
});
export type SecretKeyStatus = z.infer<typeof SecretKeyStatusSchema>;

export const secretKeyOperations = [
  defineOperation({
    name: 'secrets.status',
    summary: 'Show where the key of the secrets is: in the keychain of this system, or in a file.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: SecretKeyStatusSchema,
    errors: [],
    cli: { command: ['secrets', 'status'] },
  }),
  defineOperation({
    name: 'secrets.moveKey',
    summary: 'Move the key of the secrets into the keychain of this system, or into a file that only you may read.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({ to: z.enum(['keychain', 'file']) }),
    output: OkSchema,
    errors: ['SECRETS_LOCKED', 'CONFIG_CORRUPT'],
    example: { to: 'keychain' },
    cli: { command: ['secrets', 'move-key'], positional: ['to'], examples: ['secrets move-key keychain'] },
  }),
] as const;
