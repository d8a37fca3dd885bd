/** Who listens on a TCP port: /proc/net/tcp gives the socket's inode, /proc/PID/fd the process that holds it; see proc(5). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { PortHolder } from '../../core/system/network.ts';
import { allPids, describe } from './process-facts.linux.ts';

const LISTEN = '0A';

/** Inodes of the sockets that listen on the port, any address. */
function listeningInodes(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(table, 'latin1');
    } catch {
      continue; // A kernel without IPv6 has no tcp6.
    }
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === LISTEN && fields[1]?.endsWith(`:${wanted}`) === true) inodes.add(fields[9] ?? '');
    }
  }
  return inodes;
}

export const isListening = (port: number): boolean => listeningInodes(port).size > 0;

export async function holderOf(port: number): Promise<PortHolder | null> {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return null;
  for (const pid of allPids()) {
    if (!holdsSocket(pid, inodes)) continue;
    return { pid, description: `process ${pid} (${(await describe(pid)) ?? 'unnamed'})` };
  }
  return { pid: null, description: "another user's process" };
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  let descriptors: string[];
  try {
    descriptors = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return false; // Gone, or another user's.
  }
  return descriptors.some((descriptor) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false; // Closed meanwhile.
    }
  });
}
