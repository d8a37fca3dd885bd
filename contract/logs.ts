/** Log entries as clients see them. */
import { z } from 'zod';
import { defineEvent } from './define.ts';
import { TimestampSchema } from './common.ts';

export const LogEntrySchema = z.object({
  ts: TimestampSchema,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  service: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.string()),
});
export type LogEntry = z.infer<typeof LogEntrySchema>;

export const logEvents = [
  defineEvent({
    name: 'service:logLine',
    summary: 'A service wrote a line; sent only to clients that follow its log.',
    data: LogEntrySchema,
  }),
] as const;
