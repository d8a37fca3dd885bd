/**
 * Paths below the folder in which the data really is, told by the address that stays: what is stored must be true after a move as well. A
 * caller that stands in a project sees the real folder, because getcwd(2) does.
 */
import { sep } from 'node:path';
import type { Handlers } from '../../contract/index.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { isInside } from './places.ts';
import { placeOf } from './plan-move.ts';

/** @param place real folder of the data */
export function toAddress(path: string, place: string, home: string): string {
  if (path === place) return home;
  return isInside(path, place) ? home + sep + path.slice(place.length + 1) : path;
}

/** Before a move: paths that someone gave by the real folder of before. */
export async function keepProjectAddresses({ stores, layout }: Kojibox, place: string): Promise<void> {
  const told = (path: string): string => toAddress(path, place, layout.home);
  if (place === layout.home) return;
  if (stores.projects.get().some(({ path }) => told(path) !== path))
    await stores.projects.update((all) => all.map((project) => ({ ...project, path: told(project.path) })));
  if (told(stores.app.get().projectsFolder) !== stores.app.get().projectsFolder)
    await stores.app.update((app) => ({ ...app, projectsFolder: told(app.projectsFolder) }));
}

/** The handlers that take a folder of someone's. */
export function withAddresses(handlers: Handlers, home: string): Handlers {
  const told = (path: string): string => toAddress(path, placeOf(home), home);
  return {
    ...handlers,
    'projects.detect': (input) => handlers['projects.detect']({ ...input, path: told(input.path) }),
    'projects.create': (input) => handlers['projects.create']({ ...input, path: told(input.path) }),
    'config.setProject': (project) => handlers['config.setProject']({ ...project, path: told(project.path) }),
    'projects.update': (patch) =>
      handlers['projects.update'](patch.path === undefined ? patch : { ...patch, path: told(patch.path) }),
    'programs.resolve': (input) =>
      handlers['programs.resolve'](input.folder === undefined ? input : { ...input, folder: told(input.folder) }),
    'programs.install': (input) =>
      handlers['programs.install'](input.folder === undefined ? input : { ...input, folder: told(input.folder) }),
  };
}
