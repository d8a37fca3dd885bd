/** Own mirrors: other addresses for the bytes of runtimes. Digests and signatures stay what they are, so a mirror cannot lie. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { OkSchema } from './common.ts';

export const MIRROR_KINDS = ['npm', 'debian', 'https'] as const;
const MirrorKindSchema = z.enum(MIRROR_KINDS);
export type MirrorKind = z.infer<typeof MirrorKindSchema>;

/** An http or https address without user, query or fragment. */
export const MirrorAddressSchema = z
  .url({ protocol: /^https?$/, error: 'give an address that begins with http:// or https://' })
  .max(500)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { username, password, search, hash } = new URL(text);
    return `${username}${password}${search}${hash}` === '' && !/\s/.test(text);
  }, 'give an address without a password, ? or #');

export const MirrorsSchema = z.strictObject({
  npm: MirrorAddressSchema.optional(),
  debian: MirrorAddressSchema.optional(),
  https: MirrorAddressSchema.optional(),
  /** The mirror for debian may have indexes past their date. */
  debianExpired: z.literal(true).optional(),
});
export type Mirrors = z.infer<typeof MirrorsSchema>;

export const MirrorStatusSchema = z.object({
  kind: MirrorKindSchema,
  /** Null: the usual source of this machine. */
  url: z.string().nullable(),
  /** Whether indexes past their date are taken from it; only for debian. */
  allowExpired: z.boolean(),
  /** What is looked for below the address. */
  layout: z.string(),
  /** Of a test fetch; null when none was asked for or there is no mirror. */
  check: z.object({ ok: z.boolean(), evidence: z.string() }).nullable(),
});
export type MirrorStatus = z.infer<typeof MirrorStatusSchema>;

export const mirrorOperations = [
  defineOperation({
    name: 'mirror.list',
    summary: 'Show where runtimes are fetched from, by kind of source.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({
      /** Tries each mirror with a small fetch. */
      check: z.boolean().default(false),
    }),
    output: z.array(MirrorStatusSchema),
    errors: [],
    cli: { command: ['mirror', 'list'], examples: ['mirror list', 'mirror list --check'] },
  }),
  defineOperation({
    name: 'mirror.set',
    summary: 'Fetch runtimes of one kind of source from your own mirror; digests and signatures are checked as always.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['network', 'files'] },
    input: z.strictObject({
      kind: MirrorKindSchema,
      url: MirrorAddressSchema,
      /** Tries it first, and changes nothing when it does not answer as it should. */
      check: z.boolean().default(false),
      /** Only for debian: takes indexes that are past their date. Such a mirror can keep fixes back. */
      allowExpired: z.boolean().default(false),
    }),
    output: OkSchema,
    errors: ['DOWNLOAD_FAILED', 'CONFIG_CORRUPT'],
    example: { kind: 'npm', url: 'https://mirror.example.com/npm' },
    cli: {
      command: ['mirror', 'set'],
      positional: ['kind', 'url'],
      examples: ['mirror set npm https://mirror.example.com/npm', 'mirror set debian http://10.0.0.5 --check'],
    },
  }),
  defineOperation({
    name: 'mirror.clear',
    summary: 'Go back to the usual sources: of one kind, or of all.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({ kind: MirrorKindSchema.optional() }),
    output: OkSchema,
    errors: ['CONFIG_CORRUPT'],
    example: { kind: 'npm' },
    cli: { command: ['mirror', 'clear'], positional: ['kind'], examples: ['mirror clear', 'mirror clear npm'] },
  }),
] as const;
