import { describe, expect, it } from 'vitest';
import type { InstalledRuntime } from '../../contract/runtimes.ts';
import { digestOf, findInstalled, withoutEntry } from './lock.ts';

const entry = (name: string, series: string, version: string): InstalledRuntime => ({
  name,
  series,
  version,
  os: 'linux',
  arch: 'x64',
  path: `runtime/bin/${name}/${version}/linux-x64`,
  digest: '',
  artifacts: [],
  source: 'debian',
  sizeOnDisk: 0,
  installedAt: '2026-01-01T00:00:00Z',
});
const lock = [
  entry('php', '8.2', '8.2.34'),
  entry('php', '8.4', '8.4.27'),
  entry('php', '8.2', '8.2.35'),
  entry('redis', '7.0', '7.0.15'),
];

describe('the lock', () => {
  it('finds an exact version, and of a series what was installed last', () => {
    expect(findInstalled(lock, 'php', '8.2.34')?.version).toBe('8.2.34');
    expect(findInstalled(lock, 'php', '8.2')?.version).toBe('8.2.35');
    expect(findInstalled(lock, 'php', '8.3')).toBeNull();
    expect(findInstalled(lock, 'redis', '8.2')).toBeNull();
  });

  it('forgets one version and keeps its neighbours', () => {
    expect(withoutEntry(lock, { name: 'php', version: '8.2.35' }).map(({ version }) => version)).toEqual([
      '8.2.34',
      '8.4.27',
      '7.0.15',
    ]);
  });

  it('has one digest for the same bytes in any order, and another for others', () => {
    const artifact = (name: string, digest: string) => ({ name, version: '1', digest, file: '/x', size: 1 });
    const [a, b] = [artifact('a', 'sha256:1'), artifact('b', 'sha256:2')];
    expect(digestOf([a, b])).toBe(digestOf([b, a]));
    expect(digestOf([a, b])).not.toBe(digestOf([a, artifact('b', 'sha256:3')]));
    expect(digestOf([a])).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});
