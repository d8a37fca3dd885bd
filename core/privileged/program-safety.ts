/** Whether a program may be started as root: no one but root and the user who asks may be able to change it. Pure. */

export interface PathOwner {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits with the sticky bit. */
  readonly mode: number;
}

const WORLD_WRITABLE = 0o002;
const GROUP_WRITABLE = 0o020;
const STICKY = 0o1000;

/**
 * @param chain the program and every folder above it
 * @param user who asks; a group of their own with the same number may write (user private groups)
 * @returns what is wrong, or null
 */
export function unsafeProgram(
  chain: readonly PathOwner[],
  user: { readonly uid: number; readonly gid: number },
): string | null {
  for (const { path, uid, gid, mode } of chain) {
    if (uid !== 0 && uid !== user.uid) return `${path} belongs to another user (${uid})`;
    // In a folder with the sticky bit no one can replace what belongs to others: /tmp.
    if ((mode & WORLD_WRITABLE) !== 0 && (mode & STICKY) === 0) return `everybody may write to ${path}`;
    if ((mode & GROUP_WRITABLE) !== 0 && (mode & STICKY) === 0 && gid !== 0 && gid !== user.gid)
      return `group ${gid} may write to ${path}`;
  }
  return null;
}
