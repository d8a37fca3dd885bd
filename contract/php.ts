/** What can be switched in an installed PHP: its extensions and the directives of its php.ini. */
import { z } from 'zod';
import { ChangeSchema } from './changes.ts';
import { ServiceEffectSchema } from './config.ts';
import { defineOperation } from './define.ts';
import { START_ERRORS } from './services.ts';

const SeriesSchema = z.string().regex(/^\d{1,2}\.\d{1,2}$/, 'a series of PHP, e.g. 8.2');
const ExtensionNameSchema = z.string().regex(/^[a-z0-9_]{1,40}$/, 'not a name of an extension');
/** https://www.php.net/manual/en/ini.list.php */
export const DirectiveNameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,79}$/, 'not a name of a directive');
/** One line; a quotation mark and an apostrophe at the same time cannot be written in a php.ini. */
export const DirectiveValueSchema = z
  .string()
  .max(1000)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line')
  .refine((text) => !(text.includes('"') && text.includes("'")), 'must not hold both kinds of quotation marks');

export const PhpExtensionSchema = z.object({
  name: z.string(),
  /** `built-in` cannot be switched; what is `available` is not here yet, and can be added. */
  state: z.enum(['built-in', 'on', 'off', 'available']),
  /** It was added on this machine, and can be removed. */
  isAdded: z.boolean().optional(),
});
export type PhpExtension = z.infer<typeof PhpExtensionSchema>;

export const PhpDirectiveSchema = z.object({
  name: z.string(),
  /** `size`: bytes with K, M or G. `bool`: On or Off. */
  type: z.enum(['size', 'int', 'bool', 'text']),
  value: z.string(),
  /** What it is when nobody changes it. */
  standard: z.string(),
  description: z.string(),
  /** Of an `int`; a `size` in bytes. */
  min: z.number().optional(),
  max: z.number().optional(),
});
export type PhpDirective = z.infer<typeof PhpDirectiveSchema>;

export const PhpSettingsSchema = z.object({
  series: z.string(),
  version: z.string(),
  extensions: z.array(PhpExtensionSchema),
  /** The ones that are asked for most. */
  directives: z.array(PhpDirectiveSchema),
  /** All others that were changed. */
  others: z.array(z.object({ name: z.string(), value: z.string() })),
  /** Services that run it now; a change restarts them. */
  services: z.array(z.string()),
});
export type PhpSettings = z.infer<typeof PhpSettingsSchema>;

export const ExtensionDownloadSchema = z.object({
  /** Bytes that are fetched; 0 when all of it lies in the cache, null when the source does not say. */
  downloadBytes: z.int().nonnegative().nullable(),
  /** Services that restart. */
  restarts: z.array(z.string()),
});
export type ExtensionDownload = z.infer<typeof ExtensionDownloadSchema>;

const NamedExtensionsSchema = z.strictObject({
  series: SeriesSchema,
  names: z.array(ExtensionNameSchema).min(1).max(40),
});

/** What is stored of a series: differences from the standard only. */
export const PhpChoiceSchema = z.object({
  off: z.array(ExtensionNameSchema),
  values: z.record(DirectiveNameSchema, DirectiveValueSchema),
  /** Extensions that were fetched for it. */
  added: z.array(ExtensionNameSchema).optional(),
});
export type PhpChoice = z.infer<typeof PhpChoiceSchema>;

const ChangeOfSettingsSchema = z.strictObject({
  series: SeriesSchema,
  extensions: z.record(ExtensionNameSchema, z.enum(['on', 'off'])).default({}),
  values: z.record(DirectiveNameSchema, DirectiveValueSchema).default({}),
  /** Directives that go back to their standard. */
  reset: z.array(DirectiveNameSchema).default([]),
});
export type ChangeOfPhpSettings = z.output<typeof ChangeOfSettingsSchema>;

const example = { series: '8.2', extensions: { xsl: 'off' as const }, values: { memory_limit: '1G' } };

export const phpOperations = [
  defineOperation({
    name: 'php.settings',
    summary: 'Show the extensions and directives of an installed PHP.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ series: SeriesSchema.optional() }),
    output: PhpSettingsSchema,
    errors: ['RUNTIME_MISSING', 'RUNTIME_UNSUPPORTED'],
    example: { series: '8.2' },
    cli: { command: ['ini', 'show'], positional: ['series'], examples: ['ini show', 'ini show 8.4'] },
  }),
  defineOperation({
    name: 'php.preview',
    summary: 'Show what changed settings of a PHP would restart; changes nothing.',
    kind: 'query',
    access: 'read',
    input: ChangeOfSettingsSchema,
    output: ServiceEffectSchema,
    errors: ['RUNTIME_MISSING', 'RUNTIME_UNSUPPORTED', 'VALIDATION_FAILED'],
    example,
  }),
  defineOperation({
    name: 'php.set',
    summary:
      'Change extensions and directives of an installed PHP, for its sites and for "koji php"; restarts what runs it, and goes back when it does not start with them.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['programs', 'files'] },
    input: ChangeOfSettingsSchema,
    output: PhpSettingsSchema,
    errors: [...START_ERRORS, 'VALIDATION_FAILED', 'CONFIG_CORRUPT'],
    example,
    cli: {
      command: ['ini', 'set'],
      positional: ['series'],
      examples: [
        'ini set 8.2 --values memory_limit=1G --values display_errors=Off',
        'ini set 8.2 --extensions xsl=off',
        'ini set 8.2 --reset memory_limit',
      ],
    },
  }),
  defineOperation({
    name: 'php.previewExtensions',
    summary: 'Show how much would be fetched to add extensions to a PHP, and what would restart; changes nothing.',
    kind: 'query',
    access: 'read',
    input: NamedExtensionsSchema,
    output: ExtensionDownloadSchema,
    errors: ['RUNTIME_MISSING', 'RUNTIME_UNSUPPORTED', 'VALIDATION_FAILED', 'DOWNLOAD_FAILED', 'DIGEST_MISMATCH'],
    example: { series: '8.2', names: ['soap', 'imagick'] },
  }),
  defineOperation({
    name: 'php.addExtensions',
    summary:
      'Add extensions to an installed PHP: fetched and checked like the runtime itself, tried, and put in use in one step; restarts what runs it.',
    kind: 'command',
    access: 'admin',
    input: NamedExtensionsSchema,
    output: ChangeSchema,
    returnsChange: true,
    errors: [...START_ERRORS, 'VALIDATION_FAILED', 'CONFIG_CORRUPT', 'RUNTIME_UNSUPPORTED'],
    example: { series: '8.2', names: ['soap', 'imagick'] },
    cli: {
      command: ['ini', 'add'],
      positional: ['series'],
      rest: 'names',
      examples: ['ini add 8.2 soap', 'ini add 8.4 imagick gmp apcu'],
    },
  }),
  defineOperation({
    name: 'php.removeExtensions',
    summary:
      'Remove extensions that were added to a PHP; restarts what runs it. Their packages stay in the cache: adding them again fetches nothing.',
    kind: 'command',
    access: 'admin',
    input: NamedExtensionsSchema,
    output: ChangeSchema,
    returnsChange: true,
    errors: [...START_ERRORS, 'VALIDATION_FAILED', 'CONFIG_CORRUPT', 'RUNTIME_UNSUPPORTED'],
    example: { series: '8.2', names: ['imagick'] },
    cli: {
      command: ['ini', 'remove'],
      positional: ['series'],
      rest: 'names',
      examples: ['ini remove 8.2 soap', 'ini remove 8.4 imagick gmp'],
    },
  }),
] as const;
