/** New projects: files from a template, a repository or an archive, built aside and renamed, so that a half-made project is never seen. */
import { isAbsolute, join } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { DetectedProject, NewProject } from '../../contract/projects.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import type { FileOwner, FileSystem } from '../system/files.ts';
import type { Processes } from '../system/processes.ts';
import { detectProject } from './detect.ts';
import type { PlaceCheck } from './place.ts';
import { slug } from './slug.ts';

/** What Git may be given: no option, no helper of its own (`ext::`), nothing that runs a program. See git-clone(1), GIT URLS. */
const REPOSITORY = /^(https?:\/\/|ssh:\/\/|git:\/\/|file:\/\/\/|git@[\w.-]+:|\/)/;
const CLONE_TIMEOUT_MS = 15 * 60_000;

export interface ProjectFiles {
  readonly files: FileSystem;
  readonly place: Pick<PlaceCheck, 'assertPath'>;
  readonly processes: Processes;
  /** Folder of the templates `php`, `node` and `static`. */
  readonly templates: string;
  /** Where projects go that name no folder. */
  readonly folder: string;
  /** Who owns new files at a place; null: the user of this process. */
  ownerFor(path: string): Promise<FileOwner | null>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Rejects with ARCHIVE_UNSAFE. */
  unpackZip(file: string, folder: string, signal: AbortSignal): Promise<void>;
}

/** Rejects with VALIDATION_FAILED: a project that is there is never replaced by a new one of the same name. */
export function checkIdIsFree(wanted: NewProject, projects: readonly ProjectConfig[]): void {
  const id = wanted.id ?? slug(wanted.name);
  const other = projects.find((project) => project.id === id);
  if (other === undefined) return;
  throw new KojiboxError('VALIDATION_FAILED', sayProblem('cannotCreate', { name: wanted.name }), {
    // The reason by itself: a form shows it at the field.
    detail: sayProblem('nameTaken', { project: id, domain: other.domain, path: other.path }),
    source: 'config',
    field: 'name',
    remedy: sayProblem('otherName', { project: id }),
  });
}

/** Rejects with VALIDATION_FAILED before anything is written. */
export async function checkNewProject(wanted: NewProject, { files, folder, place }: ProjectFiles): Promise<string> {
  const invalid = (message: string, detail: string, field: string): KojiboxError =>
    new KojiboxError('VALIDATION_FAILED', message, { detail, source: 'config', field });
  // A proxy has no files of its own; the folder is only where its programs and terminals begin.
  const usual = wanted.kind === 'proxy' ? folder : join(folder, slug(wanted.name));
  const path = wanted.path === '' ? usual : wanted.path;
  if (!isAbsolute(path)) throw invalid('Invalid project path', `${path} is not an absolute path`, 'path');
  await place.assertPath(path);
  const isThere = (await files.realPath(path)) !== null;
  if (wanted.kind === 'proxy' && wanted.target === undefined)
    throw invalid('Invalid proxy', 'it has no target: say which address it passes requests on to', 'target');
  if (wanted.kind === 'folder' || (wanted.kind === 'proxy' && wanted.path !== '')) {
    if (!isThere)
      throw invalid('Invalid project path', `Path does not exist or is not readable: ${path} is not a folder`, 'path');
    return path;
  }
  if (wanted.kind === 'proxy') return path;
  if (isThere && (await files.list(path)).length > 0)
    throw invalid('Invalid project path', `${path} has files in it already; choose kind "folder" to use them`, 'path');
  if (wanted.kind === 'git' && !REPOSITORY.test(wanted.source ?? ''))
    throw invalid('Invalid repository', `"${wanted.source ?? ''}" is not the address of a Git repository`, 'source');
  if (wanted.kind === 'zip' && (await files.stat(wanted.source ?? ''))?.type !== 'file')
    throw invalid('Invalid archive', `there is no file "${wanted.source ?? ''}"`, 'source');
  return path;
}

/** @returns the folder as detected. What was made is removed again when it fails or is aborted. */
export async function makeProjectFiles(
  wanted: NewProject,
  path: string,
  tools: ProjectFiles,
  signal: AbortSignal,
): Promise<DetectedProject> {
  const { files } = tools;
  if (wanted.kind !== 'folder') {
    await files.buildFolder(path, { owner: await tools.ownerFor(path) }, async (building) => {
      await fill(wanted, building, tools, signal);
      signal.throwIfAborted();
    });
  }
  const detected = await detectProject(files, path);
  if (detected === null)
    throw new KojiboxError('VALIDATION_FAILED', 'Invalid project path', {
      detail: `${path} is not a folder any more`,
      source: 'config',
    });
  return detected;
}

async function fill(wanted: NewProject, folder: string, tools: ProjectFiles, signal: AbortSignal): Promise<void> {
  const { files } = tools;
  switch (wanted.kind) {
    case 'git':
      return clone(wanted.source ?? '', folder, tools, signal);
    case 'zip': {
      await tools.unpackZip(wanted.source ?? '', folder, signal);
      return liftSingleFolder(files, folder);
    }
    default: {
      const template = join(tools.templates, wanted.kind);
      for (const name of await files.list(template)) await files.copyFile(join(template, name), join(folder, name));
    }
  }
}

async function clone(source: string, folder: string, tools: ProjectFiles, signal: AbortSignal): Promise<void> {
  const { PATH, HOME, SSH_AUTH_SOCK } = tools.environment;
  const result = await tools.processes
    .run('git', ['clone', '--depth=1', '--single-branch', '--', source, '.'], {
      cwd: folder,
      env: {
        PATH: PATH ?? '/usr/local/bin:/usr/bin:/bin',
        ...(HOME === undefined ? {} : { HOME }),
        ...(SSH_AUTH_SOCK === undefined ? {} : { SSH_AUTH_SOCK }),
        LC_ALL: 'C.UTF-8',
        // No one is there to answer.
        GIT_TERMINAL_PROMPT: '0',
        GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
      },
      timeoutMs: CLONE_TIMEOUT_MS,
      signal,
    })
    .catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new KojiboxError('DOWNLOAD_FAILED', 'cannot run Git', {
        detail: cause instanceof Error ? cause.message : String(cause),
        source: 'config',
        remedy: 'Install Git, or download the project as a zip file.',
        cause,
      });
    });
  signal.throwIfAborted();
  if (result.exitCode === 0) return;
  throw new KojiboxError('DOWNLOAD_FAILED', `cannot clone ${withoutPassword(source)}`, {
    detail: withoutPassword(result.stderr.trim().split('\n').slice(-3).join(' ')),
    source: 'config',
    remedy: 'Check the address, and whether this user may read the repository.',
  });
}

/** Archives usually hold one folder with everything in it. */
async function liftSingleFolder(files: FileSystem, folder: string): Promise<void> {
  const [only, ...others] = await files.list(folder);
  if (only === undefined || others.length > 0) return;
  if ((await files.stat(join(folder, only)))?.type !== 'directory') return;
  // Under another name first: it may hold an entry that is called like itself.
  const aside = join(folder, `.lift-${only}`);
  await files.rename(join(folder, only), aside);
  for (const name of await files.list(aside)) await files.rename(join(aside, name), join(folder, name));
  await files.remove(aside);
}

/**
 * The settings a new project gets: what was asked for, then what was found.
 * @param versions null: the standard one
 */
export function settingsOf(
  wanted: NewProject,
  detected: DetectedProject,
  versions: { readonly php: string | null; readonly node: string | null },
): ProjectConfig {
  const id = wanted.id ?? slug(wanted.name);
  const { command } = detected;
  const php = wanted.php ?? versions.php;
  const overrides = {
    ...(detected.documentRoot === '' ? {} : { DOCUMENT_ROOT: detected.documentRoot }),
    ...(command === null ? {} : { COMMAND: command }),
    ...(php === null ? {} : { PHP_VERSION: php }),
    ...(versions.node === null ? {} : { NODE_VERSION: versions.node }),
  };
  return {
    id,
    name: wanted.name,
    path: detected.path,
    domain: wanted.domain ?? `${id}.test`,
    stack: detected.stack,
    overrides,
  };
}

/** What is known of a new project's settings before its files are there. */
export function draftOf(wanted: NewProject, path: string): ProjectConfig {
  const { command, php } = wanted;
  if (wanted.kind === 'proxy') return proxySettingsOf(wanted, path);
  const id = wanted.id ?? slug(wanted.name);
  return {
    id,
    name: wanted.name,
    path,
    domain: wanted.domain ?? `${id}.test`,
    stack: 'static',
    overrides: {
      ...(command === undefined ? {} : { COMMAND: command }),
      ...(php === undefined ? {} : { PHP_VERSION: php }),
    },
  };
}

/** The settings of a new proxy: it has no files to look at. */
export function proxySettingsOf(wanted: NewProject, path: string): ProjectConfig {
  const id = wanted.id ?? slug(wanted.name);
  return {
    id,
    name: wanted.name,
    path,
    domain: wanted.domain ?? `${id}.test`,
    stack: 'proxy',
    overrides: { TARGET: wanted.target ?? '' },
  };
}

const withoutPassword = (text: string): string => text.replaceAll(/(\/\/[^/:@\s]*):[^@\s]*@/g, '$1@');
