/** What this home remembers of update feeds. */
import { z } from 'zod';
import { TimestampSchema } from '../../contract/common.ts';
import { ErrorBodySchema } from '../../contract/errors.ts';

export const SeenSchema = z.object({
  /** When the newest feed of an address was made, by address. */
  feeds: z.record(z.string(), z.string()),
  /** The outcome that the user was told of. */
  toldOutcome: z.string().nullable(),
  /** The last look for updates, and why it failed. */
  lastCheck: z.object({ at: TimestampSchema, error: ErrorBodySchema.nullable() }).nullable().default(null),
});
export type Seen = z.infer<typeof SeenSchema>;

export const NOTHING_SEEN: Seen = { feeds: {}, toldOutcome: null, lastCheck: null };
