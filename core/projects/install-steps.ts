/** Commands that bring what a project lacks, in their order; programs of the project's own package manager. */
import type { MissingPart } from '../../contract/projects.ts';
import type { FileSystem } from '../system/files.ts';
import { viewFolder, type FolderView } from './folder-view.ts';
import { exampleOf } from './missing-parts.ts';

export interface InstallStep {
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Folder that it makes; one that is not whole is taken out again. */
  readonly makes?: string;
}

/** @param folder absolute, links resolved */
export async function installSteps(
  files: FileSystem,
  folder: string,
  missing: readonly MissingPart[],
): Promise<InstallStep[]> {
  const view = viewFolder(files, folder);
  const example = missing.includes('.env') ? await exampleOf(view) : null;
  const isLaravel = await view.has('artisan');
  return [
    // Not over one that was made in this moment: POSIX has no flag for it but -n, cp(1).
    ...(example === null ? [] : [{ command: ['cp', '-n', example, '.env'] } as const]),
    ...(missing.includes('vendor')
      ? [{ command: ['composer', 'install', '--no-interaction', '--no-progress'], makes: 'vendor' } as const]
      : []),
    // https://laravel.com/docs/encryption#configuration
    ...(example !== null && isLaravel
      ? [{ command: ['php', 'artisan', 'key:generate', '--no-interaction'] } as const]
      : []),
    ...(missing.includes('node_modules') ? [{ command: await modulesCommand(view), makes: 'node_modules' }] : []),
    ...(missing.includes('.venv') ? await pythonSteps(view) : []),
  ];
}

/** npx brings a package manager that the machine does not have, in the version that the project names. */
async function modulesCommand(view: FolderView): Promise<[string, ...string[]]> {
  const { packageManager } = (await view.json<{ packageManager?: unknown }>('package.json')) ?? {};
  const named = /^(npm|pnpm|yarn|bun)@([\w.-]+)/.exec(typeof packageManager === 'string' ? packageManager : '');
  const [, manager = await managerByLock(view), version] = named ?? [];
  switch (manager) {
    case 'pnpm':
      return ['npx', '--yes', `pnpm@${version ?? 'latest'}`, 'install', '--no-frozen-lockfile'];
    case 'yarn': {
      // The first line of the lock file of Yarn 2 and later says that it is generated; then comes this.
      const isBerry =
        version === undefined ? /^__metadata:/m.test((await view.text('yarn.lock')) ?? '') : !/^[01]\./.test(version);
      return isBerry
        ? ['npx', '--yes', '--package', `@yarnpkg/cli-dist@${version ?? 'latest'}`, 'yarn', 'install', '--no-immutable']
        : ['npx', '--yes', `yarn@${version ?? '1'}`, 'install', '--non-interactive'];
    }
    case 'bun':
      return ['bun', 'install'];
    default:
      return ['npm', 'install', '--no-fund', '--no-audit'];
  }
}

async function managerByLock(view: FolderView): Promise<string> {
  if (await view.has('pnpm-lock.yaml')) return 'pnpm';
  if (await view.has('yarn.lock')) return 'yarn';
  return (await view.anyOf(['bun.lock', 'bun.lockb'])) ? 'bun' : 'npm';
}

/** The environment lies in the project, where its programs look for it. */
async function pythonSteps(view: FolderView): Promise<InstallStep[]> {
  const makes = '.venv';
  if (await view.has('uv.lock')) return [{ command: ['uv', 'sync'], makes }];
  if (await view.has('poetry.lock'))
    return [{ command: ['poetry', 'install', '--no-interaction'], env: { POETRY_VIRTUALENVS_IN_PROJECT: '1' }, makes }];
  const hasList = await view.has('requirements.txt');
  if (!hasList && (await view.has('Pipfile')))
    return [{ command: ['pipenv', 'install', '--dev'], env: { PIPENV_VENV_IN_PROJECT: '1' }, makes }];
  const what = hasList ? ['-r', 'requirements.txt'] : ['-e', '.'];
  return [
    { command: ['python3', '-m', 'venv', '.venv'], makes },
    { command: ['.venv/bin/python', '-m', 'pip', 'install', '--no-input', ...what], makes },
  ];
}
