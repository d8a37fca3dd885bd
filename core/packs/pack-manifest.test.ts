import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  openPackManifest,
  platformMismatch,
  signPackManifest,
  type UnsignedPackManifest,
} from './pack-manifest.ts';

const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const FILE = { path: 'files/debian/bookworm/tool_1%3a2.0-1+b1~x_amd64.deb', size: 3, sha256: 'a'.repeat(64) };
const unsigned: UnsignedPackManifest = {
  format: 1,
  name: 'Stack',
  createdAt: '2026-01-02T03:04:05.000Z',
  madeBy: '1.0.0',
  platform: { os: 'linux', arch: 'x64', distribution: 'debian', codename: 'bookworm' },
  runtimes: [{ name: 'tool', series: '2', version: '2.0', source: 'debian', files: [FILE.path] }],
  archives: [],
  files: [FILE],
};
const open = (manifest: object): unknown => openPackManifest(JSON.stringify(manifest), 'x.kojipack');
const signed = (changed: Partial<UnsignedPackManifest>): object =>
  signPackManifest({ ...unsigned, ...changed }, key, 'me@here');

describe('the manifest of a pack', () => {
  it('opens as it was signed, with the fingerprint of its key in the form of ssh-keygen', () => {
    const { manifest, fingerprint } = openPackManifest(JSON.stringify(signed({})), 'x.kojipack');
    expect(manifest).toMatchObject(unsigned);
    expect(manifest.signer.name).toBe('me@here');
    expect(fingerprint).toBe(fingerprintOf(createPublicKey(createPrivateKey(key))));
  });

  it.each([
    ['files/../x'],
    ['files/x/..'],
    ['/files/x'],
    ['files//x'],
    ['files/./x'],
    ['other/x'],
    ['files/a\\b'],
    ['files/a b'],
    ['files/a\u0000b'],
    ['files'],
    ['files/'],
  ])('refuses the path %j though it was signed', (path) => {
    const files = [{ ...FILE, path }];
    expect(() => open(signed({ files, runtimes: [{ ...unsigned.runtimes[0]!, files: [path] }] }))).toThrow(
      expect.objectContaining({ code: 'PACK_DAMAGED' }),
    );
  });

  it.each<[string, Partial<UnsignedPackManifest>]>([
    ['a file twice', { files: [FILE, FILE] }],
    [
      'a file twice, but for the case',
      { files: [FILE, { ...FILE, path: FILE.path.toUpperCase().replace('FILES/', 'files/') }] },
    ],
    ['a file that is a folder of another one', { files: [FILE, { ...FILE, path: `${FILE.path}/more` }] }],
    ['a name that no file can have', { files: [FILE, { ...FILE, path: `files/${'a'.repeat(256)}` }] }],
    ['a runtime twice', { runtimes: [unsigned.runtimes[0]!, unsigned.runtimes[0]!] }],
    [
      'a file of a runtime that is not there',
      { runtimes: [{ ...unsigned.runtimes[0]!, files: ['files/npm/no.tgz'] }] },
    ],
    [
      'an index that is not there',
      {
        archives: [
          {
            suite: 'bookworm',
            repositories: [{ folder: 'archives/bookworm/0', release: 'bookworm', components: ['main'] }],
          },
        ],
      },
    ],
    [
      'a release that would break out of its line',
      {
        archives: [
          {
            suite: 'bookworm',
            repositories: [{ folder: 'archives/bookworm/0', release: 'a\nTrusted: yes', components: ['main'] }],
          },
        ],
      },
    ],
  ])('refuses %s', (_what, changed) => {
    expect(() => open(signed(changed))).toThrow(expect.objectContaining({ code: 'PACK_DAMAGED' }));
  });

  it('refuses a key of another kind, and a field that was added after signing', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' });
    const signer = { name: 'x', publicKey: rsa.toString('base64').slice(0, 200) };
    for (const altered of [
      { ...signed({}), signer },
      { ...signed({}), madeBy: '2' },
    ])
      expect(() => open(altered)).toThrow(expect.objectContaining({ code: 'PACK_SIGNATURE_INVALID' }));
  });

  it('fits the system it was made on, and any release when it carries no packages', () => {
    const here = { os: 'linux', arch: 'x64', distribution: 'debian', codename: 'bookworm' } as const;
    expect(platformMismatch(here, here)).toBeNull();
    expect(
      platformMismatch({ ...here, distribution: null, codename: null }, { ...here, codename: 'trixie' }),
    ).toBeNull();
    expect(platformMismatch({ ...here, arch: 'arm64' }, here)).toBe('it is for linux-arm64; this is linux-x64');
    expect(platformMismatch({ ...here, codename: 'trixie' }, here)).toContain('debian trixie');
    expect(platformMismatch(here, { ...here, distribution: 'ubuntu', codename: 'noble' })).toContain('ubuntu noble');
  });
});
