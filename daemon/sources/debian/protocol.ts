/** What the daemon and its archive program say to each other, over the channel that Node opens between them. */
import { z } from 'zod';
import { ErrorBodySchema } from '../../../contract/errors.ts';

export const PackageSchema = z.object({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  sha256: z.string(),
  size: z.int().nonnegative(),
  /** In its archive. */
  path: z.string(),
  /** Which of the indexes has it. */
  index: z.int().nonnegative(),
});
export type ArchivePackage = z.output<typeof PackageSchema>;

const IndexSchema = z.object({
  file: z.string(),
  sha256: z.string(),
  compression: z.enum(['none', 'gzip', 'xz', 'zstd']),
  /** Unpacked, as it is signed for. */
  sizeBytes: z.int().nonnegative(),
});
export type StoredIndex = z.output<typeof IndexSchema>;

export const QuestionSchema = z.discriminatedUnion('ask', [
  /** Whether this file is signed, and what it says then. */
  z.object({ ask: z.literal('release'), file: z.string(), keyring: z.string(), now: z.int() }),
  /** What a runtime needs of a release. The program keeps the indexes for the next question. */
  z.object({
    ask: z.literal('resolve'),
    indexes: z.array(IndexSchema),
    packages: z.array(z.string()),
    extra: z.array(z.string()),
    /** Only packages without machine code. */
    portable: z.boolean(),
  }),
  /** Unpacks one package over what its tree has already. */
  z.object({
    ask: z.literal('unpack'),
    tree: z.string(),
    file: z.string(),
    sha256: z.string(),
  }),
  z.object({ ask: z.literal('forget'), tree: z.string() }),
]);
export type Question = z.output<typeof QuestionSchema>;

export const ReleaseSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('good'),
    codename: z.string(),
    date: z.int(),
    validUntil: z.int().nullable(),
    byHash: z.boolean(),
    files: z.array(z.object({ path: z.string(), size: z.int(), sha256: z.string() })),
  }),
  z.object({ state: z.literal('no-release') }),
  z.object({ state: z.literal('bad'), why: z.string() }),
]);
export type ReleaseAnswer = z.output<typeof ReleaseSchema>;

/** By question. */
export const ANSWERS = {
  release: ReleaseSchema,
  resolve: z.array(PackageSchema),
  unpack: z.int(),
  forget: z.null(),
} as const;

/** How the program fails: in the house's words, with a code of the system, or with what it says of the archive. */
export const FailureSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('kojibox'), body: ErrorBodySchema }),
  z.object({ kind: z.literal('system'), code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('archive'), message: z.string() }),
  z.object({ kind: z.literal('digest'), file: z.string() }),
]);
export type Failure = z.output<typeof FailureSchema>;

export const RequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ask'), id: z.int(), question: QuestionSchema }),
  z.object({ type: z.literal('cancel'), id: z.int() }),
]);
export const ReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('done'), id: z.int(), answer: z.unknown() }),
  z.object({ type: z.literal('failed'), id: z.int(), failure: FailureSchema }),
]);
