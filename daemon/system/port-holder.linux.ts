/** Who listens on a TCP port: /proc/net/tcp gives the socket's inode, /proc/PID/fd the process that holds it; see proc(5). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { PortHolder } from '../../core/system/network.ts';
import { allPids, describe, familiesOf, programOf } from './process-facts.linux.ts';
import { sayPort } from '../../contract/sentences/ports.ts';

const LISTEN = '0A';

/** Sockets that listen, any address. */
function listeningSockets(): { readonly host: string; readonly port: number; readonly inode: string }[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => {
    let text: string;
    try {
      text = readFileSync(table, 'latin1');
    } catch {
      return []; // A kernel without IPv6 has no tcp6.
    }
    return text.split('\n').flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [host = '', port = ''] = (fields[1] ?? '').split(':');
      return fields[3] === LISTEN ? [{ host: addressOf(host), port: parseInt(port, 16), inode: fields[9] ?? '' }] : [];
    });
  });
}

/** The kernel writes words of 32 bits in the order of the machine, which is little-endian wherever Kojibox runs. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  const long = groups.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::');
  return `[${long}]`;
}

const listeningInodes = (port: number): Set<string> =>
  new Set(listeningSockets().flatMap((socket) => (socket.port === port ? [socket.inode] : [])));

export const isListening = (port: number): boolean => listeningInodes(port).size > 0;

export async function holderOf(port: number): Promise<PortHolder | null> {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return null;
  for (const pid of allPids()) {
    if (!holdsSocket(pid, inodes)) continue;
    return {
      pid,
      program: programOf(pid),
      description: sayPort('described', { pid, command: (await describe(pid)) ?? sayPort('unnamed') }),
    };
  }
  return { pid: null, program: null, description: sayPort('otherUser') };
}

/** Where these processes, with their groups and all that descend from them, listen; IPv6 addresses stand in brackets. */
export function listeningAddresses(pids: readonly number[]): { readonly host: string; readonly port: number }[] {
  const sockets = listeningSockets();
  const members = [...familiesOf(pids).values()].flat();
  const held = new Set(members.flatMap(({ pid }) => socketsOf(pid)));
  return sockets.filter(({ inode }) => held.has(inode));
}

export function listeningPorts(pids: readonly number[]): Promise<number[]> {
  const ports = new Set(listeningAddresses(pids).map(({ port }) => port));
  return Promise.resolve([...ports].sort((a, b) => a - b));
}

const holdsSocket = (pid: number, inodes: ReadonlySet<string>): boolean =>
  socketsOf(pid).some((inode) => inodes.has(inode));

/** Inodes of the sockets that a process has open. */
function socketsOf(pid: number): string[] {
  let descriptors: string[];
  try {
    descriptors = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return []; // Gone, or another user's.
  }
  return descriptors.flatMap((descriptor) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.slice(1) ?? [];
    } catch {
      return []; // Closed in the meantime.
    }
  });
}
