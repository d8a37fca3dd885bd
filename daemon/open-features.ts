/** Joins what the daemon offers beyond the core, and the operations over all of it. */
import { join } from 'node:path';
import type { DaemonInfo } from '../contract/daemon.ts';
import type { ServiceState } from '../contract/services.ts';
import { EDGE_SERVICE } from '../contract/site-status.ts';
import { createSnapshots } from '../core/databases/snapshots/snapshots.ts';
import { createFolderWatch } from '../core/projects/folder-watch.ts';
import type { System } from '../core/system/system.ts';
import type { Change } from '../contract/changes.ts';
import { openActivity } from './activity.ts';
import { newToken, pageOwners, readPageSecret } from './daemon-file.ts';
import { createDiagnostics } from './diagnostics/diagnostics.ts';
import { createDoctor } from './doctor/doctor.ts';
import { pruneDownloads } from './downloads-cache.ts';
import type { EventBus } from './event-bus.ts';
import { openFirstRun } from './first-run/open-first-run.ts';
import { createSetupRights } from './first-run/setup-rights.ts';
import { openServerImports } from './foreign-servers/open-server-imports.ts';
import { createDumpUploadHandlers } from './handlers/dump-uploads.ts';
import { createHandlers, snapshotOf } from './handlers/handlers.ts';
import { createHomeHandlers } from './handlers/home.ts';
import { createLinkHandlers } from './handlers/links.ts';
import { createPrivilegedHandlers } from './handlers/privileged.ts';
import { createResolverHandlers } from './handlers/resolver.ts';
import { createSecretKeyHandlers } from './handlers/secret-key.ts';
import { createServerImportHandlers } from './handlers/server-import.ts';
import { withAddresses } from './home/address.ts';
import { openHome } from './home/open-home.ts';
import { startMailCatcher } from './mail/mail-catcher.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { OpenCore } from './open-core.ts';
import { openPacks, type PackFeatures } from './packs/open-packs.ts';
import { createUploads } from './packs/uploads.ts';
import { createResolverCheck } from './resolver/resolver.ts';
import { openShims } from './shims/open-shims.ts';
import { openFolder } from './system/desktop.ts';
import { createDispatcher } from './transports/dispatcher.ts';
import { createEventHub } from './transports/event-hub.ts';
import { createPageKeys } from './transports/page-keys.ts';
import { openUpdater } from './updater/open-updater.ts';

/** What mail catchers usually listen on. */
const SMTP_PORT = 1025;
/** Of the cache of downloads. */
const DOWNLOADS_BYTES = 2_000_000_000;

export interface FeatureOptions extends OpenCore {
  readonly system: System;
  readonly dist: string;
  readonly version: string;
  readonly bus: EventBus;
  /** Where this user's home is when no environment variable says otherwise. */
  readonly usualHome: string;
  info(): DaemonInfo;
  /** Of the API; known once it listens. */
  url(): string;
  isEnding(): boolean;
  quit(keepServices: boolean, restarting: boolean): void;
}

export async function openFeatures(options: FeatureOptions) {
  const { system, dist, version, bus, info, kojibox, logs, archive, debian, sources } = options;
  const { manifests, keychain, trust, privileged } = options;
  const { layout } = kojibox;
  const { home } = layout;
  const { log } = system;
  const { publish } = bus;
  const resolver = createResolverCheck(system, kojibox);
  const snapshots = createSnapshots({
    ...kojibox,
    system,
    hold: kojibox.dataHold,
    folder: layout.snapshots,
    dataFolder: layout.data,
  });
  const metrics = createMetrics({
    system,
    layout,
    supervisor: kojibox.supervisor,
    uptimeSec: () => Math.round(process.uptime()),
    publish: (samples) => publish('service:metrics', samples),
    notice: (text) => kojibox.notice(text),
  });
  const folders = createFolderWatch({
    clock: system.clock,
    folders: () => kojibox.stores.projects.get().flatMap(({ stack, path }) => (stack === 'proxy' ? [] : [path])),
    isThere: async (path) => (await system.files.realPath(path)) !== null,
    async changed() {
      // Without an edge nothing is served; it looks at the folders itself when it starts.
      if (kojibox.supervisor.states().some(({ id, state }) => id === EDGE_SERVICE && state === 'running'))
        await kojibox.applySites();
    },
  });
  const hub = createEventHub({
    snapshot: () => snapshotOf({ kojibox, info }),
    onDemand(demand) {
      logs.follow(demand.logs);
      metrics.setActive(demand.metrics);
      folders.setActive(demand.metrics);
    },
  });
  bus.listen((event, data) => hub.publish(event, data));

  const mail = await startMailCatcher({
    folder: layout.mail,
    dropFolder: layout.mailDrop,
    system,
    assignPort: () => kojibox.ports.assign('mail.smtp', SMTP_PORT),
    changed: (count) => publish('mail:changed', { count }),
  });
  const setup = await openFirstRun({
    kojibox,
    system,
    trust,
    rights: createSetupRights(system, privileged),
    usualHome: options.usualHome,
    mailPort: () => mail.port,
    publish,
  });
  const serverImports = await openServerImports(system, kojibox, dist);
  bus.listen((event, data) => {
    if (event === 'service:stateChanged') serverImports.serviceChanged(data as ServiceState);
  });
  const prune = (): Promise<void> =>
    pruneDownloads(layout.downloads, DOWNLOADS_BYTES, Date.now())
      .then((freed) => void (freed > 0 && log.info('pruned downloads', { freed })))
      .catch((error: unknown) => log.warn('cannot prune the downloads', { error: String(error) }));

  const token = newToken();
  const keys = createPageKeys({
    token,
    secret: await readPageSecret(system.files, layout),
    owners: pageOwners(),
    now: Date.now,
  });
  const runtimesChanged = (): void => {
    publish('runtime:updated', kojibox.runtimes.manifest());
    void prune();
  };
  const packs: PackFeatures = await openPacks({
    system,
    kojibox,
    sources,
    debian,
    archive,
    version: version,
    installed: runtimesChanged,
  });
  const dumpUploads = createUploads({
    folder: layout.temp,
    what: 'dump',
    name: ['dump-upload-', '.sql'],
    instead: 'koji db import ENGINE NAME FILE',
    freeBytes: (path) => system.files.freeBytes(path),
  });
  const shims = openShims(system, kojibox, join(dist, 'cli', 'main.mjs'));
  await shims.writer.refresh();
  bus.listen((event, data) => {
    // Whatever may change which program a shim runs, or the environment of a program: versions, projects, ports.
    if (!['config:changed', 'runtime:updated', 'change:updated'].includes(event)) return;
    if ((data as { status?: unknown }).status === 'running') return;
    void shims.writer.refresh();
    void kojibox.refreshPrograms();
  });
  const activity = openActivity(join(layout.appLogs, 'activity.jsonl'), {
    log,
    mask: (text) => kojibox.secrets.mask(text),
    publish: (entry) => publish('activity:added', entry),
  });
  bus.listen((event, data) => {
    if (event === 'change:updated') activity.ended(data as Change);
  });
  const updater = await openUpdater({
    system,
    kojibox,
    version: version,
    dist: dist,
    manifest: manifests,
    environment: process.env,
    publish,
    manifestChanged: () => publish('runtime:updated', kojibox.runtimes.manifest()),
  });
  const homeFeature = openHome({ system, kojibox, dist: dist, isEnding: options.isEnding });
  const doctor = createDoctor({ system, layout, kojibox, trust, resolver });
  const privilegedHandlers = createPrivilegedHandlers({ kojibox, trust, ...privileged });
  const dispatcher = createDispatcher({
    log,
    onCall: (operation, call) => activity.add(operation, call),
    handlers: withAddresses(
      createHandlers({
        kojibox,
        system,
        logs,
        info,
        uiUrl: () => `${options.url()}/`,
        activity,
        snapshots,
        setup,
        mail: () => mail,
        openFolder: (what, folder) => openFolder(what, folder, process.env),
        updater,
        doctor,
        diagnostics: createDiagnostics({
          system,
          kojibox,
          token,
          info,
          doctor,
          portsInUse: async () => (await metrics.snapshot()).portsInUse,
        }),
        metrics,
        more: {
          ...privilegedHandlers,
          ...createResolverHandlers({
            resolver,
            privileged: privileged.privileged,
            ledger: kojibox.ledger,
            undo: (id) => privilegedHandlers['ledger.undo']({ id }),
          }),
          ...createSecretKeyHandlers({ kojibox, keychain }),
          ...createHomeHandlers(homeFeature),
          ...createLinkHandlers({ keys, url: options.url }),
          ...createServerImportHandlers(serverImports),
          ...createDumpUploadHandlers(kojibox, dumpUploads),
        },
        quit: options.quit,
        changed: (scope, id) => publish('config:changed', { scope, id }),
        runtimesChanged,
        lookAtFolders: () => folders.look(),
        packs: { ...packs, shell: shims.setup },
      }),
      home,
    ),
  });
  return {
    dispatcher,
    hub,
    keys,
    token,
    uploads: packs.uploads,
    dumpUploads,
    snapshots,
    serverImports,
    metrics,
    mail,
    updater,
    home: homeFeature,
  };
}
