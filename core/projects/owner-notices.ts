/** Who runs the code of the projects, and what is said of those whose code cannot write in their own folder: it belongs to root. */
import type { ProjectConfig } from '../../contract/config.ts';
import { noticeText } from '../../contract/notices.ts';
import type { Notices } from '../notices.ts';
import type { FileOwner } from '../system/files.ts';
import { createProjectOwners, type OwnerSystem } from './owners.ts';

/** Stacks whose code runs on this machine as a program of its own. */
const RUNS_CODE: ReadonlySet<ProjectConfig['stack']> = new Set(['php', 'node', 'program']);

export interface FolderOwners {
  /** As it was when the folders were looked at. Undefined: the services' user. */
  of(project: Pick<ProjectConfig, 'path'>): FileOwner | undefined;
  /** Looks at the folders of all projects, adds a notice for each whose code cannot write, and takes back those that hold no longer. */
  look(): Promise<void>;
  /** Projects whose code cannot write, as it is now. */
  foldersOfRoot(): Promise<ProjectConfig[]>;
  /** Number of the user that runs a project's code without the right to write in its folder; null: it may, or there is no code. */
  userWithoutFolder(project: ProjectConfig): Promise<number | null>;
}

export function createFolderOwners(
  system: OwnerSystem,
  notices: Pick<Notices, 'add' | 'drop'>,
  projects: () => readonly ProjectConfig[],
): FolderOwners {
  const owners = createProjectOwners(system);
  const reader = system.host.serviceUser.uid;
  const ofRoot = (all: readonly ProjectConfig[]): ProjectConfig[] =>
    all.filter((project) => RUNS_CODE.has(project.stack) && owners.isForeign(project));
  const topic = (id: string): string => `folder-of-root:${id}`;
  let told: ReadonlySet<string> = new Set();
  const look = async (): Promise<void> => {
    await owners.look(projects());
    const found = ofRoot(projects());
    for (const { id, name, path } of found)
      notices.add(noticeText('folderOfRoot', { project: name, user: reader, path }), topic(id));
    const now = new Set(found.map(({ id }) => id));
    for (const id of told) if (!now.has(id)) notices.drop(topic(id));
    told = now;
  };
  return {
    of: (project) => owners.of(project),
    look,
    async foldersOfRoot() {
      await look();
      return ofRoot(projects());
    },
    async userWithoutFolder(project) {
      await owners.look([project]);
      return ofRoot([project]).length > 0 ? reader : null;
    },
  };
}
