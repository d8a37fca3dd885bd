/** Whose the folders of the projects are: when the daemon is root, a project's code runs as the user who owns its folder. */
import type { ProjectConfig } from '../../contract/config.ts';
import type { FileOwner } from '../system/files.ts';
import { mainGroupOf } from '../system/accounts.ts';
import type { System } from '../system/system.ts';

export type OwnerSystem = Pick<System, 'files' | 'processes' | 'host'>;

export interface ProjectOwners {
  /** Undefined: the services' user, because the daemon is not root, or because the folder belongs to root or to that user. */
  of(project: Pick<ProjectConfig, 'path'>): FileOwner | undefined;
  /** Whether the code of this folder runs as a user who does not own it. */
  isForeign(project: Pick<ProjectConfig, 'path'>): boolean;
  /** Looks at the folders again. Call it before anything is planned. */
  look(projects: readonly Pick<ProjectConfig, 'path'>[]): Promise<void>;
}

export function createProjectOwners(system: OwnerSystem): ProjectOwners {
  const { files, host } = system;
  const known = new Map<string, { readonly user: FileOwner | undefined; readonly isForeign: boolean }>();
  return {
    of: ({ path }) => known.get(path)?.user,
    isForeign: ({ path }) => known.get(path)?.isForeign === true,
    async look(projects) {
      if (!host.isRoot) return;
      for (const { path } of projects) {
        const uid = await ownerOf(files, path);
        const user =
          uid === null || uid === 0 || uid === host.serviceUser.uid ? undefined : await userWith(uid, system);
        known.set(path, { user, isForeign: uid === 0 });
      }
    },
  };
}

/** Who new files at a place belong to: who owns the nearest folder that is there, and the services' user where that is root. */
export async function ownerOfNew(system: OwnerSystem, path: string): Promise<FileOwner | null> {
  const { files, host } = system;
  if (!host.isRoot) return null;
  for (let folder = path; ; folder = folder.replace(/\/[^/]*$/, '') || '/') {
    const uid = await ownerOf(files, folder);
    if (uid !== null) return uid === 0 ? host.serviceUser : userWith(uid, system);
  }
}

async function ownerOf(files: System['files'], path: string): Promise<number | null> {
  const real = await files.realPath(path);
  return real === null ? null : ((await files.stat(real))?.uid ?? null);
}

/** A user without an account has a group of the same number, as is usual. */
const userWith = async (uid: number, system: OwnerSystem): Promise<FileOwner> => ({
  uid,
  gid: (await mainGroupOf(system, uid)) ?? uid,
});
