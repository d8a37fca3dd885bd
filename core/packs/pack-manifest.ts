/** The manifest of an offline pack: what it holds, the digest of each file, who signed it. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { KojiboxError, type ErrorCode } from '../../contract/errors.ts';
import { PackPlatformSchema, type PackPlatform } from '../../contract/packs.ts';
import { signDocument, verifyDocument } from '../signing/signed-document.ts';
import { sayPack } from '../../contract/sentences/packs.ts';

export const PACK_FORMAT = 1;
/** Of the manifest in the zip. */
export const PACK_MANIFEST = 'manifest.json';
const MAX_FILES = 5000;

/** A relative path of plain names: no `..`, no empty part, none longer than a name may be (NAME_MAX), nothing that another system reads as a separator. */
const FilePathSchema = z
  .string()
  .max(400)
  .regex(/^(?:files|archives)(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._+~%@=-]{1,255})+$/, 'not a path of a pack');
const NameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const VersionSchema = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}$/);
const SuiteSchema = z.string().regex(/^[a-z]{1,40}$/);
/** They end up in a line of sources.list(5). */
const WordSchema = z.string().regex(/^(?!.*\.\.)[a-z0-9][a-z0-9./-]{0,79}$/);

/** One release of one archive: `InRelease` and the indexes that it signs for, below `folder`. */
const RepositorySchema = z.strictObject({
  folder: FilePathSchema,
  release: WordSchema,
  components: z.array(WordSchema).min(1).max(20),
});
export type PackRepository = z.infer<typeof RepositorySchema>;

export const PackManifestSchema = z.strictObject({
  format: z.literal(PACK_FORMAT),
  name: z.string().min(1).max(100),
  createdAt: z.iso.datetime(),
  /** Version of Kojibox. */
  madeBy: z.string().max(40),
  platform: PackPlatformSchema,
  runtimes: z
    .array(
      z.strictObject({
        name: NameSchema,
        series: VersionSchema,
        version: VersionSchema,
        source: z.enum(['npm', 'debian', 'https']),
        files: z.array(FilePathSchema).min(1).max(MAX_FILES),
        /** Of PHP: what was added to it. */
        extensions: z
          .array(z.string().regex(/^[a-z0-9_]{1,40}$/))
          .max(64)
          .optional(),
      }),
    )
    .min(1)
    .max(50),
  /** Signed indexes of package archives, by the code name of the release. */
  archives: z
    .array(z.strictObject({ suite: SuiteSchema, repositories: z.array(RepositorySchema).min(1).max(20) }))
    .max(10),
  files: z
    .array(
      z.strictObject({
        path: FilePathSchema,
        size: z.int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1)
    .max(MAX_FILES),
  signer: z.strictObject({
    name: z.string().max(200),
    /** SPKI form (RFC 8410) in base64. */
    publicKey: z.string().max(200),
  }),
  signature: z.string().max(200),
});
export type PackManifest = z.infer<typeof PackManifestSchema>;
export type UnsignedPackManifest = Omit<PackManifest, 'signature' | 'signer'>;

/** `SHA256:` and 43 letters: all 256 bits, because a person compares it to decide about trust. */
export function fingerprintOf(key: KeyObject): string {
  const digest = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}

export const packRefusal = (code: ErrorCode, file: string, detail: string, cause?: unknown): KojiboxError =>
  new KojiboxError(code, `cannot use the pack ${file}`, { detail, source: 'packs', cause });

/** @param privateKey PEM; @param name of the signer, as it calls itself */
export function signPackManifest(manifest: UnsignedPackManifest, privateKey: string, name: string): PackManifest {
  const publicKey = createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'der' });
  const unsigned = { ...manifest, signer: { name, publicKey: publicKey.toString('base64') }, signature: '' };
  return { ...unsigned, signature: signDocument(unsigned, privateKey) };
}

/**
 * Opens what was read from a pack and proves that it is as its signer made it. Whether that signer is to be trusted is another question.
 * @param file name for messages
 * Throws PACK_DAMAGED, PACK_FORMAT_UNKNOWN or PACK_SIGNATURE_INVALID.
 */
export function openPackManifest(text: string, file: string): { manifest: PackManifest; fingerprint: string } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw packRefusal('PACK_DAMAGED', file, 'its manifest is not JSON', cause);
  }
  const format = (document as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format !== PACK_FORMAT)
    throw packRefusal('PACK_FORMAT_UNKNOWN', file, `it has format ${format}; this Kojibox reads format ${PACK_FORMAT}`);
  const parsed = PackManifestSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw packRefusal(
      'PACK_DAMAGED',
      file,
      `its manifest: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
  }
  const manifest = parsed.data;
  const key = readKey(manifest.signer.publicKey);
  if (key === null) throw packRefusal('PACK_SIGNATURE_INVALID', file, 'its signer is not an Ed25519 key');
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  const verdict = verifyDocument({ ...(document as object), signature: '' }, manifest.signature, [pem]);
  if (!verdict.ok) throw packRefusal('PACK_SIGNATURE_INVALID', file, verdict.detail);
  assertConsistent(manifest, file);
  return { manifest, fingerprint: fingerprintOf(key) };
}

/** Null when it is not an Ed25519 key in its one form. */
function readKey(base64: string): KeyObject | null {
  try {
    const bytes = Buffer.from(base64, 'base64');
    const key = createPublicKey({ key: bytes, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && bytes.toString('base64') === base64 ? key : null;
  } catch {
    return null; // The caller says so.
  }
}

/** A signed manifest can still contradict itself: each name once, and nothing named that is not there. */
function assertConsistent({ files, runtimes, archives }: PackManifest, file: string): void {
  const paths = new Set(files.map(({ path }) => path.toLowerCase()));
  if (paths.size !== files.length) throw packRefusal('PACK_DAMAGED', file, 'its manifest names a file twice');
  const folders = files.flatMap(({ path }) => foldersOf(path.toLowerCase()));
  const both = folders.find((folder) => paths.has(folder));
  if (both !== undefined) throw packRefusal('PACK_DAMAGED', file, `its manifest has ${both} as a file and as a folder`);
  const isFile = new Set(files.map(({ path }) => path));
  const missing = runtimes.flatMap((runtime) => runtime.files).find((path) => !isFile.has(path));
  if (missing !== undefined) throw packRefusal('PACK_DAMAGED', file, `its manifest does not describe ${missing}`);
  const names = new Set(runtimes.map(({ name, series }) => `${name} ${series}`));
  if (names.size !== runtimes.length) throw packRefusal('PACK_DAMAGED', file, 'its manifest names a runtime twice');
  const indexes = archives.flatMap(({ repositories }) => repositories.map(({ folder }) => `${folder}/`));
  const loose = indexes.find((folder) => !files.some(({ path }) => path.startsWith(folder)));
  if (loose !== undefined) throw packRefusal('PACK_DAMAGED', file, `its manifest describes no index in ${loose}`);
}

/** `a/b/c`: `a`, `a/b`. */
const foldersOf = (path: string): string[] => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

/** Why a pack of that platform does not fit this one; null when it does. */
export function platformMismatch(pack: PackPlatform, here: PackPlatform): string | null {
  if (pack.os !== here.os || pack.arch !== here.arch)
    return sayPack('otherPlatform', { platform: `${pack.os}-${pack.arch}`, own: `${here.os}-${here.arch}` });
  // Without packages of a distribution it fits all of them.
  if (pack.distribution === null) return null;
  if (pack.distribution !== here.distribution || pack.codename !== here.codename)
    return sayPack('otherPackages', {
      system: `${pack.distribution} ${pack.codename ?? ''}`.trim(),
      own: here.distribution === null ? sayPack('otherSystem') : `${here.distribution} ${here.codename ?? ''}`.trim(),
    });
  return null;
}
