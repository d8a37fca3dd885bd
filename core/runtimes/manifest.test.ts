import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeManifest } from '../../contract/manifest.ts';
import { openManifest, signManifest } from './manifest.ts';

const newKey = (): { secret: string; open: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    secret: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    open: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
};
const release = newKey();
const older = newKey();

const manifest: RuntimeManifest = {
  version: '1',
  services: [
    {
      name: 'redis',
      version: '7.0',
      os: 'linux',
      arch: 'x64',
      checksum: 'archive-signature',
      size: 7_348_196,
      binPath: 'runtime/bin/redis/7.0/linux-x64/usr/bin/redis-server',
      defaultPorts: [{ name: 'redis', port: 6379, protocol: 'tcp' }],
      env: { NOTE: 'käse ☃' },
      args: ['--bind', '127.0.0.1'],
      source: { type: 'debian', suite: 'bookworm', packages: ['redis-server'], executables: ['usr/bin/redis-cli'] },
    },
  ],
  bundle: { createdAt: '2026-11-21T00:00:00Z', source: 'official', signature: '' },
};
const signed = JSON.stringify(signManifest(manifest, release.secret));

function codeOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    return error instanceof KojiboxError ? error.code : String(error);
  }
  return 'opened';
}

describe('the signed manifest', () => {
  it('opens with the key that signed it, in whatever form its JSON is written', () => {
    const opened = openManifest(signed, [release.open]);
    expect(opened.services).toEqual(manifest.services);
    const reordered = JSON.stringify(
      Object.fromEntries(Object.entries(JSON.parse(signed) as object).reverse()),
      null,
      4,
    );
    expect(openManifest(reordered, [release.open])).toEqual(opened);
  });

  it('opens with any of several trusted keys', () => {
    const byOlder = JSON.stringify(signManifest(manifest, older.secret));
    for (const text of [signed, byOlder]) expect(openManifest(text, [release.open, older.open]).version).toBe('1');
  });

  it('is refused when another key signed it', () => {
    expect(codeOf(() => openManifest(signed, [older.open]))).toBe('MANIFEST_KEY_UNKNOWN');
    expect(codeOf(() => openManifest(signed, []))).toBe('MANIFEST_KEY_UNKNOWN');
  });

  it.each([
    ['no signature', ''],
    ['another algorithm', 'rsa:0123456789abcdef:AAAA'],
    ['no key', 'ed25519'],
    ['no value', 'ed25519:0123456789abcdef'],
  ])('is refused when it has %s', (_what, signature) => {
    const text = JSON.stringify({ ...manifest, bundle: { ...manifest.bundle, signature } });
    expect(codeOf(() => openManifest(text, [release.open]))).toBe('MANIFEST_UNSIGNED');
  });

  it.each([
    ['not JSON', '{"version":'],
    ['a list', '[]'],
    ['no services', JSON.stringify({ version: '1', bundle: manifest.bundle })],
  ])('is refused when it is %s', (_what, text) => {
    expect(codeOf(() => openManifest(text, [release.open]))).toBe('MANIFEST_INVALID');
  });

  it('is refused when another key claims the id of a trusted one', () => {
    const keyId = (JSON.parse(signed) as RuntimeManifest).bundle.signature.split(':')[1] ?? '';
    const forged = signManifest(manifest, older.secret);
    const signature = forged.bundle.signature.replace(/^ed25519:[0-9a-f]+/, `ed25519:${keyId}`);
    const text = JSON.stringify({ ...forged, bundle: { ...forged.bundle, signature } });
    expect(codeOf(() => openManifest(text, [release.open]))).toBe('MANIFEST_SIGNATURE_INVALID');
  });

  it('is refused when a field was added that the schema does not know', () => {
    const added = JSON.stringify({ ...(JSON.parse(signed) as object), note: 'trust me' });
    expect(codeOf(() => openManifest(added, [release.open]))).toBe('MANIFEST_SIGNATURE_INVALID');
  });

  it('is refused when any one byte of it was altered', () => {
    const bytes = Buffer.from(signed, 'utf8');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ change;
        expect(codeOf(() => openManifest(altered.toString('utf8'), [release.open]))).toMatch(/^MANIFEST_/);
      }),
      { numRuns: 3000 },
    );
  });

  it('is signed the same way twice: Ed25519 is deterministic (RFC 8032)', () => {
    expect(JSON.stringify(signManifest(manifest, release.secret))).toBe(signed);
    expect(createPrivateKey(release.secret).asymmetricKeyType).toBe('ed25519');
  });
});
