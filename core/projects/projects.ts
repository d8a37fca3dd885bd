/** Projects: a folder, a domain and a stack. */
import { isAbsolute, join } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { changeRecords, recordsBy, type RecordChange } from '../config/record-change.ts';
import type { FileSystem } from '../system/files.ts';
import type { Store } from './store.ts';

export interface Projects {
  list(): ProjectConfig[];
  get(id: string): ProjectConfig;
  /** Rejects when the settings cannot be applied, or another owner has the domain. The folder may still be missing. */
  check(project: ProjectConfig): Promise<void>;
  /** Creates or replaces. Rejects for a folder, a domain or a setting that cannot be applied; then nothing was stored. */
  set(project: ProjectConfig): Promise<RecordChange>;
  /** Rejects with NOT_FOUND. */
  remove(id: string): Promise<RecordChange>;
  /** The folder to serve, links resolved: the override, else the usual public folder of a framework, else the project's own. */
  documentRoot(project: ProjectConfig): Promise<string>;
}

export interface ProjectsOptions {
  readonly store: Store<ProjectConfig[]>;
  readonly files: FileSystem;
  /** Rejects with the error of the first rule that the settings break. */
  check(project: ProjectConfig): Promise<void>;
  /** Who else has this domain: a domain mapping or a proxy rule; null when it is free. */
  domainOwner(domain: string): string | null;
  /** Whether the services' user may read the folder. */
  isServable(path: string): Promise<boolean>;
}

const PROJECTS = recordsBy(({ id }: ProjectConfig) => id);

/** Public folders that frameworks use, in the order of trying; each needs an index.php or index.html. */
const PUBLIC_FOLDERS = ['public', 'web', 'html', 'htdocs'];

export function createProjects(options: ProjectsOptions): Projects {
  const { store, files } = options;

  const get = (id: string): ProjectConfig => {
    const project = store.get().find((candidate) => candidate.id === id);
    if (project === undefined) {
      const known = store.get().map((candidate) => candidate.id);
      throw new KojiboxError('NOT_FOUND', `there is no project "${id}"`, {
        detail: `projects: ${known.join(', ') || 'none yet'}`,
        source: 'config',
      });
    }
    return project;
  };

  const assertFree = (project: ProjectConfig, projects: readonly ProjectConfig[]): void => {
    const other = projects.find(({ id, domain }) => id !== project.id && domain === project.domain);
    // A rule may be for the domain that the project has already.
    const isKept = projects.some(({ id, domain }) => id === project.id && domain === project.domain);
    const owner = other?.id ?? (isKept ? null : options.domainOwner(project.domain));
    if (owner !== null && owner !== project.id) {
      throw new KojiboxError('DOMAIN_TAKEN', `cannot give ${project.domain} to ${project.id}`, {
        detail: `${owner} has it`,
        source: 'config',
        field: 'domain',
      });
    }
  };

  const assertFolder = async (path: string): Promise<void> => {
    const invalid = (detail: string): KojiboxError =>
      new KojiboxError('VALIDATION_FAILED', 'Invalid project path', { detail, source: 'config', field: 'path' });
    if (!isAbsolute(path)) throw invalid(`${path} is not an absolute path`);
    const real = await files.realPath(path);
    if (real === null || (await files.stat(real))?.type !== 'directory')
      throw invalid(`Path does not exist or is not readable: ${path} is not a folder`);
    if (!(await files.canRead(real)) || !(await options.isServable(real))) {
      throw invalid(`Path does not exist or is not readable: the services' user may not read ${path}`);
    }
  };

  return {
    list: () => store.get(),
    get,

    async check(project) {
      await options.check(project);
      assertFree(project, store.get());
    },

    async set(project) {
      await options.check(project);
      await assertFolder(project.path);
      const change = (projects: ProjectConfig[]): ProjectConfig[] => {
        assertFree(project, projects);
        return [...projects.filter(({ id }) => id !== project.id), project];
      };
      return changeRecords(store, PROJECTS, change, [project.id]);
    },

    async remove(id) {
      get(id);
      return changeRecords(store, PROJECTS, (projects) => projects.filter((candidate) => candidate.id !== id), [id]);
    },

    async documentRoot(project) {
      const wanted = project.overrides['DOCUMENT_ROOT'];
      const base = (await files.realPath(project.path)) ?? project.path;
      if (wanted !== undefined) return (await files.realPath(join(base, wanted))) ?? join(base, wanted);
      for (const folder of PUBLIC_FOLDERS) {
        for (const index of ['index.php', 'index.html']) {
          if ((await files.stat(join(base, folder, index))) !== null) return join(base, folder);
        }
      }
      return base;
    },
  };
}
