/** Projects put into effect: settings stored, sites written, and what they need installed and started. */
import type { Change } from '../../contract/changes.ts';
import { hasProgram, type ProjectConfig } from '../../contract/config.ts';
import type { NewProject } from '../../contract/projects.ts';
import type { Changes, TaskReporter } from '../changes/changes.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { InstallProgress } from '../runtimes/source.ts';
import type { HeldServices } from '../services/held-services.ts';
import type { Supervisor } from '../services/supervisor.ts';
import { EDGE_ID, isAppService, type Catalog } from '../stack/catalog.ts';
import { chooseSeries } from './choose-version.ts';
import {
  checkIdIsFree,
  draftOf,
  checkNewProject,
  makeProjectFiles,
  proxySettingsOf,
  settingsOf,
  type ProjectFiles,
} from './create.ts';
import { assertDecided, decideProject } from './decide.ts';
import type { Leftovers } from './leftovers.ts';
import type { Projects } from './projects.ts';
import { detectProject } from './detect.ts';
import { storeAndApply } from '../config/store-and-apply.ts';
import { withoutUndefined } from '../config/without-undefined.ts';
import { sayWork } from '../../contract/sentences/work.ts';

export interface ProjectWork {
  /** Creates or changes a project and serves it; what runs its code is restarted when it has to be. */
  setProject(project: ProjectConfig): Promise<void>;
  /** Changes what is named and keeps the rest. Rejects with NOT_FOUND for a project that is not there when no folder is named. */
  updateProject(patch: ProjectPatch): Promise<void>;
  createProject(wanted: NewProject): Promise<Change>;
  /** Its folder is not touched. */
  removeProject(id: string): Promise<void>;
}

/** Settings to change; `unset` names overrides to take out. */
export interface ProjectPatch {
  readonly id: string;
  readonly path?: string | undefined;
  readonly name?: string | undefined;
  readonly domain?: string | undefined;
  readonly stack?: ProjectConfig['stack'] | undefined;
  readonly autostart?: boolean | undefined;
  readonly overrides: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
}

/** Runtimes whose services exist for projects alone; databases stay. */
const RUNS_CODE: ReadonlySet<string> = new Set(['php', 'node']);
const UNSEEN: InstallProgress = { step: () => undefined, bytes: () => undefined };

export function createProjectWork(options: {
  readonly changes: Changes;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  readonly projects: Projects;
  readonly catalog: Catalog;
  readonly held: Pick<HeldServices, 'isHeld'>;
  readonly tools: ProjectFiles;
  applySites(): Promise<void>;
  /** The link of a project as it can be opened now: with the name and the port that are in use. */
  urlOf(project: ProjectConfig): string;
  /** Number of the user that runs the project's code without the right to write in its folder; null: it may, or has no code. */
  userWithoutFolder(project: ProjectConfig): Promise<number | null>;
  changed(id: string): void;
  readonly leftovers: Pick<Leftovers, 'note'>;
  /** What was kept for a project that is gone: its domains and ports. */
  forget(id: string): Promise<void>;
}): ProjectWork {
  const { changes, runtimes, supervisor, projects, catalog, tools } = options;

  /** Runtime that runs a project's code; null for files alone. Throws RUNTIME_UNSUPPORTED. */
  const runtimeOf = (project: ProjectConfig): { name: string; series: string | undefined } | null => {
    if (project.stack !== 'php' && project.stack !== 'node') return null;
    const series = project.overrides[project.stack === 'php' ? 'PHP_VERSION' : 'NODE_VERSION'];
    runtimes.resolve(project.stack, series);
    return { name: project.stack, series };
  };

  /** A service that nothing used before comes up with the project, when the stack is up at all. */
  const startNeeded = async (
    project: ProjectConfig,
    changed: boolean,
    progress: InstallProgress,
    signal: AbortSignal,
  ): Promise<void> => {
    const runtime = runtimeOf(project);
    if ((runtime === null && !hasProgram(project)) || supervisor.state(EDGE_ID).state !== 'running') return;
    const { service } = hasProgram(project) ? await catalog.appFor(project) : catalog.phpFor(project);
    if (supervisor.state(service).desired === 'down') {
      if (hasProgram(project) && (project.autostart === false || options.held.isHeld(service))) return;
      if (runtime !== null) await runtimes.ensure(runtime.name, runtime.series, progress, signal);
      await supervisor.start(service);
    } else if (changed && hasProgram(project)) {
      await supervisor.restart(service);
    }
  };

  const versionFor = (runtime: 'php' | 'node', wanted: string | null): string | null =>
    chooseSeries(wanted, {
      available: runtimes
        .list(new Map())
        .filter(({ name }) => name === runtime)
        .map(({ series }) => series),
      standard: runtimes.defaultSeries(runtime),
      exact: runtime === 'node',
    });

  const store = async (project: ProjectConfig): Promise<boolean> => {
    await projects.check(project);
    await assertDecided(tools.files, project, (path) => detectProject(tools.files, path));
    const before = projects.list().find(({ id }) => id === project.id);
    if (before !== undefined && before.domain !== project.domain)
      await options.leftovers.note([{ projectId: null, domain: before.domain }]);
    await storeAndApply({
      store: () => projects.set(project),
      apply: options.applySites,
    });
    await forgetUnneeded();
    return JSON.stringify(before) !== JSON.stringify(project);
  };

  /** After the sites: no one is sent to them any more. */
  const forgetUnneeded = async (): Promise<void> => {
    const needed = new Set(catalog.entries(projects.list()).map(({ id }) => id));
    const gone = supervisor
      .states()
      .filter(({ id, runtime }) => (RUNS_CODE.has(runtime ?? '') || isAppService(id)) && !needed.has(id));
    await Promise.all(gone.map(({ id }) => supervisor.undefine(id)));
  };

  const setProject: ProjectWork['setProject'] = async (project) => {
    const changed = await store(project);
    await startNeeded(project, changed, UNSEEN, new AbortController().signal);
  };

  /** What a project has that is made by its settings alone: the folder says which stack it is. */
  const newProjectIn = async (id: string, path: string): Promise<ProjectConfig> => {
    const detected = await detectProject(tools.files, path);
    const root = detected?.documentRoot ?? '';
    return {
      id,
      name: id,
      path,
      domain: `${id}.test`,
      stack: detected?.stack ?? 'static',
      overrides: root === '' ? {} : { DOCUMENT_ROOT: root },
    };
  };

  /** The files of a new project, and the settings that they ask for. */
  const filesFor = async (
    wanted: NewProject,
    path: string,
    task: TaskReporter,
    signal: AbortSignal,
  ): Promise<ProjectConfig> => {
    const found = await makeProjectFiles(wanted, path, tools, signal);
    task.done(found.framework);
    const detected = await decideProject(tools.files, { ...found, name: wanted.name }, wanted, found.path);
    return settingsOf(wanted, detected, {
      php: versionFor('php', detected.phpVersion),
      node: versionFor('node', detected.nodeVersion),
    });
  };

  return {
    setProject,

    async updateProject({ id, overrides, unset, ...given }) {
      const known = projects.list().some((project) => project.id === id);
      const before = known || given.path === undefined ? projects.get(id) : await newProjectIn(id, given.path);
      await setProject({
        ...before,
        ...withoutUndefined(given),
        overrides: Object.fromEntries(
          Object.entries({ ...before.overrides, ...overrides }).filter(([name]) => !unset.includes(name)),
        ),
      });
    },

    async createProject(wanted) {
      checkIdIsFree(wanted, projects.list());
      const path = await checkNewProject(wanted, tools);
      // Before a repository is fetched for nothing.
      await projects.check(draftOf(wanted, path));
      // What is there already is judged before anything is done.
      const here = wanted.kind === 'folder' ? await detectProject(tools.files, path) : null;
      if (here !== null) await decideProject(tools.files, { ...here, name: wanted.name }, wanted);
      return changes.run('projects.create', `Creating ${wanted.name}`, async ({ task, signal }) => {
        const files = task('files', wanted.kind === 'git' ? sayWork('clone') : sayWork('files'), 3);
        const site = task('site', sayWork('site'), 2);
        files.step(wanted.kind === 'git' ? 'fetch' : 'unpack');
        const project =
          wanted.kind === 'proxy' ? proxySettingsOf(wanted, path) : await filesFor(wanted, path, files, signal);
        if (wanted.kind === 'proxy') files.done();
        site.step('certificates');
        // Someone else may have taken the name while a repository was fetched.
        checkIdIsFree(wanted, projects.list());
        const reader = await options.userWithoutFolder(project);
        if (reader !== null)
          task('folder', sayWork('folder'), 1).fail(sayWork('cannotWrite', { user: reader, path: project.path }));
        await store(project);
        options.changed(project.id);
        site.step('start');
        await startNeeded(project, true, site, signal);
        site.done(options.urlOf(project));
      }).change;
    },

    async removeProject(id) {
      const before = projects.get(id);
      await options.leftovers.note([{ projectId: id, domain: before.domain }]);
      await storeAndApply({
        store: () => projects.remove(id),
        apply: options.applySites,
      });
      await options.forget(id);
      await forgetUnneeded();
    },
  };
}
