/** What a project needs before it can start and does not have: packages that its lists name, and its settings. Reads a few files, runs nothing. */
import { dirname, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { hasProgram, type ProjectConfig } from '../../contract/config.ts';
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
  const [modules, vendor, python, settings] = await Promise.all([
    lacksModules(files, folder, view),
    lacksVendor(view),
    lacksPython(view),
    lacksSettings(view),
  ]);
  return [
    ...(modules ? ['node_modules' as const] : []),
    ...(vendor ? ['vendor' as const] : []),
    ...(python ? ['.venv' as const] : []),
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

/** A list of packages, and no environment of the project's own. The packages may be in the system: this alone stops no program. */
async function lacksPython(view: FolderView): Promise<boolean> {
  if (await view.anyOf(['.venv', 'venv', 'env', '.conda', '__pypackages__'])) return false;
  if (await view.anyOf(['requirements.txt', 'uv.lock', 'poetry.lock', 'Pipfile'])) return true;
  return /^dependencies\s*=\s*\[\s*["']/m.test((await view.text('pyproject.toml')) ?? '');
}

const lacksSettings = async (view: FolderView): Promise<boolean> =>
  (await exampleOf(view)) !== null && !(await view.has('.env'));

/** The file that a project gives as a pattern for its `.env`. */
export async function exampleOf(view: FolderView): Promise<string | null> {
  for (const name of ['.env.example', '.env.sample', '.env.dist']) if (await view.has(name)) return name;
  return null;
}

const namesOf = (...lists: readonly (object | undefined)[]): string[] =>
  lists.flatMap((list) => (typeof list === 'object' ? Object.keys(list) : []));

/** What matters for the stack that serves it, and whether the project works without. @param isRunning its own program runs */
export async function missingFor(
  files: FileSystem,
  project: Pick<ProjectConfig, 'stack' | 'path'>,
  isRunning: boolean,
): Promise<{ missing: MissingPart[]; isNeeded: boolean }> {
  const none = { missing: [], isNeeded: false };
  if (project.stack === 'static' || project.stack === 'proxy') return none;
  const found = await findMissing(files, project.path);
  const isFresh = found.includes('vendor');
  const missing = found.filter((part) =>
    hasProgram(project)
      ? part !== '.venv' || !isRunning
      : // Scripts and styles of a PHP site may be built already; those of a fresh clone are not.
        part !== '.venv' && (part !== 'node_modules' || isFresh),
  );
  // Laravel does not start without its key, which is in there.
  const needsSettings = await viewFolder(files, project.path).has('artisan');
  return { missing, isNeeded: missing.some((part) => part !== '.env' || needsSettings) };
}

/** Rejects with START_FAILED, and the cure, when packages of a program are missing. @param id of the project */
export async function assertComplete(
  files: FileSystem,
  project: { id: string; name: string; path: string },
): Promise<void> {
  const missing = (await findMissing(files, project.path)).filter(
    (part) => part === 'node_modules' || part === 'vendor',
  );
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
