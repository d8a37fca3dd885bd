/** Where this user's home is, and what its daemon has written there about itself. */
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { DaemonFileSchema, type DaemonFile } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { daemonFileIn, resolveHome } from '../../contract/home.ts';

/** Absolute path of the home that the environment of this process names. */
export function homeFolder(): string {
  return resolve(
    resolveHome({
      environment: process.env,
      platform: process.platform,
      isRoot: process.getuid?.() === 0,
      userHome: homedir(),
    }),
  );
}

/**
 * The daemon's own record, or null when there is none (or it is not readable as one).
 * Throws PERMISSION_DENIED when it belongs to another user.
 * @param source who asks, for the error
 */
export function readDaemonFile(home: string, source: string): DaemonFile | null {
  try {
    return DaemonFileSchema.parse(JSON.parse(readFileSync(daemonFileIn(home), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new KojiboxError('PERMISSION_DENIED', 'cannot read how to reach the daemon', {
        detail: `${daemonFileIn(home)} belongs to another user`,
        source,
        remedy: 'Run Kojibox as the user who started it, or set KOJIBOX_HOME to a folder of your own.',
      });
    }
    return null; // No daemon, or a file that a dying daemon left behind: whether it answers decides.
  }
}

/**
 * The daemon's socket, once it is known to be one of who wrote `app/daemon.json`: a file in a folder of that user proves the listener, which a
 * port of loopback does not. Throws PERMISSION_DENIED for one of another user, and what the system says where there is none.
 * @param source who asks, for the error
 */
export function ownSocket(home: string, { socket }: DaemonFile, source: string): string {
  const [found, file] = [lstatSync(socket), lstatSync(daemonFileIn(home))];
  if (found.isSocket() && found.uid === file.uid) return socket;
  throw new KojiboxError('PERMISSION_DENIED', 'cannot use the socket of the daemon', {
    detail: `${socket} is not one of the user who started the daemon (${file.uid})`,
    source,
    remedy: 'Remove it, and start the daemon again.',
  });
}

/** Throws HOME_MISSING when the address leads to a folder that is not there: a disk that is not connected. */
export function assertHomeIsThere(home: string, source: string): void {
  if (lstatSync(home, { throwIfNoEntry: false })?.isSymbolicLink() !== true || existsSync(home)) return;
  throw new KojiboxError('HOME_MISSING', 'cannot open the data folder', {
    detail: `${home} leads to ${readlinkSync(home)}, which is not there`,
    source,
  });
}
