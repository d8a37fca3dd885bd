/** The short folder for sockets. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { Layout } from '../layout.ts';
import type { System } from '../system/system.ts';
import { MAX_SOCKET_PATH_BYTES } from './prepare.ts';

/** The longest name in it; as root it is in a folder of the user that binds it. */
const LONGEST = '/.s.PGSQL.65535.lock';
const LONGEST_AS_ROOT = `/u4294967294${LONGEST}`;
const MAX_TRIES = 5;

/**
 * Finds, makes and checks the folder. It is the same in the next daemon, because services that run keep their sockets there. A place in
 * `/tmp` that another user took is not waited for: another name is.
 *
 * Rejects with SOCKET_PATH_TOO_LONG where no place is short enough, and with PERMISSION_DENIED where the one that was asked for is not ours.
 */
export async function ensureRunFolder(
  system: System,
  layout: Pick<Layout, 'home' | 'runPlace'>,
  homeDigest: string,
): Promise<string> {
  const { environment, serviceUser, isRoot } = system.host;
  const asked = environment['KOJIBOX_RUN_DIR'];
  if (asked) {
    if (await isOurs(system, asked)) return asked;
    throw new KojiboxError('PERMISSION_DENIED', `cannot use ${asked} for sockets`, {
      detail: 'it is not a folder of this user, or others may write there',
      source: 'services',
      remedy: 'Set KOJIBOX_RUN_DIR to another folder.',
    });
  }
  const fits = (folder: string): boolean =>
    new TextEncoder().encode(folder + (isRoot ? LONGEST_AS_ROOT : LONGEST)).length <= MAX_SOCKET_PATH_BYTES;
  const runtimeFolder = environment['XDG_RUNTIME_DIR'];
  const inTmp = join('/tmp', `kojibox-${serviceUser.uid}-${homeDigest}`);
  const remembered = (await system.files.readText(layout.runPlace))?.trim();
  const candidates = [
    join(layout.home, 'run'),
    ...(remembered === undefined || remembered === '' ? [] : [remembered]),
    // Only root can write in /run.
    ...(isRoot ? [`/run/kojibox-${homeDigest}`] : runtimeFolder ? [join(runtimeFolder, `kojibox-${homeDigest}`)] : []),
    inTmp,
  ].filter(fits);
  for (const folder of candidates) if (await isOurs(system, folder).catch(() => false)) return folder;
  for (let tries = 0; tries < MAX_TRIES && fits(`${inTmp}-00000000`); tries++) {
    const folder = `${inTmp}-${randomBytes(4).toString('hex')}`;
    if (!(await isOurs(system, folder))) continue;
    await system.files.writeAtomic(layout.runPlace, `${folder}\n`, { mode: 0o600 });
    return folder;
  }
  throw new KojiboxError('SOCKET_PATH_TOO_LONG', 'cannot find a folder for sockets', {
    detail: `${layout.home}/run and /tmp are too long, or belong to another user`,
    source: 'services',
  });
}

/** Makes it where nothing is. What is there already must be a folder of this user, not a link, and no other user may write there. */
async function isOurs({ files, host }: System, folder: string): Promise<boolean> {
  const former = await files.stat(folder);
  // The services' user had it in an earlier version.
  const users = host.isRoot ? [0, host.serviceUser.uid] : [host.serviceUser.uid];
  if (former !== null && (former.type !== 'directory' || !users.includes(former.uid))) return false;
  await files.makeDirectory(folder, host.isRoot ? { mode: 0o711, owner: { uid: 0, gid: 0 } } : { mode: 0o700 });
  const stat = await files.stat(folder);
  return stat?.type === 'directory' && stat.uid === (host.isRoot ? 0 : host.serviceUser.uid);
}
