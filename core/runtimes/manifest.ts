/** Opening and signing the runtime manifest. */
import { KojiboxError, type ErrorCode } from '../../contract/errors.ts';
import { RuntimeManifestSchema, type RuntimeManifest } from '../../contract/manifest.ts';
import { signDocument, verifyDocument } from '../signing/signed-document.ts';

/** What is signed: the whole document as it was read, unknown fields included, with an empty signature. */
const unsigned = (document: Record<string, unknown>): unknown => ({
  ...document,
  bundle: { ...(document['bundle'] as Record<string, unknown>), signature: '' },
});

const REFUSALS = {
  unsigned: 'MANIFEST_UNSIGNED',
  'unknown-key': 'MANIFEST_KEY_UNKNOWN',
  mismatch: 'MANIFEST_SIGNATURE_INVALID',
} as const;

const refuse = (code: ErrorCode, detail: string, cause?: unknown): KojiboxError =>
  new KojiboxError(code, 'cannot use the runtime manifest', { detail, source: 'runtime', cause });

/**
 * @param text content of manifest.json
 * @param trustedKeys PEM public keys of the build; any of them may have signed
 * @returns the manifest, after its signature was checked. Throws MANIFEST_INVALID, MANIFEST_UNSIGNED, MANIFEST_KEY_UNKNOWN or
 *   MANIFEST_SIGNATURE_INVALID.
 */
export function openManifest(text: string, trustedKeys: readonly string[]): RuntimeManifest {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw refuse('MANIFEST_INVALID', error instanceof Error ? error.message : 'not JSON', error);
  }
  const parsed = RuntimeManifestSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(
      'MANIFEST_INVALID',
      `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not a manifest'}`,
    );
  }
  const verdict = verifyDocument(
    unsigned(document as Record<string, unknown>),
    parsed.data.bundle.signature,
    trustedKeys,
  );
  if (!verdict.ok) throw refuse(REFUSALS[verdict.why], verdict.detail);
  return parsed.data;
}

/** @param privateKey PEM; @returns the manifest with its signature filled in */
export function signManifest(manifest: RuntimeManifest, privateKey: string): RuntimeManifest {
  return {
    ...manifest,
    bundle: { ...manifest.bundle, signature: signDocument(unsigned(manifest), privateKey) },
  };
}
