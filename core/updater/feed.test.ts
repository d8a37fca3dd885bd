import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signDocument } from '../signing/signed-document.ts';
import {
  assertNotReplayed,
  compareVersions,
  newestRelease,
  openFeed,
  releaseOf,
  signFeed,
  type Release,
} from './feed.ts';

const pair = (): { publicKey: string; privateKey: string } => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
};
const [key, newer] = [pair(), pair()];
const release = (version: string, change: Partial<Release> = {}): Release => ({
  version,
  channel: 'stable',
  os: 'linux',
  arch: 'x64',
  url: `kojibox-${version}.tar.gz`,
  sha256: 'a'.repeat(64),
  size: 1,
  notes: '',
  package: 'headless',
  ...change,
});
const feedOf = (releases: readonly Release[], privateKey = key.privateKey): string => {
  const unsigned = { schemaVersion: 1, createdAt: '2026-01-01T00:00:00Z', releases, signature: '' };
  return JSON.stringify({ ...unsigned, signature: signDocument(unsigned, privateKey) });
};

describe('an update feed', () => {
  it('may be signed by any key of the build', () => {
    const keys = [key.publicKey, newer.publicKey];
    expect(openFeed(feedOf([release('1.1.0')]), keys).releases).toHaveLength(1);
    expect(openFeed(feedOf([release('1.1.0')], newer.privateKey), keys).releases).toHaveLength(1);
  });

  it.each([
    ['is not JSON', '<html>'],
    ['is JSON of another kind', '{"releases":[]}'],
    ['was altered', feedOf([release('1.1.0')]).replace('1.1.0', '9.9.9')],
    ['has no signature', feedOf([release('1.1.0')]).replace(/ed25519:[^"]*/, '')],
    ['was signed by a stranger', feedOf([release('1.1.0')], pair().privateKey)],
  ])('is refused when it %s', (_, text) => {
    expect(() => openFeed(text, [key.publicKey])).toThrow(
      expect.objectContaining({ code: 'UPDATE_SIGNATURE_INVALID', retryable: false }),
    );
  });

  it('offers the newest release of the channel for this machine, never an older one', () => {
    const feed = openFeed(
      feedOf([
        release('1.1.0'),
        release('1.2.0'),
        release('1.3.0-beta.2', { channel: 'beta' }),
        release('1.3.0-beta.10', { channel: 'beta' }),
        release('2.0.0', { os: 'windows' }),
      ]),
      [key.publicKey],
    );
    const here = { os: 'linux', arch: 'x64' } as const;
    expect(newestRelease(feed, { ...here, channel: 'stable', current: '1.0.0' })?.version).toBe('1.2.0');
    expect(newestRelease(feed, { ...here, channel: 'beta', current: '1.0.0' })?.version).toBe('1.3.0-beta.10');
    expect(newestRelease(feed, { ...here, channel: 'stable', current: '1.2.0' })).toBeNull();
    expect(newestRelease(feed, { ...here, channel: 'stable', current: '3.0.0' })).toBeNull();
  });

  it('does not offer a build that failed, but another build of the same version', () => {
    const feed = openFeed(feedOf([release('1.1.0'), release('1.2.0')]), [key.publicKey]);
    const wanted = { os: 'linux', arch: 'x64', channel: 'stable', current: '1.0.0' } as const;
    const skipping = (sha256: string): string | undefined =>
      newestRelease(feed, { ...wanted, isSkipped: (one) => one.version === '1.2.0' && one.sha256 === sha256 })?.version;
    expect(skipping('a'.repeat(64))).toBe('1.1.0');
    expect(skipping('b'.repeat(64))).toBe('1.2.0');
  });

  it('has packages of two kinds, which are never mixed up; who names a version gets it from any channel', () => {
    const beta = release('2.0.0-beta.1', { channel: 'beta' });
    const feed = openFeed(feedOf([release('1.1.0', { package: 'app' }), beta]), [key.publicKey]);
    const here = { os: 'linux', arch: 'x64' } as const;
    expect(newestRelease(feed, { ...here, channel: 'stable', current: '1.0.0' })).toBeNull();
    expect(releaseOf(feed, { ...here, package: 'app' }, '1.1.0')?.version).toBe('1.1.0');
    expect(releaseOf(feed, here, '1.1.0')).toBeNull();
    expect(releaseOf(feed, here, '2.0.0-beta.1')?.version).toBe('2.0.0-beta.1');
    expect(releaseOf(feed, { ...here, arch: 'arm64' }, '2.0.0-beta.1')).toBeNull();
  });

  it('from before the newest one seen is refused, the same one is not', () => {
    const feed = openFeed(
      signFeed({ schemaVersion: 1, createdAt: '2026-02-01T00:00:00Z', releases: [] }, key.privateKey),
      [key.publicKey],
    );
    expect(() => assertNotReplayed(feed, null)).not.toThrow();
    expect(() => assertNotReplayed(feed, '2026-02-01T00:00:00Z')).not.toThrow();
    expect(() => assertNotReplayed(feed, '2026-02-01T00:00:01Z')).toThrow(
      expect.objectContaining({ code: 'UPDATE_STALE' }),
    );
  });

  it('orders versions as Semantic Versioning has it', () => {
    const ordered = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.10.0',
    ];
    expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
  });
});
