/**
 * What may be asked of the privileged helper: a closed list of verbs with values, never a path, a command or a name of a file.
 * The daemon checks a request before it is sent, the helper checks it again before it does anything.
 */
import { z } from 'zod';
import { HostNameSchema, PortSchema } from '../../contract/common.ts';
import { isLocalName, LOCAL_DOMAINS } from '../certificates/local-domains.ts';

/** Of the whole request, in bytes. */
export const MAX_REQUEST_BYTES = 262_144;
/** A thousand projects, with more names than one each. */
const MAX_NAMES = 4000;
const MAX_ACTIONS = 8;
export const MAX_SUFFIXES = 32;
const MAX_CERTIFICATE_CHARACTERS = 8192;

const LocalNameSchema = HostNameSchema.refine(
  isLocalName,
  `only names under ${LOCAL_DOMAINS.map((name) => `.${name}`).join(', ')} may be given to this machine`,
);
/** `.test` as a whole; of what a network may have names of its own under, single names alone. */
const SuffixSchema = z.union([
  z.literal('test'),
  LocalNameSchema.refine(
    (name) => !LOCAL_DOMAINS.includes(name) && !/\.(test|localhost|local)$/.test(name),
    'only test, and single names under the other local suffixes, may be asked of a name server of this machine',
  ),
]);

export const PrivilegedActionSchema = z.discriminatedUnion('verb', [
  z.strictObject({
    verb: z.literal('hosts.apply-block'),
    /** Tells the blocks of several homes apart. */
    home: z.string().regex(/^[0-9a-f]{8}$/),
    /** All names of the block; none takes the block out. */
    names: z.array(LocalNameSchema).max(MAX_NAMES),
  }),
  /** The certificate of a local authority, PEM. What else it must be is checked by `readAuthority`. */
  z.strictObject({ verb: z.literal('trust.add'), certificate: z.string().max(MAX_CERTIFICATE_CHARACTERS) }),
  z.strictObject({
    verb: z.literal('trust.remove'),
    /** SHA-256 of the certificate, lower-case hex. */
    fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  /** Everybody on this machine may listen on ports from 80 on. */
  z.strictObject({ verb: z.literal('ports.allow-low') }),
  z.strictObject({ verb: z.literal('ports.restrict-low') }),
  /** Names under these suffixes are asked of a name server on loopback. */
  z.strictObject({
    verb: z.literal('resolver.set'),
    suffixes: z.array(SuffixSchema).min(1).max(MAX_SUFFIXES),
    port: PortSchema.min(1024),
  }),
  z.strictObject({ verb: z.literal('resolver.clear') }),
]);
export type PrivilegedAction = z.infer<typeof PrivilegedActionSchema>;

export const PrivilegedRequestSchema = z.strictObject({
  version: z.literal(1),
  actions: z.array(PrivilegedActionSchema).min(1).max(MAX_ACTIONS),
});
export type PrivilegedRequest = z.infer<typeof PrivilegedRequestSchema>;

const PrivilegedResultSchema = z.object({
  verb: z.string(),
  /** `refused`: the value is not allowed; `unsupported`: this system has no such thing; `failed`: the system said no. */
  status: z.enum(['changed', 'unchanged', 'refused', 'unsupported', 'failed']),
  message: z.string(),
});
export type PrivilegedResult = z.infer<typeof PrivilegedResultSchema>;

export const PrivilegedReplySchema = z.object({
  version: z.literal(1),
  /** Null when the request itself was no good; then nothing was done. */
  results: z.array(PrivilegedResultSchema).nullable(),
  message: z.string(),
});
export type PrivilegedReply = z.infer<typeof PrivilegedReplySchema>;

/**
 * @param text one JSON object
 * @returns the request, or why it is none
 */
export function parseRequest(text: string): PrivilegedRequest | { readonly refused: string } {
  if (Buffer.byteLength(text) > MAX_REQUEST_BYTES)
    return { refused: `the request has more than ${MAX_REQUEST_BYTES} bytes` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: 'the request is not JSON' };
  }
  const parsed = PrivilegedRequestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { refused: `${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'not allowed'}` };
}
