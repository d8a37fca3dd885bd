/** Secrets: sealed on disk, given out only when asked by name. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { IdSchema, OkSchema } from './common.ts';

const SecretRefSchema = z.strictObject({
  key: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  scope: z.enum(['app', 'project', 'service']),
  /** Id of the project or service that alone may use it. Left out: every one of this scope; with scope `app`, all of them. */
  owner: IdSchema.optional(),
});

export const secretOperations = [
  defineOperation({
    name: 'secrets.get',
    summary: 'Show a secret, e.g. the password of a database.',
    kind: 'query',
    access: 'admin',
    reaches: { what: ['values'] },
    input: SecretRefSchema,
    output: z.string(),
    errors: ['NOT_FOUND', 'CONFIG_CORRUPT', 'SECRETS_LOCKED'],
    holdsSecret: true,
    example: { key: 'postgres-password', scope: 'service' },
    cli: {
      command: ['secrets', 'get'],
      positional: ['key', 'scope'],
      examples: ['secrets get postgres-password service'],
    },
  }),
  defineOperation({
    name: 'secrets.set',
    summary: 'Keep a secret.',
    kind: 'command',
    access: 'admin',
    input: SecretRefSchema.extend({ value: z.string().max(65_536) }).strict(),
    output: OkSchema,
    errors: ['CONFIG_CORRUPT', 'SECRETS_LOCKED'],
    holdsSecret: true,
    example: { key: 'api-key', scope: 'project', owner: 'shop', value: 'the value' },
  }),
] as const;
