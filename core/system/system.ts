/** Everything that core needs of the world, in one value. The daemon gives the real one, tests their own. */
import type { Clock } from './clock.ts';
import type { FileOwner, FileSystem } from './files.ts';
import type { Logger } from './logger.ts';
import type { Network } from './network.ts';
import type { PackedFiles } from './packed-files.ts';
import type { Processes } from './processes.ts';

export interface HostFacts {
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'x64' | 'arm64' | string;
  readonly isRoot: boolean;
  /** Who runs databases, and PHP of folders that belong to root: this user, or, when root, the user who called sudo, else 65534. */
  readonly serviceUser: FileOwner;
  /** Who the edge becomes when the daemon is root: a user of its own where there is one. Else the same as `serviceUser`. */
  readonly edgeUser: FileOwner;
  readonly homeDirectory: string;
  /** `/etc/hosts`, or KOJIBOX_HOSTS_FILE. */
  readonly hostsFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface System {
  readonly clock: Clock;
  readonly files: FileSystem;
  readonly packed: PackedFiles;
  readonly processes: Processes;
  readonly network: Network;
  readonly host: HostFacts;
  readonly log: Logger;
}
