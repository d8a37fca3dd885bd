/**
 * What a project may reach: a folder outside of Kojibox's own, and a document root inside of that folder. The one place where it is decided;
 * real paths count, so that no link leads around it.
 */
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { FileSystem } from '../system/files.ts';

export interface PlaceCheck {
  /** Rejects with VALIDATION_FAILED for a folder in or above the home; one that does not exist yet is judged by where it would be. */
  assertPath(path: string): Promise<void>;
  /** The same for its folder and its document root. */
  assertProject(project: ProjectConfig): Promise<void>;
}

/** Whether a path is a folder or lies in it; both with links resolved. */
export const isInside = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
};

/**
 * @param options.home folder with the keys, passwords and databases
 * @param options.projects folder in the home that is meant for projects
 */
export function createPlaceCheck(options: {
  readonly files: Pick<FileSystem, 'realPath'>;
  readonly home: string;
  readonly projects: string;
}): PlaceCheck {
  const { files } = options;

  /** The path with all links resolved, also where its end is not there yet. */
  const realOf = async (path: string): Promise<string> => {
    const missing: string[] = [];
    for (let folder = path; ; folder = dirname(folder)) {
      const real = await files.realPath(folder);
      if (real !== null) return join(real, ...missing);
      if (folder === dirname(folder)) return path;
      missing.unshift(relative(dirname(folder), folder));
    }
  };

  const refuse = (detail: string, field: string, remedy: string): KojiboxError =>
    new KojiboxError('VALIDATION_FAILED', 'Invalid project path', { detail, source: 'config', field, remedy });

  const assertOutside = async (path: string, field: string): Promise<void> => {
    const [real, home, projects] = [await realOf(path), await realOf(options.home), await realOf(options.projects)];
    const isOwn = isInside(real, home) && !isInside(real, projects);
    const isAbove = isInside(home, real);
    if (!isOwn && !isAbove) return;
    throw refuse(
      isAbove
        ? `${path} contains the data folder of Kojibox, ${home}, with its keys and passwords`
        : `${path} lies in the data folder of Kojibox, ${home}, which holds keys and passwords`,
      field,
      `Choose a folder outside of it, or one in ${options.projects}.`,
    );
  };

  return {
    assertPath: (path) => assertOutside(path, 'path'),

    async assertProject({ path, overrides }) {
      await assertOutside(path, 'path');
      const wanted = overrides['DOCUMENT_ROOT'];
      if (wanted !== undefined) {
        const root = await realOf(join(await realOf(path), wanted));
        if (!isInside(root, await realOf(path)))
          throw refuse(
            `the document root ${root} is outside of the folder of the project, ${path}`,
            'overrides.DOCUMENT_ROOT',
            'Give a folder inside of the project, or make that folder the one of the project.',
          );
        await assertOutside(root, 'overrides.DOCUMENT_ROOT');
      }
    },
  };
}
