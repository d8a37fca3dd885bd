/** Opening and signing the runtime manifest: Ed25519 (RFC 8032) over its canonical JSON (RFC 8785). */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { KojiboxError, type ErrorCode } from '../../contract/errors.ts';
import { RuntimeManifestSchema, type RuntimeManifest } from '../../contract/manifest.ts';

const ALGORITHM = 'ed25519';
const SIGNATURE = /^ed25519:([0-9a-f]{16}):([A-Za-z0-9+/]{86}==)$/;

/** First 16 hex digits of SHA-256 over the key's SPKI form. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

/** What is signed: the whole document as it was read, unknown fields included, with an empty signature. */
function signedBytes(document: Record<string, unknown>): Buffer {
  const bundle = document['bundle'] as Record<string, unknown>;
  const text = canonicalize({ ...document, bundle: { ...bundle, signature: '' } });
  if (text === undefined) throw new TypeError('the manifest has no JSON form');
  return Buffer.from(text, 'utf8');
}

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
  const { signature } = parsed.data.bundle;
  if (signature === '') throw refuse('MANIFEST_UNSIGNED', 'its signature is empty');
  const [, keyId, value] = SIGNATURE.exec(signature) ?? [];
  const bytes = Buffer.from(value ?? '', 'base64');
  // One signature has one form: base64 could say the same bytes in several ways.
  if (keyId === undefined || bytes.toString('base64') !== value) {
    throw refuse('MANIFEST_UNSIGNED', 'its signature has an unknown form');
  }
  const key = trustedKeys.map((pem) => createPublicKey(pem)).find((candidate) => keyIdOf(candidate) === keyId);
  if (key === undefined) throw refuse('MANIFEST_KEY_UNKNOWN', `it was signed with key ${keyId}`);
  if (!verify(null, signedBytes(document as Record<string, unknown>), key, bytes)) {
    throw refuse('MANIFEST_SIGNATURE_INVALID', `the signature of key ${keyId} does not belong to this content`);
  }
  return parsed.data;
}

/** @param privateKey PEM; @returns the manifest with its signature filled in */
export function signManifest(manifest: RuntimeManifest, privateKey: string): RuntimeManifest {
  const key = createPrivateKey(privateKey);
  const signature = sign(null, signedBytes(manifest), key).toString('base64');
  return {
    ...manifest,
    bundle: { ...manifest.bundle, signature: `${ALGORITHM}:${keyIdOf(createPublicKey(key))}:${signature}` },
  };
}
