/** May the user of the services read a project? */
import { sep } from 'node:path';
import type { System } from '../system/system.ts';

/** Whether the services' user can pass every folder on the way and read the last; another user may always own files in between. */
export async function isServable(system: System, path: string): Promise<boolean> {
  if (!system.host.isRoot) return true;
  const { uid, gid } = system.host.serviceUser;
  const allows = (stat: { mode: number; uid: number; gid: number }, bit: number): boolean =>
    (stat.mode & bit) !== 0 ||
    (stat.uid === uid && (stat.mode & (bit << 6)) !== 0) ||
    (stat.gid === gid && (stat.mode & (bit << 3)) !== 0);
  const parts = path.split(sep);
  for (let length = 2; length <= parts.length; length++) {
    const stat = await system.files.stat(parts.slice(0, length).join(sep));
    if (stat === null || (stat.type === 'directory' && !allows(stat, length === parts.length ? 0o004 : 0o001)))
      return false;
  }
  return true;
}
