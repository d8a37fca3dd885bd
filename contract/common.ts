/** Small schemas that several resources share. */
import { z } from 'zod';
import { privateValues } from './private-values.ts';

/** TCP port, 1 to 65535. */
export const PortSchema = z.int().min(1).max(65535);

/** Lower-case letters, digits, dots and hyphens: `postgres`, `php-8.4`, `hello`. */
export const IdSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, 'use a-z, 0-9, dot, hyphen');

export const TimestampSchema = z.iso.datetime();

/** The answer of the operations whose given result is the word "ok". */
export const OkSchema = z.literal('ok');

export const PortDefSchema = z.object({
  name: z.string().min(1),
  port: PortSchema,
  protocol: z.enum(['tcp', 'udp']),
});
export type PortDef = z.infer<typeof PortDefSchema>;

/** Names as RFC 1123 section 2.1 has them, at least two labels, at most 253 bytes. */
export const HostNameSchema = z
  .string()
  .max(253)
  .regex(
    /^(?=.{3,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/,
    'not a valid domain: use lower-case letters, digits and hyphens, with dots in between, e.g. shop.test',
  );

export const EnvironmentSchema = privateValues(z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()));
