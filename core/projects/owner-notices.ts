/** Tells of projects whose code cannot write in their own folder, because the daemon and the folder are root's. */
import type { ProjectConfig } from '../../contract/config.ts';
import { noticeText } from '../../contract/notices.ts';
import type { Notices } from '../notices.ts';
import type { System } from '../system/system.ts';
import type { ProjectOwners } from './owners.ts';

/** Stacks whose code runs on this machine as a program of its own. */
const RUNS_CODE: ReadonlySet<ProjectConfig['stack']> = new Set(['php', 'node', 'program']);

export const foldersOfRoot = (projects: readonly ProjectConfig[], owners: ProjectOwners): ProjectConfig[] =>
  projects.filter((project) => RUNS_CODE.has(project.stack) && owners.isForeign(project));

/** Adds a notice for each of them, and takes back those that hold no longer. */
export function createOwnerNotices(
  { host }: Pick<System, 'host'>,
  owners: ProjectOwners,
  notices: Pick<Notices, 'add' | 'drop'>,
): (projects: readonly ProjectConfig[]) => Promise<void> {
  let told: ReadonlySet<string> = new Set();
  const topic = (id: string): string => `folder-of-root:${id}`;
  return async (projects) => {
    await owners.look(projects);
    const found = foldersOfRoot(projects, owners);
    for (const { id, name, path } of found)
      notices.add(noticeText('folderOfRoot', { project: name, user: host.serviceUser.uid, path }), topic(id));
    const now = new Set(found.map(({ id }) => id));
    for (const id of told) if (!now.has(id)) notices.drop(topic(id));
    told = now;
  };
}
