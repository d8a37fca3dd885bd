/** Whose program is at the other end of a connection over loopback: proc(5), /proc/net/tcp. */
import { readFileSync } from 'node:fs';

/**
 * @param local our port; @param remote the port at the other end
 * @returns the user id of the program that opened the connection; null when it is gone, or the system does not tell
 */
export function ownerOfPeer(local: number, remote: number): number | null {
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
  }
  return null;
}

/** 127.0.0.1, as the kernel writes it on little-endian machines, also mapped into IPv6 (::ffff:127.0.0.1). */
const LOOPBACK = /^(?:0000000000000000FFFF0000)?0100007F$/;

/** @param table text of /proc/net/tcp or tcp6; each socket is in it from its own point of view */
export function ownerIn(table: string, local: number, remote: number): number | null {
  for (const line of table.split('\n').slice(1)) {
    const [, from = '', to = '', , , , , uid = ''] = line.trim().split(/\s+/);
    const [fromAddress = '', fromPort = ''] = from.split(':');
    const [toAddress = '', toPort = ''] = to.split(':');
    if (Number.parseInt(fromPort, 16) !== remote || Number.parseInt(toPort, 16) !== local) continue;
    if (LOOPBACK.test(fromAddress) && LOOPBACK.test(toAddress)) return Number(uid);
  }
  return null;
}
