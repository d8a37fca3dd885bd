/** createKojibox: core's only public entry. Joins the parts of core; what touches the machine is given. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { AppConfig, ProjectConfig, ServiceConfig } from '../contract/config.ts';
import type { Change } from '../contract/changes.ts';
import { KojiboxError } from '../contract/errors.ts';
import type { EventData, EventName } from '../contract/index.ts';
import type { RuntimeManifest } from '../contract/manifest.ts';
import type { DetectedProject, NewProject } from '../contract/projects.ts';
import type { Program } from '../contract/programs.ts';
import type { ProxyRule } from '../contract/proxy.ts';
import type { Site } from '../contract/stack.ts';
import type { PublicAuthorities } from './certificates/ca-bundle.ts';
import { createCertificates, type Certificates } from './certificates/certificates.ts';
import { createChanges, type Changes, type TaskReporter } from './changes/changes.ts';
import { toError } from './changes/to-error.ts';
import type { JsonStore } from './config/json-store.ts';
import { openStores } from './config/stores.ts';
import { createServiceSettings, type ServiceSettings } from './config/service-settings.ts';
import { ADMINER_HOST, createAdminer, type Adminer } from './databases/adminer.ts';
import { createDatabases, type Databases } from './databases/databases.ts';
import { createDomains, type Domains } from './domains/domains.ts';
import { assertGone, recordKeychainEntry, settleKeychainEntries } from './ledger/entries.ts';
import { createLedger, type Ledger } from './ledger/ledger.ts';
import { layoutOf, type Layout } from './layout.ts';
import { createPorts, type Ports } from './ports/ports.ts';
import { detectProject } from './projects/detect.ts';
import { projectEnvironment } from './projects/environment.ts';
import { createProjectWork } from './projects/project-work.ts';
import { createProjects, type Projects } from './projects/projects.ts';
import { isServable } from './projects/servable.ts';
import { createStarterProject } from './projects/starter.ts';
import { createEdgeConfigWriter, type EdgeControl } from './proxy/edge-config.ts';
import { createSharing, type Sharing } from './proxy/sharing.ts';
import { createSiteWork } from './proxy/site-work.ts';
import { writePhpIni } from './runtimes/php-ini.ts';
import { createRuntimes, type Runtimes } from './runtimes/runtimes.ts';
import type { RuntimeSourceDriver } from './runtimes/source.ts';
import type { Keychain } from './secrets/keychain.ts';
import { createSecretKey, type SecretKey } from './secrets/secret-key.ts';
import { createSecrets, type Secrets } from './secrets/secrets.ts';
import type { ServiceDriver } from './services/driver.ts';
import type { ProbeRunner } from './services/health.ts';
import { createOwnServices, type OwnServices } from './services/own-services.ts';
import { assertPassable, ensureHome, ensureRunFolder, prepareService } from './services/prepare.ts';
import { createCatalog, EDGE_ID, type Catalog, type CatalogEntry, type CatalogOptions } from './stack/catalog.ts';
import { isProgram, resolveProgram, type ProgramName } from './stack/programs.ts';
import { createStack, type Stack } from './stack/stack.ts';
import { createSupervisor, type Supervisor } from './services/supervisor.ts';
import type { System } from './system/system.ts';
import { updateProgressOf } from './updater/progress.ts';

export interface KojiboxOptions {
  readonly home: string;
  readonly system: System;
  readonly driver: ServiceDriver;
  readonly probes: ProbeRunner;
  readonly sources: readonly RuntimeSourceDriver[];
  readonly edge: Omit<CatalogOptions['edge'], 'controlSocket'> & { readonly control: EdgeControl };
  /** Folder of the templates of new projects. */
  readonly templates: string;
  /** Rejects with ARCHIVE_UNSAFE. */
  unpackZip(file: string, folder: string, signal: AbortSignal): Promise<void>;
  readonly userName: string;
  readonly publicAuthorities: PublicAuthorities;
  readonly keychain: Keychain;
  readonly trust: { remove(kind: 'trust-system' | 'trust-nss', target: string): Promise<void> };
  manifest(): RuntimeManifest;
  linkCheck(tree: string, executables: readonly string[]): Promise<void>;
  lastLogLines(id: string): Promise<string>;
  /** Status of a GET through the edge. */
  requestSite(url: string, rootCertificate: string): Promise<number>;
  publish<N extends EventName>(event: N, data: EventData<N>): void;
}

export interface Kojibox {
  readonly layout: Layout;
  readonly runFolder: string;
  readonly homeDigest: string;
  readonly changes: Changes;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  readonly projects: Projects;
  readonly domains: Domains;
  readonly certificates: Certificates;
  readonly ledger: Ledger;
  readonly secrets: Secrets;
  readonly secretKey: SecretKey;
  readonly ports: Ports;
  readonly stack: Stack;
  readonly databases: Databases;
  readonly adminer: Adminer;
  readonly stores: {
    readonly app: JsonStore<AppConfig>;
    readonly services: JsonStore<ServiceConfig[]>;
    readonly rules: JsonStore<ProxyRule[]>;
    readonly projects: JsonStore<ProjectConfig[]>;
  };
  readonly notices: readonly string[];
  readonly serviceSettings: ServiceSettings;
  readonly ownServices: OwnServices;
  readonly sharing: Sharing;
  /** A program of an installed runtime, as the project of this folder uses it. Rejects with RUNTIME_MISSING. */
  program(name: ProgramName, folder: string | undefined): Promise<Program>;
  /** Creates a project's files, serves it, and starts what it needs. Rejects before it begins for what cannot work. */
  createProject(wanted: NewProject): Promise<Change>;
  detectProject(path: string): Promise<DetectedProject>;
  removeProject(id: string): Promise<void>;
  /** Adds a sentence for the user to the notices, and to the daemon's log. */
  notice(text: string): void;
  sites(): Site[];
  /** Defines services for the projects, writes the edge's configuration, names and certificates. */
  applySites(): Promise<void>;
  httpsPort(): number;
  /** The next apply asks again which ports the edge may have. */
  forgetPorts(): void;
  /** Creates or changes a project and serves it. */
  setProject(project: ProjectConfig): Promise<void>;
}

export async function createKojibox(options: KojiboxOptions): Promise<Kojibox> {
  const { system, home, publish } = options;
  const layout = layoutOf(home);
  const homeDigest = createHash('sha256').update(home).digest('hex').slice(0, 8);
  const notices: string[] = [];
  const notice = (text: string): void => {
    notices.push(text);
    system.log.warn(text);
  };

  await ensureHome(
    system,
    [
      join(home, 'app'),
      join(home, 'runtime'),
      layout.config,
      layout.projects,
      layout.appLogs,
      layout.certificates,
      layout.cache,
      layout.bin,
      layout.data,
      layout.serviceLogs,
      layout.runtimeConfig,
      layout.temp,
      layout.downloads,
    ],
    home,
  );
  const runFolder = await ensureRunFolder(system, home, homeDigest);
  const {
    app,
    services,
    rules,
    lock,
    projects: projectStore,
    domains: domainStore,
    ports: portStore,
    secrets: secretStore,
    ledger: ledgerStore,
    shares: shareStore,
    ownServices: ownStore,
  } = await openStores(system, layout, notice);
  const secretKey = await createSecretKey({
    files: system.files,
    keyFile: layout.secretsKey,
    placeFile: layout.secretsPlace,
    keychain: options.keychain,
    hasSealed: () => Object.keys(secretStore.get()).length > 0,
    recordEntry: (account, make) => recordKeychainEntry(ledger, options.keychain.label, account, make),
    entryRemoved: () => settleKeychainEntries(ledger),
  });
  const secrets = createSecrets({ key: secretKey, store: secretStore });
  const ports = createPorts({ network: system.network, store: portStore, notice });
  const certificates = createCertificates({ system, layout, userName: options.userName, notice });
  const caBundle = join(layout.certificates, 'ca-bundle.pem');

  const reporters = new Map<string, TaskReporter>();
  const changes = createChanges({
    clock: system.clock,
    publish(change: Change) {
      publish('change:updated', change);
      const progress = updateProgressOf(change);
      if (progress !== null) publish('update:progress', progress);
    },
    toError,
  });
  const runtimes = createRuntimes({
    system,
    layout,
    manifest: options.manifest,
    sources: options.sources,
    lock,
    linkCheck: options.linkCheck,
    preferred: (name) => app.get().versions[name],
    finish: new Map([
      [
        'php',
        (staging, target, binary) =>
          writePhpIni(system.files, staging, target, binary.series ?? binary.version, caBundle),
      ],
    ]),
  });

  const domains = createDomains({
    system,
    store: domainStore,
    homeDigest,
    ledger: () => ledger,
    projectWith: (domain) => projectStore.get().find((project) => project.domain === domain)?.id ?? null,
  });
  const ledger = createLedger({
    clock: system.clock,
    store: ledgerStore,
    undoers: {
      'hosts-block': () => domains.removeHostsBlock(),
      'trust-system': (target) => options.trust.remove('trust-system', target),
      'trust-nss': (target) => options.trust.remove('trust-nss', target),
      'low-ports': (target) => assertGone(system.files, target),
      resolver: (target) => assertGone(system.files, target),
      'keychain-key': () => secretKey.moveTo('file'),
    },
  });
  const projects = createProjects({
    store: projectStore,
    files: system.files,
    domainOwner: (domain) =>
      domainStore.get().find((mapping) => mapping.domain === domain)?.projectId ??
      rules.get().find(({ host }) => host === domain)?.host ??
      null,
    isServable: (path) => isServable(system, path),
  });

  const serviceSettings = createServiceSettings({
    store: services,
    ports,
    network: system.network,
    secrets,
    supervisor: () => supervisor,
    async applySites() {
      siteWork.forgetPorts();
      await applySites();
    },
  });
  const environmentFor = (project: ProjectConfig, service: string): Promise<Record<string, string>> =>
    projectEnvironment(project, service, {
      secrets,
      assignedPorts: () => ports.registry().assigned,
      serviceEnvironment: (id) => serviceSettings.get(id).env,
      isWanted: (id) => serviceSettings.get(id).enabled,
      userOverrides: () => app.get().overrides,
    });
  const program: Kojibox['program'] = (name, folder) =>
    resolveProgram(name, {
      runtimes,
      runFolder,
      project: projectStore.get().find(({ path }) => folder === path || folder?.startsWith(`${path}/`)) ?? null,
      port: (key, fallback) => ports.registry().assigned[key] ?? fallback,
      password: async (service) => (await secrets.get({ key: `${service}-password`, scope: 'service' })) ?? '',
    });
  const controlSocket = join(runFolder, 'edge.sock');
  const entries = new Map<string, CatalogEntry>();
  const catalog: Catalog = createCatalog({
    system,
    layout,
    runFolder,
    ports,
    secrets,
    caBundle,
    edge: { ...options.edge, controlSocket },
    defaultSeries: (name) => runtimes.defaultSeries(name),
    installed: (runtime, series) => Promise.resolve(runtimes.installed(runtime, series)),
    treePath: (installed) => runtimes.treePath(installed),
    serviceConfig: (id) => serviceSettings.get(id),
    ownServices: () => ownStore.get(),
    program: (name, folder) => (isProgram(name) ? program(name, folder) : Promise.resolve(null)),
    environment: environmentFor,
    async command(project) {
      const command = project.overrides['COMMAND'] ?? (await detectProject(system.files, project.path))?.command;
      if (command !== undefined && command !== null) return command;
      throw new KojiboxError('START_FAILED', `cannot start ${project.name}`, {
        detail: `${project.path} has no package script "dev" or "start" and no server.js`,
        source: 'services',
        remedy: 'Say what starts it: set COMMAND in the settings of the project.',
      });
    },
    prepare: (plan) => prepareService(system, plan, { onInitialise: (id) => reporters.get(id)?.step('initialise') }),
  });
  const entryOf = (id: string): CatalogEntry => {
    const entry = entries.get(id);
    if (entry === undefined) throw new KojiboxError('NOT_FOUND', `there is no service "${id}"`, { source: 'services' });
    return entry;
  };
  const supervisor = createSupervisor({
    clock: system.clock,
    log: system.log,
    drivers: new Map([[options.driver.name, options.driver]]),
    probes: options.probes,
    random: Math.random,
    resolve: (id, { purpose }) => (purpose === 'adopt' ? catalog.describe(entryOf(id)) : catalog.prepare(entryOf(id))),
    lastLogLines: options.lastLogLines,
    onState(state) {
      publish('service:stateChanged', state);
      const planned = siteWork.appPort(state.id);
      // Its port was taken when it started again: the edge has to know the new one.
      if (state.state === 'running' && planned !== undefined && planned !== state.ports[0]?.port)
        void applySites().catch((error: unknown) => system.log.error('cannot apply sites', { error: String(error) }));
    },
    onHealth: (id, status) => publish('service:health', { id, status }),
  });

  const defineServices = (): CatalogEntry[] => {
    const wanted = catalog.entries(projectStore.get());
    for (const entry of wanted) entries.set(entry.id, entry);
    for (const { id, name, runtime, series, dependsOn } of wanted) {
      const version = runtime === null ? null : (runtimes.installed(runtime, series ?? undefined)?.version ?? null);
      supervisor.define({
        id,
        name,
        runtime,
        version,
        dependsOn,
        ports: [],
        connect: null,
        driver: options.driver.name,
      });
    }
    return wanted;
  };

  const siteWork = createSiteWork({
    system,
    ports,
    domains,
    certificates,
    caBundle,
    rootCertificate: layout.rootCertificate,
    publicAuthorities: options.publicAuthorities,
    edge: createEdgeConfigWriter({ system, layout, certificates, control: options.edge.control, controlSocket }),
    wantsHosts: () => app.get().useHosts,
    edgeRuns: () => entries.has(EDGE_ID) && supervisor.state(EDGE_ID).state === 'running',
    projects: () => projectStore.get(),
    mappings: () => domainStore.get(),
    rules: () => rules.get(),
    documentRoot: (project) => projects.documentRoot(project),
    php: (project) => catalog.phpFor(project),
    app: (project) => catalog.appFor(project),
    environment: environmentFor,
    extraSites: async () => [await adminer.site()].filter((site) => site !== null),
    shares: () => sharing.list(),
    define: () => void defineServices(),
  });
  const { applySites, sites } = siteWork;
  const sharing = createSharing({
    system,
    ports,
    store: shareStore,
    applySites,
    isProject: (id) => projectStore.get().some((project) => project.id === id),
  });

  const adminer = createAdminer({
    system,
    folder: join(layout.runtimeConfig, 'adminer'),
    runtimes,
    secrets,
    databases: () => databases,
    php: () => catalog.phpFor({ overrides: {} }),
    applySites: () => applySites(),
    link: () => domains.linkFor(ADMINER_HOST, siteWork.httpsPort()),
  });

  const prepareStack = async (): Promise<CatalogEntry[]> => {
    await assertPassable(system, layout.data);
    if (projectStore.get().length === 0 && (await system.files.stat(layout.projectsConfig)) === null) {
      // In the language that is wanted: a stack without PHP does not fetch it for a page of ours.
      const wants = (id: string): boolean => serviceSettings.get(id).enabled;
      const stack = wants('php') ? 'php' : wants('node') ? 'node' : 'static';
      const starter = await createStarterProject(system.files, {
        template: join(options.templates, stack === 'php' ? 'hello' : stack),
        stack,
        folder: join(layout.projects, 'hello'),
        owner: system.host.isRoot ? system.host.serviceUser : null,
      });
      await projects.set(starter);
    }
    return defineServices().filter(({ enabled }) => enabled);
  };

  const stack = createStack({
    changes,
    runtimes,
    supervisor,
    reporters,
    prepare: prepareStack,
    applySites,
    forgetPorts: () => siteWork.forgetPorts(),
    async checkSite() {
      const first = sites()[0];
      if (first === undefined) return null;
      return {
        url: first.url,
        status: await options.requestSite(first.url, (await system.files.readText(layout.rootCertificate)) ?? ''),
      };
    },
  });

  const { setProject, createProject, removeProject } = createProjectWork({
    changes,
    runtimes,
    supervisor,
    projects,
    catalog,
    applySites,
    tools: {
      files: system.files,
      processes: system.processes,
      templates: options.templates,
      get folder() {
        return app.get().projectsFolder || layout.projects;
      },
      owner: system.host.isRoot ? system.host.serviceUser : null,
      environment: system.host.environment,
      unpackZip: (file, folder, signal) => options.unpackZip(file, folder, signal),
    },
    changed: (id) => publish('config:changed', { scope: 'project', id }),
  });

  const databases = createDatabases({ system, runtimes, supervisor, secrets, changes, backups: layout.backups });

  const ownServices = createOwnServices({
    store: ownStore,
    supervisor,
    secrets,
    applyDefinitions: () => void defineServices(),
  });

  defineServices();
  sharing.resume();
  return {
    setProject,
    createProject,
    removeProject,
    async detectProject(path) {
      const detected = await detectProject(system.files, path);
      if (detected !== null) return detected;
      throw new KojiboxError('VALIDATION_FAILED', 'Invalid project path', {
        detail: `Path does not exist or is not readable: ${path} is no folder`,
        source: 'config',
      });
    },
    serviceSettings,
    ownServices,
    sharing,
    program,
    layout,
    runFolder,
    homeDigest,
    changes,
    runtimes,
    supervisor,
    projects,
    domains,
    certificates,
    ledger,
    secrets,
    secretKey,
    ports,
    stack,
    databases,
    adminer,
    notices,
    notice,
    sites,
    applySites,
    stores: { app, services, rules, projects: projectStore },
    httpsPort: () => siteWork.httpsPort(),
    forgetPorts: () => siteWork.forgetPorts(),
  };
}
