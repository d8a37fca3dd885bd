/** What a project needs before it can start and does not have: packages that its lists name, and its settings. */
import { dirname, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { MissingPart } from '../../contract/projects.ts';
import type { FileSystem } from '../system/files.ts';
import { viewFolder, type FolderView } from './folder-view.ts';

interface Lists {
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly require?: object;
  readonly config?: { readonly 'vendor-dir'?: unknown };
}

/** @param folder absolute, links resolved */
export async function findMissing(files: FileSystem, folder: string): Promise<MissingPart[]> {
  const view = viewFolder(files, folder);
  const [modules, vendor, settings] = await Promise.all([
    lacksModules(files, folder, view),
    lacksVendor(view),
    lacksSettings(view),
  ]);
  return [
    ...(modules ? ['node_modules' as const] : []),
    ...(vendor ? ['vendor' as const] : []),
    ...(settings ? ['.env' as const] : []),
  ];
}

async function lacksModules(files: FileSystem, folder: string, view: FolderView): Promise<boolean> {
  const list = await view.json<Lists>('package.json');
  if (list === null || namesOf(list.dependencies, list.devDependencies).length === 0) return false;
  if (await view.anyOf(['node_modules', '.pnp.cjs', '.pnp.loader.mjs'])) return false;
  // The packages of a workspace lie in the folder around it.
  for (let around = dirname(folder); around !== dirname(around); around = dirname(around))
    if ((await files.stat(join(around, 'node_modules'))) !== null) return false;
  return true;
}

async function lacksVendor(view: FolderView): Promise<boolean> {
  const list = await view.json<Lists>('composer.json');
  // PHP itself and its extensions are no packages.
  if (list === null || namesOf(list.require).every((name) => !name.includes('/'))) return false;
  const folder = list.config?.['vendor-dir'];
  return !(await view.has(`${typeof folder === 'string' ? folder : 'vendor'}/autoload.php`));
}

/** Laravel does not start without its key, which is in there. */
const lacksSettings = async (view: FolderView): Promise<boolean> =>
  (await view.has('artisan')) && (await view.has('.env.example')) && !(await view.has('.env'));

const namesOf = (...lists: readonly (object | undefined)[]): string[] =>
  lists.flatMap((list) => (typeof list === 'object' ? Object.keys(list) : []));

/** Rejects with START_FAILED, and the cure, when packages of a program are missing. @param id of the project */
export async function assertComplete(
  files: FileSystem,
  project: { id: string; name: string; path: string },
): Promise<void> {
  const missing = (await findMissing(files, project.path)).filter((part) => part !== '.env');
  if (missing.length === 0) return;
  throw new KojiboxError('START_FAILED', `cannot start ${project.name}`, {
    detail:
      missing.length === 1
        ? `${missing.join('')} is missing in ${project.path}`
        : `${missing.join(', ')} are missing in ${project.path}`,
    source: 'services',
    remedy: `Install what it needs: koji project install ${project.id}`,
  });
}

/** Commands that bring what is missing, in their order; programs of the project's own package manager. */
export async function installCommands(files: FileSystem, folder: string): Promise<string[][]> {
  const view = viewFolder(files, folder);
  const missing = await findMissing(files, folder);
  const commands: string[][] = [];
  if (missing.includes('vendor')) commands.push(['composer', 'install', '--no-interaction', '--no-progress']);
  if (missing.includes('node_modules')) commands.push(await modulesCommand(view));
  return commands;
}

/** corepack(1) comes with Node and brings the version that the project names. */
async function modulesCommand(view: FolderView): Promise<string[]> {
  if (await view.has('pnpm-lock.yaml')) return ['corepack', 'pnpm', 'install'];
  if (await view.has('yarn.lock')) return ['corepack', 'yarn', 'install'];
  if (await view.anyOf(['bun.lock', 'bun.lockb'])) return ['bun', 'install'];
  return ['npm', 'install', '--no-fund', '--no-audit'];
}
