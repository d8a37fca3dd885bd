/** Facts of the machine and of the user who runs the daemon. */
import { homedir } from 'node:os';
import type { FileOwner } from '../../core/system/files.ts';
import type { HostFacts } from '../../core/system/system.ts';
import { readDistribution } from './distribution.ts';

/** `nobody` of every Linux: the kernel's overflow user (user_namespaces(7)). */
const NOBODY: FileOwner = { uid: 65534, gid: 65534 };

export function readHostFacts(environment: Readonly<Record<string, string | undefined>>): HostFacts {
  const uid = process.getuid?.() ?? -1;
  const isRoot = uid === 0;
  return {
    os: process.platform === 'win32' ? 'windows' : process.platform === 'darwin' ? 'darwin' : 'linux',
    arch: process.arch,
    distribution: readDistribution()?.family ?? null,
    isRoot,
    serviceUser: isRoot ? sudoUser(environment) : { uid, gid: process.getgid?.() ?? -1 },
    homeDirectory: homedir(),
    hostsFile:
      environment['KOJIBOX_HOSTS_FILE'] ||
      (process.platform === 'win32'
        ? `${environment['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
        : '/etc/hosts'),
    environment,
  };
}

/** Who called sudo; databases refuse to run as root, so root without sudo gets `nobody`. */
function sudoUser(environment: Readonly<Record<string, string | undefined>>): FileOwner {
  const uid = Number(environment['SUDO_UID'] ?? 0);
  const gid = Number(environment['SUDO_GID'] ?? 0);
  return Number.isInteger(uid) && uid > 0 && Number.isInteger(gid) && gid > 0 ? { uid, gid } : NOBODY;
}
