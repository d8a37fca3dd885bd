/** Whose program is at the other end of a connection over loopback: proc(5), /proc/net/tcp. */
import { readFileSync } from 'node:fs';

/** No program has that end of the connection open any more. */
const GONE = -1;

/**
 * @param local our port; @param remote the port at the other end
 * @returns the user id of the program that opened the connection; -1 when it is gone; null when the system does not tell
 */
export function ownerOfPeer(local: number, remote: number): number | null {
  let told: number | null = null;
  // A browser may have opened it as an IPv6 socket with a mapped address.
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(table, 'utf8');
    } catch {
      continue; // No IPv6 here, or no procfs.
    }
    const owner = ownerIn(text, local, remote);
    if (owner !== null) return owner;
    told = GONE;
  }
  return told;
}

/** 127.0.0.1, as the kernel writes it on little-endian machines, also mapped into IPv6 (::ffff:127.0.0.1), and ::1. */
const LOOPBACK = /^(?:(?:0000000000000000FFFF0000)?0100007F|00000000000000000000000001000000)$/;

/**
 * @param table text of /proc/net/tcp or tcp6; each socket is in it from its own point of view
 * @returns null when it is not in it
 */
export function ownerIn(table: string, local: number, remote: number): number | null {
  for (const line of table.split('\n').slice(1)) {
    const [, from = '', to = '', , , , , uid = '', , inode = '0'] = line.trim().split(/\s+/);
    const [fromAddress = '', fromPort = ''] = from.split(':');
    const [toAddress = '', toPort = ''] = to.split(':');
    if (Number.parseInt(fromPort, 16) !== remote || Number.parseInt(toPort, 16) !== local) continue;
    // One that was closed has no inode, and user 0 stands there, whoever it was (get_tcp4_sock and get_timewait4_sock of tcp_ipv4.c).
    if (LOOPBACK.test(fromAddress) && LOOPBACK.test(toAddress)) return inode === '0' ? GONE : Number(uid);
  }
  return null;
}
