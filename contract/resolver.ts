/**
 * Names without a line each in the hosts file: the edge answers DNS for local names on loopback, and the system's resolver is told to ask
 * it for those, and for those alone. Wildcards (anything.shop.test) need it.
 */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { OkSchema, PortSchema } from './common.ts';

/** Asked through the system's resolver, names below it show who was reached. */
export const RESOLVER_PROBE_SUFFIX = 'kojibox-probe.test';

/** Given for a probe by the server on this port and by no other program: 127.high.low.53. */
export const probeAddress = (port: number): string => `127.${port >> 8}.${port & 0xff}.53`;

export const ResolverStatusSchema = z.object({
  /** What this system has that can send single names elsewhere; null: nothing that Kojibox knows. */
  mechanism: z.enum(['systemd-resolved', 'macos']).nullable(),
  /** File that tells the system; null where there is no mechanism. */
  file: z.string().nullable(),
  /** `off`: not set. `on`: set as it should be. `outdated`: set for another port or for fewer names. */
  state: z.enum(['off', 'on', 'outdated']),
  /** Of the name server on 127.0.0.1; null before the edge has run for the first time. */
  port: PortSchema.nullable(),
  /** Names that are (or would be) asked here, each with all below it. */
  suffixes: z.array(z.string()),
  /** True: a name asked of the system's resolver just now came to this server. */
  answers: z.boolean(),
  /** What that means, in one sentence, with the cure where one is needed. */
  reason: z.string(),
});
export type ResolverStatus = z.infer<typeof ResolverStatusSchema>;

export const resolverOperations = [
  defineOperation({
    name: 'resolver.status',
    summary: "Show whether the system's resolver asks Kojibox for local names; asks it a name to see.",
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: ResolverStatusSchema,
    errors: [],
    cli: { command: ['domains', 'resolver', 'status'] },
  }),
  defineOperation({
    name: 'resolver.set',
    summary: "Have the system's resolver ask Kojibox for local names, wildcards included (needs administrator rights).",
    kind: 'command',
    access: 'admin',
    input: z.strictObject({}),
    output: ResolverStatusSchema,
    errors: ['PERMISSION_DENIED', 'CANCELLED', 'RESOLVER_UNSUPPORTED'],
    cli: { command: ['domains', 'resolver', 'on'] },
  }),
  defineOperation({
    name: 'resolver.clear',
    summary: "Give the system's resolver back as it was.",
    kind: 'command',
    access: 'admin',
    input: z.strictObject({}),
    output: OkSchema,
    errors: ['NOT_FOUND', 'PERMISSION_DENIED', 'CANCELLED', 'CERTIFICATE_FAILED', 'SECRETS_LOCKED'],
    cli: { command: ['domains', 'resolver', 'off'] },
  }),
] as const;
