/** What this home remembers of update feeds. */
import { z } from 'zod';

export const SeenSchema = z.object({
  /** When the newest feed of an address was made, by address. */
  feeds: z.record(z.string(), z.string()),
  /** The outcome that the user was told of. */
  toldOutcome: z.string().nullable(),
});
export type Seen = z.infer<typeof SeenSchema>;

export const NOTHING_SEEN: Seen = { feeds: {}, toldOutcome: null };
