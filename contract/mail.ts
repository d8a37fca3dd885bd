/** The mail catcher: what projects send stays here; nothing goes out. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { OkSchema, PortSchema, TimestampSchema } from './common.ts';

const MailIdSchema = z.string().regex(/^[0-9a-zA-Z.-]{1,80}$/);

export const MailSummarySchema = z.object({
  id: z.string(),
  receivedAt: TimestampSchema,
  from: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  /** Bytes of the whole message. */
  size: z.number().nonnegative(),
});
export type MailSummary = z.infer<typeof MailSummarySchema>;

export const mailOperations = [
  defineOperation({
    name: 'mail.list',
    summary: 'List the mails that were caught, newest first, and where the catcher listens.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.object({
      /** Null: it does not listen. */
      port: PortSchema.nullable(),
      mails: z.array(MailSummarySchema),
    }),
    errors: [],
    cli: { command: ['mail', 'list'] },
  }),
  defineOperation({
    name: 'mail.source',
    summary: 'Show a mail as it was sent (RFC 5322), in base64, a piece at a time.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({
      id: MailIdSchema,
      /** Bytes to begin after; left out: none. */
      offset: z.int().nonnegative().optional(),
    }),
    output: z.object({
      /** At most a megabyte. */
      base64: z.string(),
      /** Where the next piece begins; null: this was the last. */
      nextOffset: z.int().nonnegative().nullable(),
    }),
    example: { id: '2026-11-21T08-00-00-000Z-1' },
    errors: ['NOT_FOUND'],
    cli: { command: ['mail', 'source'], positional: ['id'] },
  }),
  defineOperation({
    name: 'mail.remove',
    summary: 'Delete one mail, or all when none is named.',
    kind: 'command',
    access: 'operate',
    destructive: true,
    input: z.strictObject({ id: MailIdSchema.optional() }),
    output: OkSchema,
    example: { id: '2026-11-21T08-00-00-000Z-1' },
    errors: ['NOT_FOUND'],
    cli: { command: ['mail', 'remove'], positional: ['id'] },
  }),
] as const;

export const mailEvents = [
  defineEvent({
    name: 'mail:changed',
    summary: 'A mail was caught or deleted.',
    data: z.object({ count: z.int().nonnegative() }),
  }),
] as const;
