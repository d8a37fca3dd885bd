/** The environment of projects for everything that runs in their name: sites, programs, workers, the command line. */
import { join } from 'node:path';
import { hasProgram, type ProjectConfig, type ServiceConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { OwnService } from '../../contract/own-services.ts';
import {
  CLIENT_VARIABLES,
  DATABASE_NAMES,
  type Program,
  type ProjectEnvironmentView,
} from '../../contract/programs.ts';
import type { Layout } from '../layout.ts';
import { isServerId, type ServerId } from '../projects/choose-database.ts';
import { toolFolders } from '../projects/detect-program.ts';
import {
  loginNameOf,
  readChoice,
  readEnvironment,
  valuesOf,
  type EnvironmentSources,
  type ProjectEnvironment,
  type Variables,
} from '../projects/environment.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import { projectAt, resolveProgram, type ProgramName } from './programs.ts';

/** How any program is run in a project. */
export interface Execution extends Pick<Program, 'env' | 'drop'> {
  readonly project: string;
  readonly folder: string;
  readonly path: string[];
}

/** By its id, else by a folder in it. */
export interface ProjectPlace {
  readonly project?: string | undefined;
  readonly folder?: string | undefined;
}

export interface Environments {
  /** @param service that runs the code */
  read(project: ProjectConfig, service: string): Promise<ProjectEnvironment>;
  /** The same, names and values alone. */
  values(project: ProjectConfig, service: string): Promise<Record<string, string>>;
  /** The project that a service of the user belongs to: the one that it names, else the one around its folder. */
  projectOf(own: Pick<OwnService, 'project' | 'cwd'>): Promise<ProjectConfig | null>;
  /** As the code of its site has it, with the names that tests must choose themselves. */
  readForCode(project: ProjectConfig): Promise<{ variables: Variables; testNames: string[] } & ProjectEnvironment>;
  /** Names of the databases whose logins projects have in a server; none in a server that projects do not use by themselves. */
  databasesIn(server: string): Promise<string[]>;
  /** The innermost project around a folder; links are resolved on both sides. */
  projectAround(folder: string | undefined): Promise<ProjectConfig | null>;
  /** Rejects with RUNTIME_MISSING. @param testing it runs tests, which choose their database themselves */
  program(name: ProgramName, folder: string | undefined, testing?: boolean): Promise<Program>;
  programIn(
    name: ProgramName,
    project: ProjectConfig | null,
    environment: Readonly<Record<string, string>>,
    logins?: ProjectEnvironment['logins'],
  ): Promise<Program>;
  /** Rejects with NOT_FOUND for a folder in no project. */
  execution(place: ProjectPlace, testing: boolean): Promise<Execution>;
  view(place: ProjectPlace, reveal: boolean): Promise<ProjectEnvironmentView>;
  /** Folders of programs for a project, before those of the system. */
  programFolders(project: ProjectConfig): string[];
}

export interface EnvironmentsOptions extends Pick<
  EnvironmentSources,
  'files' | 'secrets' | 'assignedPorts' | 'userOverrides'
> {
  readonly layout: Pick<Layout, 'data' | 'shims' | 'runtimeConfig'>;
  readonly runtimes: Runtimes;
  readonly runFolder: string;
  serviceConfig(id: string): Pick<ServiceConfig, 'env' | 'enabled'>;
  /** Has the login of a database made, where its server runs. */
  ensureLogin(server: ServerId, database: string): Promise<void>;
  projects(): readonly ProjectConfig[];
  /** Service that runs the code of a project. */
  phpServiceOf(project: ProjectConfig): string;
  appServiceOf(project: ProjectConfig): string;
}

export function createEnvironments(options: EnvironmentsOptions): Environments {
  const { files, secrets, layout, runtimes } = options;
  const sources: EnvironmentSources = {
    ...options,
    serviceEnvironment: (id) => options.serviceConfig(id).env,
    isWanted: (id) => options.serviceConfig(id).enabled,
    // MariaDB keeps each database in a folder of its name; PostgreSQL does not tell from outside.
    hasDatabase: async (server, name) =>
      server === 'mariadb' &&
      (await files.stat(join(layout.data, 'mariadb', runtimes.defaultSeries('mariadb'), name))) !== null,
  };
  const serviceOf = (project: ProjectConfig): string =>
    project.stack === 'php' ? options.phpServiceOf(project) : hasProgram(project) ? options.appServiceOf(project) : '';

  const read: Environments['read'] = async (project, service) => {
    const found = await readEnvironment(project, service, sources);
    await Promise.all(
      Object.entries(found.logins).map(([server, { database }]) => options.ensureLogin(server as ServerId, database)),
    );
    return found;
  };

  const readForCode: Environments['readForCode'] = async (project) => {
    const found = await read(project, serviceOf(project));
    const testNames = DATABASE_NAMES.filter((name) => found.variables[name]?.origin === 'default');
    return { ...found, testNames };
  };

  const projectAround: Environments['projectAround'] = async (folder) => {
    if (folder === undefined) return null;
    const projects = options.projects();
    const near = projectAt(projects, folder);
    if (near !== null) return near;
    const real = await files.realPath(folder);
    if (real === null) return null;
    const places = await Promise.all(
      projects.map(async (project) => ({ ...project, path: (await files.realPath(project.path)) ?? project.path })),
    );
    const found = projectAt(places, real);
    return projects.find(({ id }) => id === found?.id) ?? null;
  };

  const withoutTests = (variables: Variables, testNames: readonly string[], testing: boolean): Record<string, string> =>
    Object.fromEntries(Object.entries(valuesOf(variables)).filter(([name]) => !testing || !testNames.includes(name)));

  const programIn: Environments['programIn'] = (name, project, environment, logins = {}) =>
    resolveProgram(name, {
      runtimes,
      runFolder: options.runFolder,
      project,
      environment,
      async passFile(user, content) {
        const file = join(layout.runtimeConfig, 'pgpass', encodeURIComponent(user));
        await files.writeAtomic(file, content, { mode: 0o600 });
        return file;
      },
      port: (key, fallback) => sources.assignedPorts()[key] ?? fallback,
      password: async (service) => (await secrets.get({ key: `${service}-password`, scope: 'service' })) ?? '',
      logins,
    });

  const placed = async ({ project, folder }: ProjectPlace): Promise<ProjectConfig> => {
    const projects = options.projects();
    const found =
      project === undefined ? await projectAround(folder) : projects.find((candidate) => candidate.id === project);
    if (found !== null && found !== undefined) return found;
    throw new KojiboxError('NOT_FOUND', 'cannot find the project', {
      detail: project === undefined ? `${folder ?? ''} belongs to no project` : `there is no project "${project}"`,
      source: 'config',
      remedy: `Go to the folder of a project, or name one with --project: ${projects.map(({ id }) => id).join(', ') || 'there is none yet'}`,
    });
  };

  const programFolders: Environments['programFolders'] = (project) => {
    const node = runtimes.installed('node', project.overrides['NODE_VERSION']);
    return [
      ...toolFolders(project.path),
      ...(node === null ? [] : [join(runtimes.treePath(node), 'bin')]),
      layout.shims,
    ];
  };

  return {
    read,
    readForCode,
    values: async (project, service) => valuesOf((await read(project, service)).variables),
    projectOf: async ({ project: id, cwd }) =>
      id === undefined ? projectAround(cwd) : (options.projects().find((project) => project.id === id) ?? null),
    projectAround,
    databasesIn: async (server) => {
      if (!isServerId(server)) return [];
      const names = await Promise.all(
        options.projects().map(async (project) => {
          // A setting that names no server is shown with the project.
          const choice = await readChoice(project, sources).catch(() => null);
          return loginNameOf(project, server, choice?.database ?? { server: null, because: 'setting' });
        }),
      );
      return [...new Set(names)];
    },
    programIn,
    programFolders,
    async program(name, folder, testing = false) {
      const project = await projectAround(folder);
      if (project === null) return programIn(name, null, {});
      const { variables, testNames, logins } = await readForCode(project);
      return programIn(name, project, withoutTests(variables, testNames, testing), logins);
    },
    async execution(place, testing) {
      const project = await placed(place);
      const { variables, testNames } = await readForCode(project);
      return {
        project: project.id,
        folder: project.path,
        path: programFolders(project),
        env: withoutTests(variables, testNames, testing),
        drop: [...CLIENT_VARIABLES],
      };
    },
    async view(place, reveal) {
      const project = await placed(place);
      const { variables, database } = await readForCode(project);
      return {
        project: project.id,
        database: { name: null, ...database },
        variables: Object.entries(variables)
          .map(([name, { value, origin, isSecret }]) => ({
            name,
            value: isSecret && !reveal ? null : value,
            origin,
            secret: isSecret,
          }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      };
    },
  };
}
