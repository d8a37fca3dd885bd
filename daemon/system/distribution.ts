/** Which archive this system's packages come from; see os-release(5). */
import { readFileSync } from 'node:fs';

export interface Distribution {
  readonly family: 'debian' | 'ubuntu';
  /** Code name of the release: `bookworm`, `noble`. */
  readonly codename: string;
}

/**
 * Relatives count by the archive they build on: Linux Mint names its Ubuntu release in UBUNTU_CODENAME, LMDE its Debian release in
 * DEBIAN_CODENAME.
 * @param file normally `/etc/os-release`
 * @returns null where there is no such file, or it names another family
 */
export function readDistribution(file = '/etc/os-release'): Distribution | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null; // Not a Linux with os-release: macOS, Windows, a bare container.
  }
  const field = (name: string): string => new RegExp(`^${name}="?([\\w. -]+?)"?$`, 'm').exec(text)?.[1] ?? '';
  const ubuntu = field('UBUNTU_CODENAME');
  if (ubuntu !== '') return { family: 'ubuntu', codename: ubuntu };
  const isDebian = `${field('ID')} ${field('ID_LIKE')}`.split(' ').includes('debian');
  return isDebian ? { family: 'debian', codename: field('DEBIAN_CODENAME') || field('VERSION_CODENAME') } : null;
}
