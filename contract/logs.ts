/** Log entries as clients see them, and how they are asked for. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { IdSchema, TimestampSchema } from './common.ts';

/** From the least to the worst. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export const LogLevelSchema = z.enum(LOG_LEVELS);
export type LogLevel = z.infer<typeof LogLevelSchema>;

export const isAtLeast = (level: LogLevel, least: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);

export const LogEntrySchema = z.object({
  /** As the entry tells it; of one that tells none, when it came. It never changes later. */
  ts: TimestampSchema,
  /** True: the entry tells no time, and no daemon watched when it was written. It came at `ts` or before. */
  approximate: z.boolean().optional(),
  level: LogLevelSchema,
  service: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.string()),
});
export type LogEntry = z.infer<typeof LogEntrySchema>;

const IsoTimeSchema = z.iso.datetime({ offset: true });
const MAX_ENTRIES = 10_000;

const filterFields = {
  /** One ID or several; left out together with `project`: all services. */
  service: z.union([IdSchema, z.array(IdSchema).min(1).max(100)]).optional(),
  /** One ID or several: all logs of these projects, which are what PHP says in them, their requests, and the services that are theirs. */
  project: z.union([IdSchema, z.array(IdSchema).min(1).max(100)]).optional(),
  /** The least level: `info` means info and worse. */
  level: LogLevelSchema.optional(),
  from: IsoTimeSchema.optional(),
  to: IsoTimeSchema.optional(),
  /** Found in the message, whatever the case of its letters. */
  text: z.string().max(1000).optional(),
  /** Only entries before this: an ISO time, or what `pageBefore` gave for the page before. */
  before: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)(?:~\d{1,6})?$/, 'give an ISO time, or TIME~COUNT')
    .refine((cursor) => !Number.isNaN(parseCursor(cursor).at), 'there is no such time')
    .optional(),
};

export const LogQuerySchema = z.strictObject({
  ...filterFields,
  /** The newest that match; they come oldest first. */
  limit: z.int().min(1).max(MAX_ENTRIES).default(200),
});
export const LogExportSchema = z.strictObject({
  ...filterFields,
  /** Left out: all that match. */
  limit: z.int().min(1).max(MAX_ENTRIES).optional(),
});
export const LogSourcesSchema = z.strictObject({ service: filterFields.service, project: filterFields.project });
export type LogFilter = Omit<z.output<typeof LogExportSchema>, 'service' | 'project' | 'limit'>;

/** @returns `at` in ms since 1970; of the entries of that very time, the newest `count` are passed over */
export function parseCursor(cursor: string): { readonly at: number; readonly count: number } {
  const [time = '', count] = cursor.split('~');
  return { at: Date.parse(time), count: count === undefined ? 0 : Number(count) };
}

/**
 * The `before` of the page before this one; null when this one is empty. Times are not unique, so it counts how many entries of the
 * oldest time were already given.
 *
 * @param page as `logs.query` gave it; @param cursor the `before` it was asked with
 */
export function pageBefore(page: readonly LogEntry[], cursor?: string): string | null {
  const oldest = page[0]?.ts;
  if (oldest === undefined) return null;
  const known = cursor === undefined ? null : parseCursor(cursor);
  const already = known?.at === Date.parse(oldest) ? known.count : 0;
  return `${oldest}~${already + page.filter(({ ts }) => ts === oldest).length}`;
}

export const logOperations = [
  defineOperation({
    name: 'logs.query',
    summary: 'Find log entries by service, project, level, time and text: the newest that match, oldest first.',
    kind: 'query',
    access: 'read',
    input: LogQuerySchema,
    output: z.array(LogEntrySchema),
    example: { service: 'postgres', level: 'warn', limit: 50 },
    errors: ['NOT_FOUND'],
  }),
  defineOperation({
    name: 'logs.sources',
    summary: 'Say which logs services and projects have, as the IDs that a subscription to new entries takes.',
    kind: 'query',
    access: 'read',
    input: LogSourcesSchema,
    output: z.array(z.string()),
    example: { project: 'blog' },
    errors: ['NOT_FOUND'],
  }),
  defineOperation({
    name: 'logs.export',
    summary: 'Write all log entries that match into a file below app/logs/exports, and answer with its path.',
    kind: 'command',
    access: 'operate',
    input: LogExportSchema,
    output: z.string(),
    example: { service: 'postgres', level: 'error' },
    errors: ['NOT_FOUND', 'DISK_FULL'],
  }),
] as const;

export const logEvents = [
  defineEvent({
    name: 'service:logLine',
    summary: 'A service wrote an entry; sent only to clients that follow its log.',
    data: LogEntrySchema,
  }),
] as const;
