import { describe, expect, it } from 'vitest';
import { installCommand } from './host-packages.ts';

const systemWith = (...marks: string[]) => ({
  stat: (path: string) =>
    Promise.resolve(
      marks.includes(path) ? { type: 'file' as const, size: 0, mode: 0o644, uid: 0, gid: 0, mtimeMs: 0 } : null,
    ),
});

describe('how a program is installed', () => {
  it.each([
    ['/etc/debian_version', 'sudo apt install libnss3-tools'],
    ['/etc/redhat-release', 'sudo dnf install nss-tools'],
    ['/etc/arch-release', 'sudo pacman -S nss'],
    ['/etc/zypp', 'sudo zypper install mozilla-nss-tools'],
    ['/etc/alpine-release', 'sudo apk add nss-tools'],
    ['/etc/NIXOS', 'nix-env -iA nixos.nssTools'],
  ])('where there is %s: %s', async (mark, command) => {
    expect(await installCommand(systemWith(mark), 'certutil')).toBe(command);
  });

  it('is not said where the kind of system is not known', async () => {
    expect(await installCommand(systemWith(), 'certutil')).toBeNull();
  });
});
