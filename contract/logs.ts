/** Log entries as clients see them. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { IdSchema, TimestampSchema } from './common.ts';

export const LogEntrySchema = z.object({
  ts: TimestampSchema,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  service: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.string()),
});
export type LogEntry = z.infer<typeof LogEntrySchema>;

const FilterFields = {
  /** One service or several; left out: all. */
  service: z.union([IdSchema, z.array(IdSchema).max(500)]).optional(),
  /** This level and worse ones. */
  level: LogEntrySchema.shape.level.optional(),
  from: TimestampSchema.optional(),
  to: TimestampSchema.optional(),
  /** Anywhere in the message, in any case. */
  text: z.string().max(1000).optional(),
};
const LogFilterSchema = z.strictObject({
  ...FilterFields,
  /** At most so many; of a query the newest (default 200). */
  limit: z.int().min(1).max(10_000).optional(),
  /** So many of the newest matches are left out, for the page before. */
  skip: z.int().min(0).max(1_000_000).optional(),
});
export type LogFilter = z.infer<typeof LogFilterSchema>;

export const logOperations = [
  defineOperation({
    name: 'logs.query',
    summary: 'Find log entries by service, level, time and text, rotated files included.',
    kind: 'query',
    access: 'read',
    input: LogFilterSchema,
    output: z.array(LogEntrySchema),
    example: { service: 'postgres', level: 'warn', limit: 50 },
    errors: ['NOT_FOUND'],
  }),
  defineOperation({
    name: 'logs.export',
    summary: 'Write the log entries that match into a file, and say where it is.',
    kind: 'command',
    access: 'operate',
    input: LogFilterSchema.extend({ limit: z.int().min(1).optional() }),
    output: z.string(),
    example: { service: 'postgres', level: 'error' },
    errors: ['NOT_FOUND'],
  }),
] as const;

export const logEvents = [
  defineEvent({
    name: 'service:logLine',
    summary: 'A service wrote a line; sent only to clients that follow its log.',
    data: LogEntrySchema,
  }),
] as const;
