/** What keeps one record of the settings from being applied. It costs that record alone: all others are in use. */
import { z } from 'zod';
import { defineEvent } from './define.ts';
import type { ErrorCode } from './errors.ts';

/** What storing and applying the sites may end with; a record that cannot be applied is no error of the others. */
export const APPLY_ERRORS = [
  'CERTIFICATE_FAILED',
  'CONFIG_CORRUPT',
  'PORT_CONFLICT',
] as const satisfies readonly ErrorCode[];

export const ProblemSchema = z.strictObject({
  /** What does not work, e.g. `cannot serve shop.test`. */
  title: z.string(),
  /** Why. Never a secret. */
  detail: z.string(),
  /** What the user can do about it. */
  cure: z.string(),
});
export type Problem = z.infer<typeof ProblemSchema>;

export const RecordProblemSchema = ProblemSchema.extend({
  /** Kind of the record. */
  scope: z.enum(['project', 'domain', 'proxy', 'share', 'hosts', 'service']),
  /** Of the record: the id of a project or service, a domain, `host/path` of a rule, the hosts file. */
  id: z.string(),
  /** Setting that it is about, e.g. `domain` or `overrides.TARGET`; left out where no single one is. */
  field: z.string().optional(),
});
export type RecordProblem = z.infer<typeof RecordProblemSchema>;

export const problemEvents = [
  defineEvent({
    name: 'problems:changed',
    summary: 'What could not be applied of the settings changed; all that is left of it.',
    data: z.object({ problems: z.array(RecordProblemSchema) }),
  }),
] as const;
