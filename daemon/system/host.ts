/** Facts of the machine and of the user who runs the daemon. */
import { homedir } from 'node:os';
import type { HostFacts } from '../../core/system/system.ts';
import { edgeUserOf, sudoUser } from './service-users.linux.ts';

export function readHostFacts(home: string, environment: Readonly<Record<string, string | undefined>>): HostFacts {
  const uid = process.getuid?.() ?? -1;
  const isRoot = uid === 0;
  const serviceUser = isRoot ? sudoUser(environment) : { uid, gid: process.getgid?.() ?? -1 };
  return {
    os: process.platform === 'win32' ? 'windows' : process.platform === 'darwin' ? 'darwin' : 'linux',
    arch: process.arch,
    isRoot,
    serviceUser,
    edgeUser: isRoot ? edgeUserOf(home, serviceUser) : serviceUser,
    homeDirectory: homedir(),
    hostsFile:
      environment['KOJIBOX_HOSTS_FILE'] ||
      (process.platform === 'win32'
        ? `${environment['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
        : '/etc/hosts'),
    environment,
  };
}
