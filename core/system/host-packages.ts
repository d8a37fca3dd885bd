/** How a program is installed with the means of this system. */
import type { FileSystem } from './files.ts';

export type HostTool = 'certutil';

interface PackageManager {
  /** A file that only this kind of system has: programs of package managers are packaged for other systems too. */
  readonly mark: string;
  readonly install: string;
  readonly packages: Readonly<Record<HostTool, string>>;
}

const MANAGERS: readonly PackageManager[] = [
  { mark: '/etc/NIXOS', install: 'nix-env -iA', packages: { certutil: 'nixos.nssTools' } },
  { mark: '/etc/debian_version', install: 'sudo apt install', packages: { certutil: 'libnss3-tools' } },
  { mark: '/etc/redhat-release', install: 'sudo dnf install', packages: { certutil: 'nss-tools' } },
  { mark: '/etc/arch-release', install: 'sudo pacman -S', packages: { certutil: 'nss' } },
  { mark: '/etc/zypp', install: 'sudo zypper install', packages: { certutil: 'mozilla-nss-tools' } },
  { mark: '/etc/alpine-release', install: 'sudo apk add', packages: { certutil: 'nss-tools' } },
];

/** @returns a command, or null where the kind of system is not known */
export async function installCommand(files: Pick<FileSystem, 'stat'>, tool: HostTool): Promise<string | null> {
  for (const { mark, install, packages } of MANAGERS)
    if ((await files.stat(mark)) !== null) return `${install} ${packages[tool]}`;
  return null;
}
