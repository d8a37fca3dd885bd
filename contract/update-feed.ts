/** Where updates come from. What a feed says counts only by its signature, wherever it lies. */
import { z } from 'zod';
import { TimestampSchema } from './common.ts';
import { ErrorBodySchema } from './errors.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** An https address (http only on this machine), or an absolute path. */
export const UpdateFeedAddressSchema = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .refine((text) => {
    // A path of Linux and macOS, or of Windows.
    if (/^(\/|[A-Za-z]:[\\/])/.test(text)) return true;
    if (!URL.canParse(text)) return false;
    const { protocol, hostname, username, password, hash } = new URL(text);
    if (`${username}${password}${hash}` !== '') return false;
    return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
  }, 'give an https:// address without a password or #, the absolute path of a file, or an http:// address of this machine');

/** `default`: the feed of the build. `none`: no feed, so nothing is ever asked. */
export const UpdateFeedSettingSchema = z.union([z.enum(['default', 'none']), UpdateFeedAddressSchema]);
export type UpdateFeedSetting = z.infer<typeof UpdateFeedSettingSchema>;

export const UpdateFeedSchema = z.object({
  /** Null: none is set. */
  address: z.string().nullable(),
  /** Who says so; `environment` (KOJIBOX_UPDATE_FEED) wins over the setting, which wins over the build. */
  from: z.enum(['environment', 'setting', 'build', 'nobody']),
});
export type UpdateFeed = z.infer<typeof UpdateFeedSchema>;

export const UpdateChecksSchema = z.object({
  /** Whether updates are looked for once a day. */
  daily: z.boolean(),
  lastAt: TimestampSchema.nullable(),
  /** Why the last look failed; null: it did not. */
  lastError: ErrorBodySchema.nullable(),
  /** Null: not by itself. */
  nextAt: TimestampSchema.nullable(),
});
export type UpdateChecks = z.infer<typeof UpdateChecksSchema>;
