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
  if (detected.undecided !== null) throw nothingToServe(detected, fetched);
  return detected;
}

/**
 * Rejects with NOTHING_TO_SERVE for a static site whose folder has no page and for a program without a command.
 * @param detect looks at the folder; asked only when it matters
 */
export async function assertDecided(
  files: FileSystem,
  project: ProjectConfig,
  detect: (path: string) => Promise<DetectedProject | null>,
): Promise<void> {
  const { stack, overrides, path } = project;
  const isOpen =
    (stack === 'static' && overrides['DOCUMENT_ROOT'] === undefined && !(await hasPage(files, path))) ||
    (stack === 'program' && (overrides['COMMAND'] ?? '').trim() === '');
  if (!isOpen) return;
  const detected = await detect(path);
  if (detected === null || (stack === 'program' && detected.command !== null)) return;
  throw nothingToServe({ ...detected, name: project.name, undecided: detected.undecided ?? { folders: [] } }, null);
}

async function hasPage(files: FileSystem, path: string): Promise<boolean> {
  const found = await Promise.all(PAGE_FOLDERS.map((folder) => files.stat(join(path, folder, 'index.html'))));
  return found.some((stat) => stat !== null);
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

function nothingToServe(detected: DetectedProject, fetched: string | null): KojiboxError {
  const { path, framework, name } = detected;
  const folders = detected.undecided?.folders ?? [];
  const pages = folders.length === 0 ? 'it has no folder with an index.html' : `pages are in: ${folders.join(', ')}`;
  const create = `koji project create folder "${name}" --path ${path}`;
  return new KojiboxError('NOTHING_TO_SERVE', `cannot serve ${path}`, {
    detail: `${framework}: it has no index.html or index.php, and no command that starts it is known; ${pages}. The folder itself is not published, because source code holds keys and passwords`,
    source: 'config',
    remedy: `${fetched === null ? '' : `The files are in ${fetched}. `}Say what starts it: ${create} --command 'COMMAND on port $PORT'; or which folder is the web site: ${create} --document-root ${folders[0] ?? 'FOLDER'}`,
  });
}
