/** createKojibox: core's only public entry. Joins the parts of core; what touches the machine is given. */
import { join } from 'node:path';
import type { Change } from '../contract/changes.ts';
import { KojiboxError } from '../contract/errors.ts';
import { createCertificates } from './certificates/certificates.ts';
import { createChanges, type TaskReporter } from './changes/changes.ts';
import { toError } from './changes/to-error.ts';
import { createSetApp } from './config/app-settings.ts';
import { openStores } from './config/stores.ts';
import { createServiceSettings } from './config/service-settings.ts';
import { ADMINER_HOST, createAdminer } from './databases/adminer.ts';
import { createDatabases } from './databases/databases.ts';
import { createDataHold } from './databases/snapshots/data-hold.ts';
import { createDomains } from './domains/domains.ts';
import { NAME_SERVER_PORT_KEY } from './domains/resolver.ts';
import { assertGone, recordKeychainEntry, settleKeychainEntries } from './ledger/entries.ts';
import { createLedger } from './ledger/ledger.ts';
import { digestOfHome, layoutOf } from './layout.ts';
import { createNotices } from './notices.ts';
import { portName } from './ports/port-name.ts';
import { createPorts } from './ports/ports.ts';
import { commandOf, domainsOf } from './projects/command-of.ts';
import { detectFolder } from './projects/detect-folder.ts';
import { createPhpSettings, createPhpSettingsStore } from './php/php-settings.ts';
import { createForget } from './projects/forget-project.ts';
import { createLeftovers } from './projects/leftovers.ts';
import { createFolderOwners } from './projects/owner-notices.ts';
import { ownerOfNew } from './projects/owners.ts';
import { createPlaceCheck } from './projects/place.ts';
import { createProjectWork } from './projects/project-work.ts';
import { linkFoldersOf } from './projects/allowed-links.ts';
import { createProjectRules } from './projects/project-rules.ts';
import { createProjects } from './projects/projects.ts';
import { isServable } from './projects/servable.ts';
import { createEdgeConfigWriter, FALLBACK_DOMAIN } from './proxy/edge-config.ts';
import { createNameWork } from './proxy/name-work.ts';
import { createSharing } from './proxy/sharing.ts';
import { withEvidence } from './proxy/site-evidence.ts';
import { reachedApp } from './proxy/edge-sites.ts';
import { createSiteWork } from './proxy/site-work.ts';
import { seriesOf } from './runtimes/install.ts';
import { writePhpIni } from './runtimes/php-ini.ts';
import { sendmailScript } from './runtimes/sendmail-script.ts';
import { bringTimeZones } from './runtimes/time-zones.ts';
import { createMissingRuntimes } from './stack/missing-runtimes.ts';
import { createRuntimes } from './runtimes/runtimes.ts';
import { createSecretKey } from './secrets/secret-key.ts';
import { createSecrets } from './secrets/secrets.ts';
import { createHeldServices } from './services/held-services.ts';
import { createOwnServices } from './services/own-services.ts';
import { ensureHome, prepareService } from './services/prepare.ts';
import { ensureRunFolder } from './services/run-folder.ts';
import { socketFolderOf } from './services/service-user.ts';
import { removeRcBlock } from './shims/undo-rc.ts';
import { appServiceOf, createCatalog, EDGE_ID, isAppService, withSettingsOf } from './stack/catalog.ts';
import type { Catalog, CatalogEntry } from './stack/catalog.ts';
import { isEngine } from './databases/engine-access.ts';
import { createLogins } from './databases/logins/logins.ts';
import { ensureStarter } from './stack/starter-stack.ts';
import { createEnvironments } from './stack/environments.ts';
import { findLostSockets } from './stack/lost-sockets.ts';
import { createProgramRefresh } from './stack/refresh-programs.ts';
import { createStack, siteToCheck } from './stack/stack.ts';
import { createSupervisor } from './services/supervisor.ts';
import { updateProgressOf } from './updater/progress.ts';
import type { Kojibox, KojiboxOptions } from './kojibox-types.ts';

export async function createKojibox(options: KojiboxOptions): Promise<Kojibox> {
  const { system, home, publish } = options;
  const layout = layoutOf(home);
  const homeDigest = digestOfHome(home);
  const noticeBoard = createNotices((text) => system.log.warn(text));
  const { list: notices, add: notice, drop: dropNotice } = noticeBoard;

  await ensureHome(system, layout);
  const runFolder = await ensureRunFolder(system, layout, homeDigest);
  const stores = await openStores(system, layout, notice);
  const { app, services, rules, lock, runtimes: choices } = stores;
  const secretKey = await createSecretKey({
    files: system.files,
    keyFile: layout.secretsKey,
    placeFile: layout.secretsPlace,
    keychain: options.keychain,
    hasSealed: () => Object.keys(stores.secrets.get()).length > 0,
    recordEntry: (account, make) => recordKeychainEntry(ledger, options.keychain.label, account, make),
    entryRemoved: () => settleKeychainEntries(ledger),
  });
  const secrets = createSecrets({ key: secretKey, store: stores.secrets });
  const ports = createPorts({
    network: system.network,
    store: stores.ports,
    nameOf: (key) => portName(key, supervisor.states()),
    notice,
    dropNotice,
  });
  const certificates = createCertificates({ system, layout, userName: options.userName, notice });
  const phpPlaces = { caBundle: layout.caBundle, sendmail: layout.sendmail };
  await system.files.writeAtomic(layout.sendmail, sendmailScript(layout.portsConfig), { mode: 0o644 });
  const phpStored = createPhpSettingsStore({ system, store: stores.php, places: phpPlaces });
  const reporters = new Map<string, TaskReporter>();
  const missing = createMissingRuntimes();
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
    choices: () => choices.get(),
    extensionsOf: (series) => phpStored.choice(series).added ?? [],
    sources: options.sources,
    lock,
    linkCheck: options.linkCheck,
    finish: new Map([
      [
        'php',
        async (staging, target, binary) => {
          await bringTimeZones(system, options.replaceFolder, { staging, target, binary });
          const series = seriesOf(binary);
          await writePhpIni(system.files, staging, target, series, phpPlaces, phpStored.choice(series));
        },
      ],
    ]),
  });

  const domains = createDomains({
    system,
    store: stores.domains,
    homeDigest,
    ledger: () => ledger,
    nameServerPort: () => ports.registry().assigned[NAME_SERVER_PORT_KEY] ?? null,
    projectWith: (domain) => stores.projects.get().find((project) => project.domain === domain)?.id ?? null,
  });
  const ledger = createLedger({
    clock: system.clock,
    store: stores.ledger,
    undoers: {
      'hosts-block': () => domains.removeHostsBlock(),
      'trust-system': (target) => options.trust.remove('trust-system', target),
      'trust-nss': (target) => options.trust.remove('trust-nss', target),
      'shell-rc': (target) => removeRcBlock(system.files, target, homeDigest),
      'low-ports': (target) => assertGone(system.files, target),
      resolver: (target) => assertGone(system.files, target),
      'keychain-key': () => secretKey.moveTo('file'),
    },
  });
  const place = createPlaceCheck({ files: system.files, home, projects: layout.projects });
  const links = { files: system.files, home };
  const checkProject = createProjectRules({ secrets, place, links, runtimes });
  const owners = createFolderOwners(system, noticeBoard, () => stores.projects.get());
  await owners.look();
  const projects = createProjects({
    store: stores.projects,
    files: system.files,
    domainOwner: (domain) =>
      stores.domains.get().find((mapping) => mapping.domain === domain)?.projectId ??
      rules.get().find(({ host }) => host === domain)?.host ??
      null,
    isServable: (path) => isServable(system, path),
    check: checkProject,
  });

  const held = createHeldServices(stores.heldServices, isAppService);
  const serviceSettings = createServiceSettings({
    store: services,
    ports,
    network: system.network,
    secrets,
    supervisor: () => supervisor,
    sharing: (id) => withSettingsOf([...entries.values()], id),
    async applySites() {
      siteWork.forgetPorts();
      await applySites();
    },
  });
  const environments = createEnvironments({
    files: system.files,
    layout,
    secrets,
    runtimes,
    runFolder,
    assignedPorts: () => ports.registry().assigned,
    serviceConfig: (id) => serviceSettings.get(id),
    ensureLogin: (server, database) => logins.ensure(server, database),
    userOverrides: () => app.get().overrides,
    projects: () => stores.projects.get(),
    phpServiceOf: (project) => catalog.phpFor(project).settings,
    appServiceOf,
  });
  const controlSocket = join(socketFolderOf(system.host, runFolder, system.host.edgeUser), 'edge.sock');
  const entries = new Map<string, CatalogEntry>();
  const catalog: Catalog = createCatalog({
    system,
    layout,
    runFolder,
    ports,
    secrets,
    caBundle: layout.caBundle,
    edge: { ...options.edge, controlSocket },
    defaultSeries: (name) => runtimes.defaultSeries(name),
    installed: (runtime, series) => Promise.resolve(runtimes.installed(runtime, series)),
    treePath: (installed) => runtimes.treePath(installed),
    runtimeSettings: async (installed) =>
      installed.name === 'php' ? phpStored.file(runtimes.treePath(installed), installed.series) : null,
    serviceConfig: (id) => serviceSettings.get(id),
    ownerOf: (project) => owners.of(project),
    ownServices: () => stores.ownServices.get(),
    environments,
    command: (project) => commandOf(system.files, project),
    domainsOf: (project) => domainsOf(project, stores.domains.get()),
    prepare: (plan) => prepareService(system, plan, { onInitialise: (id) => reporters.get(id)?.step('initialise') }),
  });
  const entryOf = (id: string): CatalogEntry => {
    const entry = entries.get(id);
    if (entry === undefined) throw new KojiboxError('NOT_FOUND', `there is no service "${id}"`, { source: 'services' });
    return entry;
  };
  const dataHold = createDataHold();
  const supervisor = createSupervisor({
    clock: system.clock,
    log: system.log,
    drivers: new Map([[options.driver.name, options.driver]]),
    probes: options.probes,
    failures: stores.failedServices,
    random: Math.random,
    async resolve(id, { purpose, signal }) {
      if (purpose === 'adopt') return catalog.describe(entryOf(id));
      await dataHold.free(id, signal);
      return missing.throwFor(id) ?? catalog.prepare(entryOf(id));
    },
    portLost: (id, lost) => ports.lost(id, lost),
    lastLogLines: options.lastLogLines,
    onState(state) {
      publish('service:stateChanged', state);
      if (state.state === 'running' && isEngine(state.runtime)) void logins.repair(state.id);
      const planned = siteWork.appAddress(state.id);
      // Its port was taken when it started again, or it listens elsewhere: the edge has to know.
      if (state.state === 'running' && planned !== undefined && planned !== state.connect)
        void applySites().catch((error: unknown) => system.log.error('cannot apply sites', { error: String(error) }));
    },
    onHealth: (id, status) => publish('service:health', { id, status }),
  });
  const logins = createLogins({ ...options, log: system.log, secrets, supervisor, wanted: environments.databasesIn });
  const defineServices = (): CatalogEntry[] => {
    const wanted = catalog.entries(stores.projects.get());
    for (const entry of wanted) entries.set(entry.id, entry);
    for (const { id, name, runtime, series, dependsOn } of wanted) {
      const version = runtime === null ? null : (runtimes.installed(runtime, series ?? undefined)?.version ?? null);
      const known = { ports: [], connect: null, driver: options.driver.name };
      supervisor.define({ id, name, runtime, version, dependsOn, ...known });
    }
    return wanted;
  };

  const siteWork = createSiteWork({
    system,
    ports,
    domains,
    certificates,
    caBundle: layout.caBundle,
    rootCertificate: layout.rootCertificate,
    publicAuthorities: options.publicAuthorities,
    edge: createEdgeConfigWriter({
      system,
      layout,
      certificates,
      control: options.edge.control,
      controlSocket,
      replaceOutdated() {
        if (!supervisor.isOutdated(EDGE_ID)) return false;
        // Not waited for: a start writes this very file first.
        void supervisor
          .restart(EDGE_ID)
          .catch((error: unknown) => system.log.error('cannot replace the edge', { error: String(error) }));
        return true;
      },
    }),
    wantsHosts: () => app.get().useHosts,
    edgeRuns: () => entries.has(EDGE_ID) && supervisor.state(EDGE_ID).state === 'running',
    projects: () => stores.projects.get(),
    mappings: () => stores.domains.get(),
    rules: () => rules.get(),
    documentRoot: (project) => projects.documentRoot(project),
    linkFolders: (project) => linkFoldersOf(project, links),
    php: (project) => catalog.phpFor(project),
    app: async (project) => reachedApp(await catalog.appFor(project), supervisor.states()),
    environment: (project, service) => environments.values(project, service),
    extraSites: async () => [await adminer.site()].filter((site) => site !== null),
    shares: () => sharing.list(),
    lookAtFolders: () => owners.look(),
    sessions: layout.sessions,
    define: () => void defineServices(),
    check: (project) => checkProject(project),
    isThere: async (path) => (await system.files.realPath(path)) !== null,
    problemsChanged: (problems) => publish('problems:changed', { problems: [...problems] }),
  });
  const { applySites, sites } = siteWork;
  const sharing = createSharing({
    system,
    ports,
    store: stores.shares,
    applySites,
    isProject: (id) => stores.projects.get().some((project) => project.id === id),
  });

  const adminer = createAdminer({
    system,
    folder: join(layout.runtimeConfig, 'adminer'),
    runtimes,
    tickets: options.adminerTickets,
    databases: () => databases,
    php: () => catalog.phpFor({ overrides: {} }),
    applySites: () => applySites(),
    link: () => domains.linkFor(ADMINER_HOST, siteWork.httpsPort()),
  });

  const prepareStack = async (): Promise<CatalogEntry[]> => {
    await ensureStarter({
      system,
      layout,
      projects,
      templates: options.templates,
      wants: (id) => serviceSettings.get(id).enabled,
      ownerOfNew: (folder) => ownerOfNew(system, folder),
    });
    // A program that the user stopped, or that is to start by hand alone, is no part of the stack.
    return defineServices().filter(
      ({ id, enabled, project }) => enabled && project?.autostart !== false && !held.isHeld(id),
    );
  };

  const stack = createStack({
    changes,
    runtimes,
    supervisor,
    reporters,
    missing,
    prepare: prepareStack,
    applySites,
    loginsMade: () => logins.settled(),
    forgetPorts: () => siteWork.forgetPorts(),
    async checkSite() {
      const first = siteToCheck(sites(), supervisor.states());
      if (first === undefined) return null;
      return {
        url: first.url,
        status: await options.requestSite(first.url, (await system.files.readText(layout.rootCertificate)) ?? ''),
      };
    },
  });

  const isProject = (id: string): boolean => stores.projects.get().some((project) => project.id === id);
  const leftovers = createLeftovers({
    store: stores.leftovers,
    system,
    layout,
    isProject,
    isServed: (domain) =>
      [
        ...[FALLBACK_DOMAIN, ADMINER_HOST],
        ...stores.projects.get().map((project) => project.domain),
        ...stores.domains.get().map((mapping) => mapping.domain),
        ...rules.get().map(({ host }) => host),
      ].includes(domain),
  });

  const { setProject, updateProject, createProject, removeProject } = createProjectWork({
    held,
    changes,
    runtimes,
    supervisor,
    projects,
    catalog,
    applySites,
    urlOf: ({ id, domain }) => sites().find(({ projectId }) => projectId === id)?.url ?? `https://${domain}`,
    userWithoutFolder: (project) => owners.userWithoutFolder(project),
    tools: {
      files: system.files,
      place,
      processes: system.processes,
      templates: options.templates,
      get folder() {
        return app.get().projectsFolder || layout.projects;
      },
      ownerFor: (path) => ownerOfNew(system, path),
      environment: system.host.environment,
      unpackZip: (file, folder, signal) => options.unpackZip(file, folder, signal),
    },
    changed: (id) => publish('config:changed', { scope: 'project', id }),
    leftovers,
    forget: createForget(stores.domains, ports, held, sharing, leftovers),
  });
  const names = createNameWork({
    domains,
    rules,
    leftovers,
    isProject,
    applySites,
  });

  const databases = createDatabases({
    system,
    runtimes,
    supervisor,
    secrets,
    changes,
    logins,
    backups: layout.backups,
  });

  const refreshPrograms = createProgramRefresh({
    supervisor,
    log: system.log,
    describe: (entry) => catalog.describe(entry),
    entries: () => [...entries.values()],
    isOfProject: async (own) => (await environments.projectOf(own)) !== null,
  });
  const ownServices = createOwnServices({
    store: stores.ownServices,
    supervisor,
    secrets,
    assertRunnable: (definition) => catalog.assertRunnable(definition),
    applyDefinitions: () => void defineServices(),
  });

  defineServices();
  sharing.resume();
  // Only what `koji status` shows in the meantime; the next start finds them again.
  await siteWork
    .recallLinks()
    .catch((error: unknown) => system.log.error('cannot tell the links of the sites', { error: String(error) }));
  return {
    setProject,
    updateProject,
    createProject,
    removeProject,
    detectProject: (path) => detectFolder(system.files, path),
    serviceSettings,
    ownServices,
    held,
    sharing,
    names,
    environments,
    leftovers,
    refreshPrograms,
    async environmentChanged() {
      if (supervisor.state(EDGE_ID).state === 'running') await applySites();
      await refreshPrograms();
    },
    layout,
    runFolder,
    homeDigest,
    logins,
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
    dataHold,
    adminer,
    phpSettings: createPhpSettings({
      system,
      runtimes,
      changes,
      supervisor,
      store: stores.php,
      settings: phpStored,
      places: phpPlaces,
      temp: layout.temp,
    }),
    notices,
    notice,
    setApp: createSetApp(app, secrets, applySites),
    sites: () =>
      withEvidence(sites(), { projects: stores.projects.get(), servicesOf: catalog.servicesOf, certificates }),
    problems: () => siteWork.problems(),
    applySites,
    foldersOfRoot: () => owners.foldersOfRoot(),
    lostSockets: (services) => findLostSockets(system.files, catalog, services.map(entryOf)),
    stores: { app, services, rules, projects: stores.projects, runtimes: choices },
    defineServices,
    runtimesOf: (project) => catalog.runtimesOf(project),
    httpsPort: () => siteWork.httpsPort(),
    forgetPorts: () => siteWork.forgetPorts(),
  };
}
