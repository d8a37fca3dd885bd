/** Accounts of this machine: whose home folder a program gets. */
import type { FileOwner } from './files.ts';
import type { System } from './system.ts';

export interface Account {
  readonly name: string;
  /** Absolute; exists. */
  readonly home: string;
}

/**
 * The account of a user id, from /etc/passwd (passwd(5)), then from the name services, which know users of a directory server.
 * Null when there is none, or when its home folder does not exist: `nobody` has none.
 */
export async function accountOf(
  system: Pick<System, 'files' | 'processes' | 'host'>,
  uid: number,
): Promise<Account | null> {
  const { files, host } = system;
  const found = accountIn(await tableFor(system, uid), uid);
  // HOME of the daemon is what its user has chosen.
  const isOwn = !host.isRoot && uid === host.serviceUser.uid;
  const account = isOwn
    ? { name: found?.name ?? host.environment['USER'] ?? String(uid), home: host.homeDirectory }
    : found;
  if (account === null || (await files.stat(account.home))?.type === undefined) return null;
  return account;
}

/** Main group of a user; null for one without an account. */
export const mainGroupOf = async (system: Pick<System, 'files' | 'processes'>, uid: number): Promise<number | null> =>
  groupIn(await tableFor(system, uid), uid);

/** Lines of passwd(5) in which the user is, where it is known at all. */
async function tableFor({ files, processes }: Pick<System, 'files' | 'processes'>, uid: number): Promise<string> {
  const local = (await files.readText('/etc/passwd').catch(() => null)) ?? '';
  if (groupIn(local, uid) !== null) return local;
  return (
    processes
      .run('getent', ['passwd', String(uid)], { env: { PATH: '/usr/bin:/bin' }, timeoutMs: 5000 })
      .then(({ stdout }) => stdout)
      // No such program on this system: then the daemon's own user is all that is known.
      .catch(() => '')
  );
}

/** @param table as for {@link accountIn} */
export function groupIn(table: string, uid: number): number | null {
  for (const line of table.split('\n')) {
    const [, , id = '', group = ''] = line.split(':');
    if (id === String(uid) && /^\d+$/.test(group)) return Number(group);
  }
  return null;
}

/** The same for who runs something; null: the services' user. */
export const accountOfUser = (
  system: Pick<System, 'files' | 'processes' | 'host'>,
  user: FileOwner | null,
): Promise<Account | null> => accountOf(system, (user ?? system.host.serviceUser).uid);

/** @param table lines of `name:password:uid:gid:comment:home:shell` */
export function accountIn(table: string, uid: number): Account | null {
  for (const line of table.split('\n')) {
    const [name = '', , id = '', , , home = ''] = line.split(':');
    if (name !== '' && id === String(uid) && home.startsWith('/')) return { name, home };
  }
  return null;
}
