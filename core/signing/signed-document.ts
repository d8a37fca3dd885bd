/** Signed JSON documents: Ed25519 (RFC 8032) over the canonical form (RFC 8785) of the document with an empty signature. */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';

const ALGORITHM = 'ed25519';
const SIGNATURE = /^ed25519:([0-9a-f]{16}):([A-Za-z0-9+/]{86}==)$/;

/** First 16 hex digits of SHA-256 over the key's SPKI form. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

function signedBytes(unsigned: unknown): Buffer {
  const text = canonicalize(unsigned);
  if (text === undefined) throw new TypeError('the document has no JSON form');
  return Buffer.from(text, 'utf8');
}

export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'unsigned' | 'unknown-key' | 'mismatch'; readonly detail: string };

/**
 * @param unsigned the whole document as it was read, unknown fields included, with an empty signature
 * @param trustedKeys PEM public keys; any of them may have signed
 */
export function verifyDocument(unsigned: unknown, signature: string, trustedKeys: readonly string[]): Verdict {
  if (signature === '') return { ok: false, why: 'unsigned', detail: 'its signature is empty' };
  const [, keyId, value] = SIGNATURE.exec(signature) ?? [];
  const bytes = Buffer.from(value ?? '', 'base64');
  // One signature has one form: base64 could say the same bytes in several ways.
  if (keyId === undefined || bytes.toString('base64') !== value)
    return { ok: false, why: 'unsigned', detail: 'its signature has an unknown form' };
  const key = trustedKeys.map((pem) => createPublicKey(pem)).find((candidate) => keyIdOf(candidate) === keyId);
  if (key === undefined) return { ok: false, why: 'unknown-key', detail: `it was signed with key ${keyId}` };
  if (!verify(null, signedBytes(unsigned), key, bytes))
    return {
      ok: false,
      why: 'mismatch',
      detail: `the signature of key ${keyId} does not belong to this content`,
    };
  return { ok: true };
}

/** @param privateKey PEM; @returns the signature */
export function signDocument(unsigned: unknown, privateKey: string): string {
  const key = createPrivateKey(privateKey);
  return `${ALGORITHM}:${keyIdOf(createPublicKey(key))}:${sign(null, signedBytes(unsigned), key).toString('base64')}`;
}
