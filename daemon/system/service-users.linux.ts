/** Users for what a root daemon runs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FileOwner } from '../../core/system/files.ts';

/** `nobody` of every Linux: the kernel's overflow user (user_namespaces(7)). */
const NOBODY: FileOwner = { uid: 65534, gid: 65534 };
/** The range that systemd gives to services without an account (DynamicUser= in systemd.exec(5)): distributions leave it free. */
const FREE_RANGE = { first: 61_184, last: 65_519 } as const;

/** Who called sudo; databases refuse to run as root, so root without sudo gets `nobody`. */
export function sudoUser(environment: Readonly<Record<string, string | undefined>>): FileOwner {
  const uid = Number(environment['SUDO_UID'] ?? 0);
  const gid = Number(environment['SUDO_GID'] ?? 0);
  return Number.isInteger(uid) && uid > 0 && Number.isInteger(gid) && gid > 0 ? { uid, gid } : NOBODY;
}

/**
 * A user that runs the edge of this home and nothing else, so that no project's code can end it, look into it or read what is meant for it.
 * It needs no account. Beside sudo the edge stays with the user who called it, because it must read that user's projects.
 *
 * @returns the services' user where the system has no such number (a user namespace with few users)
 */
export function edgeUserOf(home: string, services: FileOwner, files: UserFiles = systemUserFiles): FileOwner {
  if (services.uid !== NOBODY.uid) return services;
  const size = FREE_RANGE.last - FREE_RANGE.first + 1;
  const start = createHash('sha256').update(home).digest().readUInt32BE(0) % size;
  const taken = new Set([...numbersOf(files.passwd()), ...numbersOf(files.group())]);
  for (let step = 0; step < size; step++) {
    const id = FREE_RANGE.first + ((start + step) % size);
    if (taken.has(id)) continue;
    return [files.uidMap(), files.gidMap()].every((map) => isMapped(map, id)) ? { uid: id, gid: id } : services;
  }
  return services;
}

/** Texts of the files that say which users there are. */
export interface UserFiles {
  passwd(): string;
  group(): string;
  uidMap(): string;
  gidMap(): string;
}

const textOf = (file: string) => (): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // A system without the file has no such users.
  }
};
const systemUserFiles: UserFiles = {
  passwd: textOf('/etc/passwd'),
  group: textOf('/etc/group'),
  uidMap: textOf('/proc/self/uid_map'),
  gidMap: textOf('/proc/self/gid_map'),
};

/** Third field of passwd(5) and group(5). */
const numbersOf = (text: string): number[] => text.split('\n').map((line) => Number(line.split(':')[2] ?? NaN));

/** Lines of "first number inside, first outside, how many" (user_namespaces(7)). */
const isMapped = (map: string, id: number): boolean =>
  map.split('\n').some((line) => {
    const [first = NaN, , count = 0] = line.trim().split(/\s+/).map(Number);
    return id >= first && id < first + count;
  });
