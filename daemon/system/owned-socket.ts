/**
 * Connections of a root daemon to sockets in folders of other users. Such a user may put a link in the place of its socket: root would then
 * talk to a program that this user may not reach. As `edge/fastcgi/owned-socket.ts`, which shares no module with the daemon.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { dirname } from 'node:path';

/** Of open(2); `node:fs` does not name it. The same number on x86-64 and ARM64 (asm-generic/fcntl.h). */
const O_PATH = 0x20_0000;

/** Connects as `node:net` does. A link, and a socket of another user than the owner of its folder, are an error of the connection. */
export function connectToOwned(path: string): Socket {
  let opened: number | null;
  try {
    opened = openForeignSocket(path);
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
  if (opened === null) return connect({ path });
  try {
    // The very socket that was looked at, whatever has its name by now. connect(2) is called before this returns.
    return connect({ path: `/proc/self/fd/${opened}` });
  } finally {
    closeSync(opened);
  }
}

/**
 * Only as root, and so only on Linux, do services run as other users than the edge.
 *
 * @returns null where only root or this user could have put something else in its place. Throws what the system says, or EPERM
 */
function openForeignSocket(path: string): number | null {
  const { uid } = lstatSync(dirname(path));
  if (uid === 0 || uid === process.getuid?.()) return null;
  const opened = openSync(path, O_PATH | constants.O_NOFOLLOW);
  const found = fstatSync(opened);
  if (found.isSocket() && found.uid === uid) return opened;
  closeSync(opened);
  throw Object.assign(new Error(`${path} is not the socket of user ${uid}, who owns its folder`), { code: 'EPERM' });
}
