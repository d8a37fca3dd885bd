/** What a folder is served as. A folder of source is never published: without a page or a command the user has to say what is meant. */
import { join, sep } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { DetectedProject, NewProject } from '../../contract/projects.ts';
import type { FileSystem } from '../system/files.ts';

/** Folders that hold the pages of a static site when no other is chosen; the project's own folder is the first. */
const PAGE_FOLDERS = ['', 'public', 'web', 'html', 'htdocs'] as const;

type Choice = Pick<NewProject, 'command' | 'documentRoot'>;

/**
 * The detected project with what the user chose.
 * Rejects with NOTHING_TO_SERVE when the folder holds neither a page nor a known program and nothing was chosen, and with VALIDATION_FAILED for
 * a chosen folder that is not there.
 */
export async function decideProject(
  files: FileSystem,
  detected: DetectedProject,
  { command, documentRoot }: Choice,
  /** Where the files are now, when they were fetched for this. */
  fetched: string | null = null,
): Promise<DetectedProject> {
  const chosen = { ...detected, undecided: null };
  if (command !== undefined) return { ...chosen, stack: detected.stack === 'node' ? 'node' : 'program', command };
  if (documentRoot !== undefined) {
    await assertFolderInside(files, detected.path, documentRoot);
    return { ...chosen, stack: detected.stack === 'php' ? 'php' : 'static', command: null, documentRoot };
  }
  if (detected.undecided !== null)
    throw nothingToServe(detected, (folder) => {
      const create = `koji project create folder "${detected.name}" --path ${detected.path}`;
      return `${fetched === null ? '' : `The files are in ${fetched}. `}Say what starts it: ${create} --command 'COMMAND on port $PORT'; or which folder is the web site: ${create} --document-root ${folder}`;
    });
  return detected;
}

/**
 * Rejects with NOTHING_TO_SERVE for a site whose folder has no page and holds more than files for a browser, and for a program without a
 * command. Asked before a project is stored, and each time the sites are applied: a record may be older than this rule.
 * @param detect looks at the folder; asked only when it matters
 */
export async function assertDecided(
  files: FileSystem,
  project: ProjectConfig,
  detect: (path: string) => Promise<DetectedProject | null>,
): Promise<void> {
  const { stack, overrides, path } = project;
  const isSite = (stack === 'static' || stack === 'php') && overrides['DOCUMENT_ROOT'] === undefined;
  const isOpen =
    (isSite && !(await hasPage(files, path, stack)) && !(await hasOnlyAssets(files, path))) ||
    (stack === 'program' && (overrides['COMMAND'] ?? '').trim() === '');
  if (!isOpen) return;
  const detected = await detect(path);
  if (detected === null || (stack === 'program' && detected.command !== null)) return;
  throw nothingToServe(
    { ...detected, name: project.name, undecided: detected.undecided ?? { folders: [] } },
    (folder) => {
      const set = `koji project set ${project.id}`;
      return `Say what starts it: ${set} --stack program --overrides 'COMMAND=COMMAND on port $PORT'; or which folder is the web site: ${set} --stack static --overrides DOCUMENT_ROOT=${folder}`;
    },
  );
}

async function hasPage(files: FileSystem, path: string, stack: ProjectConfig['stack']): Promise<boolean> {
  const pages = stack === 'php' ? ['index.html', 'index.php'] : ['index.html'];
  const places = PAGE_FOLDERS.flatMap((folder) => pages.map((page) => join(path, folder, page)));
  const found = await Promise.all(places.map((place) => files.stat(place)));
  if (found.some((stat) => stat !== null)) return true;
  if (stack !== 'php') return false;
  const names = await files.list(path).catch(() => []);
  if (names.some((name) => name.endsWith('.php'))) return true;
  // Several applications side by side, each in a folder of its own.
  const apps = await Promise.all(names.map((name) => files.stat(join(path, name, 'index.php'))));
  return apps.some((stat) => stat !== null);
}

/** What a browser shows or loads by itself, and what lies beside it. */
const ASSET =
  /\.(?:html?|css|m?js|map|wasm|svg|png|jpe?g|gif|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[gv]|wav|pdf|webmanifest)$|^(?:robots|humans)\.txt$|^sitemap\.xml$/i;
/** Looked at of a folder; one with more is no small collection of assets. */
const MOST_FILES = 500;
const DEEPEST = 4;

/** Also true of an empty folder: there is nothing to hide yet. Files that begin with a dot are served to no one. */
async function hasOnlyAssets(files: FileSystem, path: string): Promise<boolean> {
  let seen = 0;
  const look = async (folder: string, depth: number): Promise<boolean> => {
    for (const name of await files.list(folder).catch(() => [])) {
      if (name.startsWith('.')) continue;
      if (++seen > MOST_FILES || depth > DEEPEST) return false;
      const stat = await files.stat(join(folder, name));
      if (stat?.type === 'directory' ? !(await look(join(folder, name), depth + 1)) : !ASSET.test(name)) return false;
    }
    return true;
  };
  // A package with its programs in JavaScript is source.
  return (await files.stat(join(path, 'node_modules'))) === null && look(path, 0);
}

async function assertFolderInside(files: FileSystem, path: string, folder: string): Promise<void> {
  const real = await files.realPath(join(path, folder));
  const isInside = real !== null && (real === path || real.startsWith(path + sep));
  if (isInside && (await files.stat(real))?.type === 'directory') return;
  throw new KojiboxError('VALIDATION_FAILED', 'Invalid folder to serve', {
    detail: `documentRoot: ${folder} is not a folder inside ${path}`,
    source: 'config',
  });
}

function nothingToServe(detected: DetectedProject, cureWith: (folder: string) => string): KojiboxError {
  const { path, framework } = detected;
  const folders = detected.undecided?.folders ?? [];
  const pages = folders.length === 0 ? 'it has no folder with an index.html' : `pages are in: ${folders.join(', ')}`;
  return new KojiboxError('NOTHING_TO_SERVE', `cannot serve ${path}`, {
    detail: `${framework}: it has no index.html or index.php, and no command that starts it is known; ${pages}. The folder itself is not published, because source code holds keys and passwords`,
    source: 'config',
    remedy: cureWith(folders[0] ?? 'FOLDER'),
  });
}
