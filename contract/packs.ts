/** Offline packs: runtimes in one signed file, for machines without a network. */
import { z } from 'zod';
import { INSTALL_ERRORS } from './runtimes.ts';
import { defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { OkSchema, TimestampSchema } from './common.ts';
import { ErrorCodeSchema } from './errors.ts';

/** `SHA256:` and the base64 of the digest of the key's SPKI form, without padding: the form that ssh-keygen(1) prints. */
export const FingerprintSchema = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'not a fingerprint: it looks like SHA256: and 43 letters');

/** `php`, `php@8.4`. */
export const RuntimeChoiceSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}(@[0-9A-Za-z][0-9A-Za-z.+~-]{0,63})?$/, 'name a runtime like php or php@8.4');

export const PackPlatformSchema = z.strictObject({
  os: z.string().max(20),
  arch: z.string().max(20),
  /** Of the system whose packages it carries; null when it carries none. */
  distribution: z.enum(['debian', 'ubuntu']).nullable(),
  /** Release of that system: its programs are linked for it. */
  codename: z.string().max(40).nullable(),
});
export type PackPlatform = z.infer<typeof PackPlatformSchema>;

export const PackSignerSchema = z.object({
  fingerprint: FingerprintSchema,
  /** As the signer calls itself: a hint, not a proof. */
  name: z.string(),
});

/** What a pack holds and whether it may be installed here. Its bytes were all compared with what was signed. */
export const PackInfoSchema = z.object({
  path: z.string(),
  /** Bytes of the file. */
  size: z.number(),
  name: z.string(),
  createdAt: TimestampSchema,
  /** Version of the Kojibox that made it. */
  madeBy: z.string(),
  platform: PackPlatformSchema,
  runtimes: z.array(
    z.object({
      name: z.string(),
      series: z.string(),
      version: z.string(),
      source: z.string(),
      /** Bytes of its files in the pack. */
      size: z.number(),
      installed: z.boolean(),
    }),
  ),
  fileCount: z.number(),
  signer: PackSignerSchema,
  /** Whether the signing key is this home's own, one that was accepted before, or neither. */
  trust: z.enum(['own', 'known', 'unknown']),
  /** Why it cannot be installed here; empty when it can. An unknown key is not among them: that is for a person to decide. */
  refusals: z.array(z.object({ code: ErrorCodeSchema, detail: z.string(), remedy: z.string() })),
});
export type PackInfo = z.infer<typeof PackInfoSchema>;

export const PackKeySchema = PackSignerSchema.extend({
  /** When it was accepted; null for this home's own key. */
  acceptedAt: TimestampSchema.nullable(),
});
export type PackKey = z.infer<typeof PackKeySchema>;

const PathSchema = z.string().min(1).max(4096);

const OPEN_ERRORS = [
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'PACK_DAMAGED',
  'PACK_FORMAT_UNKNOWN',
  'PACK_SIGNATURE_INVALID',
] as const;

export const packOperations = [
  defineOperation({
    name: 'packs.create',
    summary: 'Put runtimes, with all that their installation needs, into one signed file.',
    kind: 'command',
    access: 'operate',
    reaches: { what: ['files'], when: ({ path }) => path !== undefined },
    returnsChange: true,
    input: z.strictObject({
      /** Without it: what is installed, and what the projects need. */
      runtimes: z.array(RuntimeChoiceSchema).min(1).max(50).optional(),
      /** Absolute path of the new file; by default in app/packs. */
      path: PathSchema.optional(),
      /** By default the name of the file. */
      name: z.string().min(1).max(100).optional(),
    }),
    output: ChangeSchema,
    errors: [...INSTALL_ERRORS, 'NOT_FOUND', 'PERMISSION_DENIED', 'PACK_DAMAGED'],
    example: { runtimes: ['php@8.4', 'postgres@17'], path: '/home/me/stack.kojipack' },
  }),
  defineOperation({
    name: 'packs.inspect',
    summary: 'Say what a pack holds, who signed it, and whether it is whole; installs nothing.',
    kind: 'query',
    access: 'admin',
    reaches: { what: ['files'] },
    input: z.strictObject({ path: PathSchema }),
    output: PackInfoSchema,
    errors: [...OPEN_ERRORS, 'MANIFEST_INVALID'],
    example: { path: '/home/me/stack.kojipack' },
  }),
  defineOperation({
    name: 'packs.install',
    summary: 'Verify a pack as a whole and install its runtimes, without a network.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['files'] },
    returnsChange: true,
    input: z.strictObject({
      path: PathSchema,
      /** Accepts this key from now on; needed for a pack of a key that is not known here. */
      trustKey: FingerprintSchema.optional(),
    }),
    output: ChangeSchema,
    errors: [...INSTALL_ERRORS, ...OPEN_ERRORS, 'PACK_KEY_UNKNOWN', 'PACK_PLATFORM_MISMATCH', 'PACK_OUTDATED'],
    example: { path: '/home/me/stack.kojipack' },
  }),
  defineOperation({
    name: 'packs.discardUpload',
    summary: 'Delete a pack that was uploaded and is not wanted.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ path: PathSchema }),
    output: OkSchema,
    errors: [],
    example: { path: '/home/me/.local/share/kojibox/runtime/temp/install-upload-1a2b3c4d.kojipack' },
  }),
  defineOperation({
    name: 'packs.keys',
    summary: 'List the keys whose packs are accepted; the first is the one that signs packs made here.',
    kind: 'query',
    access: 'operate',
    input: z.strictObject({}),
    output: z.array(PackKeySchema),
    errors: [],
    cli: { command: ['pack', 'keys'] },
  }),
  defineOperation({
    name: 'packs.forgetKey',
    summary: 'Accept no more packs of a key; what was installed stays.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({ fingerprint: FingerprintSchema }),
    output: OkSchema,
    errors: ['NOT_FOUND'],
    destructive: true,
    example: { fingerprint: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' },
    cli: { command: ['pack', 'forget-key'], positional: ['fingerprint'] },
  }),
] as const;
