/** May those who serve a project read it? */
import { sep } from 'node:path';
import type { FileOwner, FileStat } from '../system/files.ts';
import type { System } from '../system/system.ts';
import { ownerOfNew } from './owners.ts';

/** Whether the edge and the user who runs the project's code can pass every folder on the way and read the last; others may own folders in between. */
export async function isServable(system: System, path: string): Promise<boolean> {
  const owner = await ownerOfNew(system, path);
  if (owner === null) return true;
  const users = [owner, system.host.edgeUser];
  const parts = path.split(sep);
  for (let length = 2; length <= parts.length; length++) {
    const stat = await system.files.stat(parts.slice(0, length).join(sep));
    if (stat === null) return false;
    const bit = length === parts.length ? 0o004 : 0o001;
    if (stat.type === 'directory' && !users.every((user) => allows(stat, user, bit))) return false;
  }
  return true;
}

const allows = (stat: FileStat, { uid, gid }: FileOwner, bit: number): boolean =>
  (stat.mode & bit) !== 0 ||
  (stat.uid === uid && (stat.mode & (bit << 6)) !== 0) ||
  (stat.gid === gid && (stat.mode & (bit << 3)) !== 0);
