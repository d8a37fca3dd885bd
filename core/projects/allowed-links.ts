/** Folders outside of a project into which links of its document root may lead: the setting ALLOWED_LINKS. Real paths count. */
import { resolve, sep } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import type { FileSystem } from '../system/files.ts';
import { isInside } from './place.ts';

export interface LinkOptions {
  readonly files: Pick<FileSystem, 'realPath' | 'stat'>;
  /** Kojibox's own folder with keys, passwords and databases. */
  readonly home: string;
}

/** Several are separated by colons, as in PATH; a relative one begins at the folder of the project. */
function listed(project: ProjectConfig): string[] {
  const folders = (project.overrides['ALLOWED_LINKS'] ?? '').split(':').map((folder) => folder.trim());
  return folders.filter((folder) => folder !== '');
}

/** The real path; null when it is not a folder, holds or lies in Kojibox's own, or is hidden. */
async function usable(project: ProjectConfig, folder: string, { files, home }: LinkOptions): Promise<string | null> {
  const base = (await files.realPath(project.path)) ?? project.path;
  const real = await files.realPath(resolve(base, folder));
  if (real === null || (await files.stat(real))?.type !== 'directory') return null;
  const realHome = (await files.realPath(home)) ?? home;
  if (isInside(realHome, real) || isInside(real, realHome)) return null;
  return real.split(sep).some((part) => part.startsWith('.')) ? null : real;
}

/** @returns the first entry that cannot be allowed; null when all can */
export async function findClosedLink(project: ProjectConfig, options: LinkOptions): Promise<string | null> {
  for (const folder of listed(project)) if ((await usable(project, folder, options)) === null) return folder;
  return null;
}

/** The folder of the project and what else is allowed. Asked each time: a folder may have become a link since it was allowed. */
export async function linkFoldersOf(project: ProjectConfig, options: LinkOptions): Promise<string[]> {
  const others = await Promise.all(listed(project).map((folder) => usable(project, folder, options)));
  const own = (await options.files.realPath(project.path)) ?? project.path;
  return [own, ...others.filter((folder) => folder !== null)];
}
