/** Which services there are, and how each becomes something to launch. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { ownValue } from '../../contract/own-value.ts';
import { hasProgram, type ProjectConfig, type ServiceConfig } from '../../contract/config.ts';
import type { OwnService } from '../../contract/own-services.ts';
import type { InstalledRuntime } from '../../contract/runtimes.ts';
import type { Layout } from '../layout.ts';
import type { Ports } from '../ports/ports.ts';
import { recipes } from '../recipes/index.ts';
import { planProjectProgram } from '../recipes/project-program.ts';
import { planOwnProgram } from '../recipes/own-program.ts';
import { assertComplete } from '../projects/missing-parts.ts';
import type { ServicePlan } from '../recipes/recipe.ts';
import { resolveAll, resolveReferences } from '../secrets/references.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { accountOf } from '../system/accounts.ts';
import { launchUserOf, socketFolderOf } from '../services/service-user.ts';
import type { FileOwner } from '../system/files.ts';
import type { System } from '../system/system.ts';
import type { LaunchSpec } from '../services/driver.ts';
import type { Environments } from './environments.ts';
import { isProgram } from './programs.ts';
import { isOn } from './is-on.ts';

export interface CatalogEntry {
  readonly id: string;
  readonly name: string;
  readonly runtime: string | null;
  /** Version as the user types it; null for what Kojibox brings itself. */
  readonly series: string | null;
  readonly dependsOn: readonly string[];
  /** False: the user switched it off. It can be started by hand, and is not started with the stack. */
  readonly enabled: boolean;
  /** PHP with Xdebug loaded. */
  readonly debug?: boolean;
  /** Who runs it, where that is another than the services' user. */
  readonly user?: FileOwner;
  /** Whose settings it has; default: its own. */
  readonly settings?: string;
  /** The project whose own program it is. */
  readonly project?: ProjectConfig;
  /** What the user defined. */
  readonly own?: OwnService;
}

/** What decides which PHP runs it; without a folder it is a site of Kojibox itself. */
export type PhpProject = Pick<ProjectConfig, 'overrides'> & Partial<Pick<ProjectConfig, 'path'>>;

/** Other services that run with the settings of this one. */
export const withSettingsOf = (entries: readonly CatalogEntry[], id: string): string[] =>
  entries.filter((entry) => entry.settings === id && entry.id !== id).map((entry) => entry.id);

export interface PhpOfProject {
  readonly service: string;
  readonly series: string;
  readonly socket: string;
  /** Whose settings it has. */
  readonly settings: string;
  /** Who runs it, where that is another than the services' user. */
  readonly user: FileOwner | undefined;
}

export interface PreparedLaunch {
  readonly plan: ServicePlan;
  readonly spec: LaunchSpec;
}

export interface CatalogOptions {
  readonly system: System;
  readonly layout: Layout;
  readonly runFolder: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly caBundle: string;
  readonly edge: {
    readonly command: string;
    readonly args: readonly string[];
    /** What the command needs to be a Node, besides what every service gets. */
    readonly env: Readonly<Record<string, string>>;
    readonly controlSocket: string;
  };
  /** Series used when no one asks for one. */
  defaultSeries(runtime: string): string;
  installed(runtime: string, series: string): Promise<InstalledRuntime | null>;
  treePath(installed: InstalledRuntime): string;
  /** Settings that a runtime reads from a file; null for one that has none. */
  runtimeSettings(installed: InstalledRuntime): Promise<{ readonly path: string; readonly content: string } | null>;
  serviceConfig(id: string): ServiceConfig;
  /** Who runs a project's code: who owns its folder. Undefined: the services' user. */
  ownerOf(project: Pick<ProjectConfig, 'path'>): FileOwner | undefined;
  ownServices(): readonly OwnService[];
  readonly environments: Environments;
  /** What starts a project's own program. */
  command(project: ProjectConfig): Promise<string>;
  /** Names of a project, its own first. */
  domainsOf(project: ProjectConfig): readonly string[];
  prepare(plan: ServicePlan): Promise<void>;
}

export interface Catalog {
  /** The services that the projects need, and those that are switched off. */
  entries(projects: readonly ProjectConfig[]): CatalogEntry[];
  /** Service that runs a project's PHP, and its socket. */
  phpFor(project: PhpProject): PhpOfProject;
  /** Service that runs a project's own Node program, and the port it has; a port is assigned when it has none. */
  appFor(project: ProjectConfig): Promise<{ service: string; port: number }>;
  /** Services that the code of a project runs in. */
  servicesOf(project: ProjectConfig): string[];
  /** Runtimes and series that one project runs on: those of its code and of the servers. */
  runtimesOf(project: ProjectConfig): { name: string; series: string }[];
  prepare(entry: CatalogEntry): Promise<PreparedLaunch>;
  /** Rejects with VALIDATION_FAILED when the program or the folder of a service is not there. */
  assertRunnable(definition: OwnService): Promise<void>;
  /** The same for a service that runs already: nothing is prepared, its ports are the ones it has. */
  describe(entry: CatalogEntry): Promise<PreparedLaunch>;
}

const NAMES: Readonly<Record<string, string>> = {
  php: 'PHP',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
  redis: 'Redis',
};
/** The slowest to start first: its start is what the whole stack waits for. */
const DATABASES = ['mariadb', 'postgres', 'redis'] as const;
export const EDGE_ID = 'edge';
/** Sites are for this machine. */
export const EDGE_ADDRESSES = ['127.0.0.1', '::1'] as const;
const withUser = (plan: ServicePlan, user: FileOwner | undefined): ServicePlan =>
  user === undefined ? plan : { ...plan, user };
/** As a login shell of the system has them. */
const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;
const APP_PREFIX = 'app-';
/** Service of a project's own program. */
export const appServiceOf = ({ id }: Pick<ProjectConfig, 'id'>): string => `${APP_PREFIX}${id}`;
/** Whether a service is the program of a project, by its id. */
export const isAppService = (id: string): boolean => id.startsWith(APP_PREFIX);
/** Where the ports of projects' own programs begin. */
const APP_PORT = 3100;

/** The PATH of a program alone; what it finds besides comes from the service. */
const withoutPath = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'PATH'));

const missing = (runtime: string, series: string): KojiboxError =>
  new KojiboxError('RUNTIME_MISSING', 'Required runtime binary not found', {
    detail: `${runtime} ${series} not present in runtime/bin`,
    source: 'runtime',
    remedy: `Install it with: koji runtime install ${runtime} ${series}`,
  });

export function createCatalog(options: CatalogOptions): Catalog {
  const { system, layout, runFolder } = options;

  /** `php` for the default version, `php-8.4` for another. */
  const serviceId = (runtime: string, series: string): string =>
    series === options.defaultSeries(runtime) ? runtime : `${runtime}-${series}`;
  const socketFolder = (user: FileOwner | undefined): string => socketFolderOf(system.host, runFolder, user);

  /** Projects that debug share a PHP of their own, so that the others stay fast; so do those that one user owns, as they run as that user. */
  const phpEntryFor = (project: PhpProject): CatalogEntry & { series: string; settings: string } => {
    const series = project.overrides['PHP_VERSION'] ?? options.defaultSeries('php');
    const standard = { ...entryOf('php', series), series };
    const entry = isOn(project.overrides['XDEBUG'])
      ? { ...standard, id: `${standard.id}-xdebug`, name: `${standard.name} (Xdebug)`, debug: true }
      : standard;
    const user = project.path === undefined ? undefined : options.ownerOf({ path: project.path });
    const settings = entry.id;
    return user === undefined
      ? { ...entry, settings }
      : { ...entry, id: `${entry.id}-u${user.uid}`, name: `${entry.name} (user ${user.uid})`, user, settings };
  };
  const phpFor: Catalog['phpFor'] = (project) => {
    const { id, series, user, settings } = phpEntryFor(project);
    return { service: id, series, socket: join(socketFolder(user), `${id}.sock`), settings, user };
  };

  const entryOf = (runtime: string, series: string): CatalogEntry => ({
    id: serviceId(runtime, series),
    name: NAMES[runtime] ?? runtime,
    runtime,
    series,
    dependsOn: [],
    enabled: options.serviceConfig(serviceId(runtime, series)).enabled,
  });

  type PortChooser = (key: string, fallback: number, wanted: number | undefined) => Promise<number>;
  const assignPort: PortChooser = (key, fallback, wanted) => options.ports.assign(key, fallback, wanted);
  const knownPort: PortChooser = (key, fallback) => Promise.resolve(options.ports.registry().assigned[key] ?? fallback);

  /** One after another. By name; the names of ports are the user's. */
  const portsOf = async (
    wanted: readonly { readonly name: string; readonly port: number }[],
    choose: (name: string, port: number) => Promise<number>,
  ): Promise<Record<string, number>> => {
    const chosen: [string, number][] = [];
    for (const { name, port } of wanted) chosen.push([name, await choose(name, port)]);
    return Object.fromEntries(chosen);
  };

  const planRuntime = async (
    entry: CatalogEntry & { runtime: string; series: string },
    choosePort: PortChooser,
  ): Promise<ServicePlan> => {
    const recipe = recipes.get(entry.runtime);
    if (recipe === undefined)
      throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot run ${entry.runtime} as a service`, { source: 'services' });
    const installed = await options.installed(entry.runtime, entry.series);
    if (installed === null) throw missing(entry.runtime, entry.series);
    const config = options.serviceConfig(entry.settings ?? entry.id);
    const user = { kind: 'service', id: entry.settings ?? entry.id } as const;
    const ports = await portsOf(recipe.ports, (name, port) =>
      choosePort(`${entry.id}.${name}`, port, ownValue(config.ports, name)),
    );
    const plan = recipe.plan({
      id: entry.id,
      version: installed.version,
      series: entry.series,
      tree: options.treePath(installed),
      dataFolder: join(layout.data, entry.runtime, entry.series),
      configFolder: join(layout.runtimeConfig, entry.id),
      tempFolder: join(layout.temp, entry.id),
      runFolder: socketFolder(entry.user),
      socketMode: system.host.isRoot ? 0o660 : 0o600,
      sessionFolder: layout.sessions,
      logFile: join(layout.serviceLogs, `${entry.id}.log`),
      ports,
      password: await options.secrets.ensure({ key: `${entry.id}-password`, scope: 'service' }),
      caBundle: options.caBundle,
      debug: entry.debug === true,
      runtimeSettings: await options.runtimeSettings(installed),
      extensions: installed.extensions ?? [],
      mailDrop: layout.mailDrop,
      extraArgs: await Promise.all(config.args.map((text) => resolveReferences(text, options.secrets, user))),
      extraEnv: await resolveAll(config.env, options.secrets, user),
    });
    return withUser(plan, entry.user);
  };

  /** Root binds the ports, and becomes the edge's user before it reads the file, which names no user. */
  const rightsOfEdge = (): string[] => {
    if (!system.host.isRoot) return [];
    const { uid, gid } = system.host.edgeUser;
    const assigned = options.ports.registry().assigned;
    const ports = [assigned['edge.https'], assigned['edge.http']].filter((port) => port !== undefined);
    return [
      '--run-as',
      `${uid}:${gid}`,
      ...EDGE_ADDRESSES.flatMap((address) => ports.flatMap((port) => ['--bind', `${address},${port}`])),
    ];
  };

  const planEdge = (entry: CatalogEntry): ServicePlan => ({
    id: entry.id,
    name: entry.name,
    runtime: null,
    version: null,
    command: options.edge.command,
    args: [...options.edge.args, ...rightsOfEdge(), layout.edgeConfig],
    env: { NODE_ENV: 'production', ...options.edge.env },
    cwd: '/',
    ports: [],
    sockets: [options.edge.controlSocket],
    dependsOn: entry.dependsOn,
    probe: { type: 'http-socket', socket: options.edge.controlSocket, path: '/status' },
    restartPolicy: { maxRetries: 10, backoffMs: 200 },
    probeIntervalMs: 10_000,
    startDeadlineMs: 15_000,
    stopSignal: 'SIGTERM',
    stopGraceMs: 5000,
    asServiceUser: false,
    user: system.host.edgeUser,
    folders: [],
    files: [],
    initialise: null,
    connect: null,
  });

  const nodeSeries = (project: ProjectConfig): string =>
    project.overrides['NODE_VERSION'] ?? options.defaultSeries('node');
  const appFor: Catalog['appFor'] = async (project) => {
    const service = appServiceOf(project);
    const wanted = options.serviceConfig(service).ports['http'];
    const known = options.ports.registry().assigned[`${service}.http`];
    // A running program holds its port itself; asking whether it is free would move it.
    const port = known ?? (await options.ports.assign(`${service}.http`, APP_PORT, wanted));
    return { service, port };
  };

  const planApp = async (
    entry: CatalogEntry,
    project: ProjectConfig,
    choosePort: PortChooser,
  ): Promise<ServicePlan> => {
    const node = project.stack === 'node' ? await options.installed('node', nodeSeries(project)) : null;
    if (project.stack === 'node' && node === null) throw missing('node', nodeSeries(project));
    const config = options.serviceConfig(entry.id);
    const owner = options.ownerOf(project);
    const plan = planProjectProgram({
      id: entry.id,
      name: entry.name,
      node: node === null ? null : { version: node.version, tree: options.treePath(node) },
      folder: project.path,
      programFolders: options.environments.programFolders(project),
      command: await resolveReferences(await options.command(project), options.secrets, {
        kind: 'project',
        id: project.id,
      }),
      port: await choosePort(`${entry.id}.http`, APP_PORT, config.ports['http']),
      domains: options.domainsOf(project),
      account: await accountOf(system, (owner ?? system.host.serviceUser).uid),
      tempFolder: join(layout.temp, entry.id),
      env: {
        SSL_CERT_FILE: options.caBundle,
        NODE_EXTRA_CA_CERTS: options.caBundle,
        ...(await options.environments.values(project, entry.id)),
      },
    });
    return withUser(plan, owner);
  };

  /** Absolute path of a program of this machine. Rejects with START_FAILED. */
  const findProgram = async (binary: string): Promise<string> => {
    const candidates = binary.startsWith('/') ? [binary] : PROGRAM_FOLDERS.map((folder) => join(folder, binary));
    for (const candidate of candidates) if ((await system.files.realPath(candidate)) !== null) return candidate;
    throw new KojiboxError('START_FAILED', `cannot find the program ${binary}`, {
      detail: binary.startsWith('/') ? 'there is no such file' : `it is in none of ${PROGRAM_FOLDERS.join(', ')}`,
      source: 'services',
      remedy: 'Say where it is: define the service with an absolute path.',
    });
  };

  const planOwn = async (entry: CatalogEntry, own: OwnService, choosePort: PortChooser): Promise<ServicePlan> => {
    const config = options.serviceConfig(entry.id);
    const user = { kind: 'service', id: entry.id } as const;
    const ports = await portsOf(own.ports, (name, port) =>
      choosePort(`${entry.id}.${name}`, port, ownValue(config.ports, name) ?? port),
    );
    const project = await options.environments.projectOf(own);
    const environment = project === null ? {} : await options.environments.values(project, entry.id);
    // What Kojibox brings comes first, in the version of the project that the service works in.
    const brought = isProgram(own.binary)
      ? await options.environments.programIn(own.binary, project, environment)
      : null;
    // A worker of a project works with the project's files.
    const owner = project === null ? undefined : options.ownerOf(project);
    const plan = planOwnProgram({
      definition: own,
      command: brought?.command ?? (await findProgram(own.binary)),
      path: [
        ...(brought === null ? [] : [dirname(brought.command)]),
        ...(project === null ? [] : options.environments.programFolders(project)),
        ...PROGRAM_FOLDERS,
      ].join(':'),
      ports,
      tempFolder: join(layout.temp, entry.id),
      account: await accountOf(system, (owner ?? system.host.serviceUser).uid),
      args: [
        ...(brought?.args ?? []),
        ...(await Promise.all(
          [...own.args, ...config.args].map((text) => resolveReferences(text, options.secrets, user)),
        )),
      ],
      env: {
        ...environment,
        ...(brought === null ? {} : withoutPath(brought.env)),
        ...(await resolveAll({ ...own.env, ...config.env }, options.secrets, user)),
      },
    });
    return withUser(plan, owner);
  };

  const planOf = (entry: CatalogEntry, choosePort: PortChooser): Promise<ServicePlan> =>
    entry.own !== undefined
      ? planOwn(entry, entry.own, choosePort)
      : entry.project !== undefined
        ? planApp(entry, entry.project, choosePort)
        : entry.runtime !== null && entry.series !== null
          ? planRuntime({ ...entry, runtime: entry.runtime, series: entry.series }, choosePort)
          : Promise.resolve(planEdge(entry));

  /** Everything of a service that decides what runs, as one digest: an adopted service with another one is restarted at its next start. */
  const launchSpecOf = (plan: ServicePlan): LaunchSpec => {
    const user = launchUserOf(system.host, plan);
    const what = {
      command: plan.command,
      args: plan.args,
      env: plan.env,
      cwd: plan.cwd,
      files: plan.files.map(({ content }) => content),
      ...(user === null ? {} : { user }),
    };
    return {
      id: plan.id,
      command: plan.command,
      args: plan.args,
      env: plan.env,
      cwd: plan.cwd,
      logFile: join(layout.serviceLogs, `${plan.id}.log`),
      user,
      fingerprint: createHash('sha256').update(JSON.stringify(what)).digest('hex'),
    };
  };

  const entries: Catalog['entries'] = (projects) => {
    const php = new Map([[phpDefault(options).id, phpDefault(options)]]);
    for (const project of projects.filter(({ stack }) => stack === 'php')) {
      const entry = phpEntryFor(project);
      php.set(entry.id, entry);
    }
    const databases = DATABASES.map((runtime) => entryOf(runtime, options.defaultSeries(runtime)));
    const edge: CatalogEntry = {
      id: EDGE_ID,
      name: 'Edge (HTTPS)',
      runtime: null,
      series: null,
      dependsOn: [],
      enabled: true,
    };
    const apps = projects.filter(hasProgram).map((project): CatalogEntry => ({
      id: appServiceOf(project),
      name: project.name,
      runtime: project.stack === 'node' ? 'node' : null,
      series: project.stack === 'node' ? nodeSeries(project) : null,
      dependsOn: [],
      enabled: options.serviceConfig(appServiceOf(project)).enabled,
      project,
    }));
    const own = options.ownServices().map((definition): CatalogEntry => ({
      id: definition.id,
      name: definition.name,
      runtime: null,
      series: null,
      dependsOn: definition.dependsOn,
      enabled: options.serviceConfig(definition.id).enabled,
      own: definition,
    }));
    return [...databases, ...php.values(), ...apps, ...own, edge];
  };

  const assertRunnable: Catalog['assertRunnable'] = async (own) => {
    const invalid = (field: string, detail: string, remedy: string): KojiboxError =>
      new KojiboxError('VALIDATION_FAILED', `cannot use the definition of ${own.id}`, {
        detail,
        source: 'services',
        field,
        remedy,
      });
    const folder = await system.files.realPath(own.cwd);
    if (folder === null || (await system.files.stat(folder))?.type !== 'directory')
      throw invalid('cwd', `there is no folder ${own.cwd}`, 'Make the folder first, or name another one.');
    // Kojibox brings it, and installs it for the start.
    if (isProgram(own.binary)) return;
    await findProgram(own.binary).catch((error: unknown) => {
      if (!(error instanceof KojiboxError)) throw error;
      throw invalid('binary', `${error.message}: ${error.detail}`, error.remedy);
    });
  };

  return {
    phpFor,
    appFor,
    assertRunnable,
    servicesOf: (project) =>
      project.stack === 'php' ? [phpFor(project).service] : hasProgram(project) ? [appServiceOf(project)] : [],
    entries,
    runtimesOf(project) {
      const code = project.stack === 'php' ? phpFor(project).series : null;
      return entries([project])
        .filter(({ runtime, series, enabled }) => enabled && (runtime !== 'php' || series === code))
        .flatMap(({ runtime, series }) => (runtime === null || series === null ? [] : [{ name: runtime, series }]));
    },
    async describe(entry) {
      const plan = await planOf(entry, knownPort);
      return { plan, spec: launchSpecOf(plan) };
    },
    async prepare(entry) {
      if (entry.project !== undefined) await assertComplete(system.files, entry.project);
      const plan = await planOf(entry, assignPort);
      await options.prepare(plan);
      return { plan, spec: launchSpecOf(plan) };
    },
  };

  function phpDefault({ defaultSeries }: CatalogOptions): CatalogEntry {
    return entryOf('php', defaultSeries('php'));
  }
}
