/** Puts the answers of the first run into effect. Each part may be done already: begun again, it continues where it was cut short. */
import { CHOOSABLE_SERVICES, type ChoosableService, type FirstRunAnswers } from '../../contract/first-run.ts';
import type { ImportCandidate } from '../../contract/importers.ts';
import { allOf } from '../changes/all-of.ts';
import type { ChangeContext, TaskReporter } from '../changes/changes.ts';
import type { Imports } from '../importers/imports.ts';
import type { Kojibox } from '../kojibox-types.ts';
import type { System } from '../system/system.ts';
import { applyConsents, consentTasks, type SetupRights } from './rights.ts';
import { sayWork } from '../../contract/sentences/work.ts';

export interface ApplyOptions {
  readonly kojibox: Kojibox;
  readonly system: System;
  readonly imports: Imports;
  readonly trust: { add(): Promise<void> };
  readonly rights: SetupRights;
  readonly context: ChangeContext;
  readonly projectsFolder: string;
  starterFolder(stack: 'node' | 'static'): string;
}

/** Fetching and starting takes nearly all of the time. */
const STACK_WEIGHT = 20;
const NODE_WEIGHT = 8;

/**
 * What fails costs itself alone: all the rest is done. Rejects in the end with what failed; what needs rights that are not given is skipped
 * with the cure.
 */
export async function applyAnswers(answers: FirstRunAnswers, options: ApplyOptions): Promise<void> {
  const { kojibox, context } = options;
  const { task, signal } = context;
  const settings = task('settings', sayWork('choices'), 1);
  const node = answers.node ? task('node', 'Node', NODE_WEIGHT) : null;
  const stack = task('stack', sayWork('services'), STACK_WEIGHT);
  const tasks = consentTasks(answers, task);

  settings.step('write');
  const versionsBefore = kojibox.stores.runtimes.get().defaults;
  await applySettings(answers, options, settings);
  signal.throwIfAborted();
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) => {
      if (signal.aborted) throw error;
      failures.push(error);
    });
  };
  if (node !== null) await attempt(() => withTask(node, () => installNode(options, node)));
  await attempt(() => withTask(stack, () => bringUp(answers, versionsBefore, options, stack)));
  if (answers.removeUnused) await attempt(() => removeUnused(answers, options));
  await attempt(() => importSites(answers, options));
  // Last, so that the names of imported sites are among them, and one password is enough for all.
  await applyConsents(tasks, options);
  if (failures.length > 0) throw allOf(failures);
}

async function applySettings(answers: FirstRunAnswers, options: ApplyOptions, task: TaskReporter): Promise<void> {
  const { kojibox, system } = options;
  const { stores, supervisor, serviceSettings } = kojibox;
  if (answers.projectsFolder !== '') await system.files.makeDirectory(answers.projectsFolder, { mode: 0o755 });
  const writable = await kojibox.domains.canWriteHosts();
  const { php: _php, node: _node, ...others } = stores.runtimes.get().defaults;
  const versions = {
    ...others,
    ...(answers.phpVersion === null ? {} : { php: answers.phpVersion }),
    ...(answers.nodeVersion === null ? {} : { node: answers.nodeVersion }),
  };
  const wants = (id: string): boolean =>
    id === 'node' ? answers.node : answers.services.includes(id as ChoosableService);
  const switched = CHOOSABLE_SERVICES.filter((id) => serviceSettings.get(id).enabled !== wants(id));
  const isOther =
    switched.length > 0 ||
    Object.keys(answers.ports).length > 0 ||
    JSON.stringify(versions) !== JSON.stringify(stores.runtimes.get().defaults);
  // An install of the standard stack may be under way; what it fetched so far stays.
  const running = kojibox.changes.running('stack.up');
  if (isOther && running !== undefined) {
    kojibox.changes.cancel(running.change.id);
    await running.ended.catch(() => undefined); // It was told to end.
  }

  await stores.app.update((app) => ({
    ...app,
    projectsFolder: answers.projectsFolder,
    useHosts: answers.hosts || !writable,
  }));
  await stores.runtimes.update((choices) => ({ ...choices, defaults: versions }));
  if (!answers.hosts && writable) await forgetNames(options);
  if (!wants('php')) await replaceStarter(answers, options);
  const needPhp = kojibox.projects.list().filter(({ stack }) => stack === 'php');
  const isPart = (id: string): boolean => wants(id) || (id === 'php' && needPhp.length > 0);
  await stores.services.update((all) => [
    ...all.filter(({ id }) => id !== 'node' && !CHOOSABLE_SERVICES.some((known) => known === id)),
    ...[...CHOOSABLE_SERVICES, 'node'].map((id) => ({ ...serviceSettings.get(id), enabled: isPart(id) })),
  ]);
  await choosePorts(answers, options);
  for (const id of CHOOSABLE_SERVICES.filter((one) => !isPart(one)))
    if (supervisor.states().some((state) => state.id === id && state.desired === 'up')) await supervisor.stop(id);
  task.done(
    !wants('php') && needPhp.length > 0
      ? sayWork('phpStays', { projects: needPhp.map(({ id }) => id).join(', ') })
      : '',
  );
}

/** Who does not want names in the hosts file gets those out that are there. */
async function forgetNames({ kojibox: { ledger } }: ApplyOptions): Promise<void> {
  for (const { id, kind, undoneAt } of ledger.list())
    if (kind === 'hosts-block' && undoneAt === null) await ledger.undo(id);
}

/** A service that runs moves at once, one that does not has its port at its next start. */
async function choosePorts(answers: FirstRunAnswers, { kojibox }: ApplyOptions): Promise<void> {
  const { serviceSettings, supervisor, stores } = kojibox;
  for (const [key, port] of Object.entries(answers.ports)) {
    const [id = '', name = ''] = key.split('.');
    const config = { ...serviceSettings.get(id), ports: { ...serviceSettings.get(id).ports, [name]: port } };
    if (supervisor.states().some((state) => state.id === id && state.desired === 'up'))
      await serviceSettings.set(config);
    else await stores.services.update((all) => [...all.filter((one) => one.id !== id), config]);
  }
}

/** The page that Kojibox made itself must not be what keeps PHP on a machine that wants none. */
async function replaceStarter(answers: FirstRunAnswers, options: ApplyOptions): Promise<void> {
  const { kojibox } = options;
  const php = kojibox.projects.list().filter(({ stack }) => stack === 'php');
  const [starter] = php;
  if (starter === undefined || php.length > 1 || starter.id !== 'hello') return;
  if (!starter.path.startsWith(kojibox.layout.projects)) return;
  const kind = answers.node ? 'node' : 'static';
  const path = options.starterFolder(kind);
  const isThere = (await options.system.files.realPath(path)) !== null;
  await kojibox.removeProject(starter.id);
  const change = await kojibox.createProject({
    kind: isThere ? 'folder' : kind,
    name: starter.name,
    id: starter.id,
    domain: starter.domain,
    path,
  });
  await kojibox.changes.ended(change.id);
}

async function installNode({ kojibox, context }: ApplyOptions, task: TaskReporter): Promise<void> {
  const installed = await kojibox.runtimes.ensure('node', undefined, task, context.signal);
  task.done(installed.version);
}

async function bringUp(
  answers: FirstRunAnswers,
  before: Readonly<Record<string, string>>,
  { kojibox, context }: ApplyOptions,
  task: TaskReporter,
): Promise<void> {
  const { supervisor, changes } = kojibox;
  task.step('start');
  const up = kojibox.stack.up();
  const cancel = (): void => void changes.cancel(up.id);
  context.signal.addEventListener('abort', cancel);
  try {
    await changes.ended(up.id);
  } finally {
    context.signal.removeEventListener('abort', cancel);
  }
  // PHP that ran before continues in its old version until it is started again.
  const php = supervisor.states().find(({ id }) => id === 'php');
  if (php?.state === 'running' && answers.phpVersion !== (before['php'] ?? null)) await supervisor.restart('php');
  task.done(kojibox.sites()[0]?.url ?? '');
}

/** Programs alone: what a database keeps stays in its data folder. */
async function removeUnused(answers: FirstRunAnswers, { kojibox, context }: ApplyOptions): Promise<void> {
  const { runtimes, supervisor } = kojibox;
  const inUse = new Set(
    supervisor
      .states()
      .filter(({ desired, state }) => desired === 'up' || state !== 'stopped')
      .map(({ runtime }) => runtime),
  );
  const unused = runtimes
    .list(new Map())
    .filter(
      ({ name, installed }) =>
        installed !== null &&
        CHOOSABLE_SERVICES.some((known) => known === name && !answers.services.includes(known)) &&
        !inUse.has(name),
    );
  if (unused.length === 0) return;
  const task = context.task('unused', sayWork('unusedPrograms'), 1);
  await withTask(task, async () => {
    for (const { name, series } of unused) {
      task.step('remove', `${name} ${series}`);
      await runtimes.remove(name, series);
    }
    task.done(unused.map(({ name, series }) => `${name} ${series}`).join(', '));
  });
}

/** A site that cannot be taken over says so in its task, and stops nothing else of the setup. */
async function importSites(answers: FirstRunAnswers, { imports, system, context }: ApplyOptions): Promise<void> {
  for (const { tool, path, keys } of answers.imports) {
    // After an interruption some are there already.
    const { sites } = await imports.scan({ tool, path });
    const left = keys.filter((key) => sites.some((site) => site.key === key && site.problem === null));
    if (left.length === 0) continue;
    let isSaid = false;
    const report = (site: ImportCandidate): TaskReporter => {
      isSaid = true;
      return context.task(site.key, site.project.name, 2);
    };
    await imports.take({ tool, path, keys: left }, report, context.signal).catch((error: unknown) => {
      if (!isSaid || context.signal.aborted) throw error;
      system.log.error('cannot import all sites', { error: String(error) });
    });
  }
}

async function withTask(task: TaskReporter, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    task.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
