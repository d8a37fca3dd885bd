/** The daemon's composition root: the only file that knows all parts. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { getCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { DaemonInfo } from '../contract/daemon.ts';
import { KojiboxError } from '../contract/errors.ts';
import { resolveHome } from '../contract/home.ts';
import type { EventData, EventName } from '../contract/index.ts';
import type { MirrorKind } from '../contract/mirror.ts';
import { noticeText } from '../contract/notices.ts';
import type { ServiceState } from '../contract/services.ts';
import type { ServerImports } from '../core/databases/server-import/server-imports.ts';
import { createSnapshots } from '../core/databases/snapshots/snapshots.ts';
import type { Kojibox } from '../core/kojibox-types.ts';
import { createKojibox } from '../core/kojibox.ts';
import { layoutOf } from '../core/layout.ts';
import { EDGE_ID } from '../core/stack/catalog.ts';
import { openActivity } from './activity.ts';
import { linkCheck } from './archives/link-check.ts';
import { unpackZip } from './archives/unpack-zip.ts';
import { acquireLock } from './daemon-lock.ts';
import { createDiagnostics } from './diagnostics/diagnostics.ts';
import { pruneDownloads } from './downloads-cache.ts';
import { createDoctor } from './doctor/doctor.ts';
import { createProcessDriver } from './drivers/process/process-driver.ts';
import { openFirstRun } from './first-run/open-first-run.ts';
import { createSetupRights } from './first-run/setup-rights.ts';
import { openServerImports } from './foreign-servers/open-server-imports.ts';
import { edgeControl, requestSite } from './edge-control.ts';
import { createHandlers, snapshotOf } from './handlers/handlers.ts';
import { createHomeHandlers } from './handlers/home.ts';
import { createLinkHandlers } from './handlers/links.ts';
import { createPrivilegedHandlers } from './handlers/privileged.ts';
import { createResolverHandlers } from './handlers/resolver.ts';
import { createSecretKeyHandlers } from './handlers/secret-key.ts';
import { createServerImportHandlers } from './handlers/server-import.ts';
import { digestOfHome } from './home-digest.ts';
import { withAddresses } from './home/address.ts';
import { openHome } from './home/open-home.ts';
import { finishMove } from './home/unfinished-move.ts';
import { createKeychain } from './keychain/keychain.ts';
import { createMetrics } from './metrics/metrics.ts';
import { withMirrorHint } from './packs/mirror-hint.ts';
import { openPacks, type PackFeatures } from './packs/open-packs.ts';
import { createPrivileged } from './privileged/create-privileged.ts';
import { createResolverCheck } from './resolver/resolver.ts';
import { createServiceLogs, type ServiceLogs } from './service-logs.ts';
import { openShims } from './shims/open-shims.ts';
import { createDebianSource } from './sources/debian.ts';
import { createHttpsSource } from './sources/https.ts';
import { createNpmSource } from './sources/npm.ts';
import { allPids, identifyNow, readProcessStat } from './system/process-facts.linux.ts';
import { createSystemSource } from './sources/system.ts';
import { readDistribution } from './system/distribution.ts';
import { openFolder } from './system/desktop.ts';
import { createNodeSystem } from './system/node-system.ts';
import { startMailCatcher } from './mail/mail-catcher.ts';
import { startLogRotation } from './system/log-rotation.ts';
import { probeRunner } from './system/probes/probe-runner.ts';
import { ownerOfPeer } from './system/socket-owner.linux.ts';
import { createDispatcher } from './transports/dispatcher.ts';
import { createEventHub, type EventHub } from './transports/event-hub.ts';
import { listenOnHttp } from './transports/http.ts';
import { createPageKeys } from './transports/page-keys.ts';
import { listenOnSocket } from './transports/socket.ts';
import { createStaticFiles } from './transports/static-files.ts';
import { tellReady } from './tell-ready.ts';
import { createTrustStores } from './trust/trust-stores.ts';
import { openUpdater } from './updater/open-updater.ts';
import { createManifestSource } from './updater/runtime-manifest.ts';

/** Replaced by the build. */
declare const __KOJIBOX_VERSION__: string;
const VERSION = typeof __KOJIBOX_VERSION__ === 'string' ? __KOJIBOX_VERSION__ : '0.0.0-source';
const API_PORT = 7420;
/** What mail catchers usually listen on. */
const SMTP_PORT = 1025;
const MAX_SOCKET_PATH_BYTES = 107;
/** Of the cache of downloads. */
const DOWNLOADS_BYTES = 2_000_000_000;
/** Exit codes that the guardian takes for final; see sysexits(3). */
const EXIT = { alreadyRunning: 75, cannotRun: 78 } as const;

/**
 * The edge verifies nobody's certificate: with OpenSSL's own list of authorities, read only when asked for, Node does not parse its built-in
 * one (2 MB). In the desktop app the daemon runs on the app's own binary, which is a Node only when it is told so, and has no OpenSSL.
 */
const edgeNode =
  process.versions['electron'] === undefined
    ? { options: ['--use-openssl-ca'], env: {} }
    : { options: [], env: { ELECTRON_RUN_AS_NODE: '1' } };

const distFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const startedAt = new Date();

async function main(): Promise<void> {
  const homeFacts = {
    environment: process.env,
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    userHome: homedir(),
  };
  const home = resolve(resolveHome(homeFacts));
  const layout = layoutOf(home);
  await finishMove(home, join(distFolder, 'mover', 'main.mjs'), process.env['KOJIBOX_TRIAL']);
  mkdirSync(dirname(layout.daemonFile), { recursive: true });
  const lock = acquireLock(layout.daemonLock);
  if (lock === null) {
    throw new KojiboxError('DAEMON_RUNNING', 'cannot start a second daemon', {
      detail: `one already serves ${home}`,
      source: 'daemon',
    });
  }

  const system = createNodeSystem({ home, environment: process.env });
  const { log } = system;
  process.on('uncaughtException', (error) => log.error('unexpected error', { error: error.stack ?? error.message }));
  process.on('unhandledRejection', (reason) =>
    log.error('unexpected rejection', { error: reason instanceof Error ? reason.stack : String(reason) }),
  );

  mkdirSync(layout.serviceLogs, { recursive: true });
  const rotation = startLogRotation(layout.serviceLogs, log);
  const hub: { current: EventHub | null } = { current: null };
  const shims: { current: ReturnType<typeof openShims> | null } = { current: null };
  const serverImports: { current: ServerImports | null } = { current: null };
  const publish = <N extends EventName>(event: N, data: EventData<N>): void => {
    hub.current?.publish(event, data);
    if (event === 'service:stateChanged') serverImports.current?.serviceChanged(data as ServiceState);
    // Whatever may change which program a shim runs: versions, projects, ports.
    if (['config:changed', 'runtime:updated', 'change:updated'].includes(event)) refreshShims(data);
  };
  const refreshShims = (data: unknown): void => {
    if ((data as { status?: unknown }).status !== 'running') void shims.current?.writer.refresh();
  };
  const logs: { current: ServiceLogs | null } = { current: null };
  const homeDigest = digestOfHome(home);

  const distribution = readDistribution();
  const mirror = (kind: MirrorKind) => (): string | undefined => kojibox.stores.app.get().mirrors[kind];
  const debian = createDebianSource({
    processes: system.processes,
    aptFolder: layout.apt,
    downloads: layout.downloads,
    distribution,
    mirror: mirror('debian'),
  });
  const sources = [
    createNpmSource({
      processes: system.processes,
      downloads: layout.downloads,
      environment: process.env,
      mirror: mirror('npm'),
    }),
    createHttpsSource({ downloads: layout.downloads, mirror: mirror('https') }),
    createSystemSource({ processes: system.processes, environment: process.env }),
    debian,
  ].map((source) => withMirrorHint(source, () => kojibox.stores.app.get().mirrors));
  const manifests = createManifestSource({
    builtIn: join(distFolder, 'runtime'),
    stored: layout.newerManifest,
    files: system.files,
    refused: (error) => log.error('not using the newer list of runtimes', { error: `${error.code}: ${error.detail}` }),
  });
  const keychain = createKeychain({ host: system.host, program: join(distFolder, 'keychain', 'main.mjs') });

  const kojibox: Kojibox = await createKojibox({
    home,
    system,
    probes: probeRunner,
    driver: createProcessDriver({
      folder: layout.handles,
      homeDigest,
      table: { allPids, readProcessStat, identifyNow },
      async prepareLog(file) {
        await rotation.prepare(file);
        logs.current?.noteLaunch(file);
      },
    }),
    publish,
    sources,
    edge: {
      command: process.execPath,
      args: [
        ...edgeNode.options,
        '--no-warnings',
        '--max-semi-space-size=16',
        join(distFolder, 'edge', 'main.mjs'),
        layout.edgeConfig,
      ],
      env: edgeNode.env,
      control: edgeControl,
    },
    templates: join(distFolder, 'runtime', 'templates'),
    unpackZip: async (file, folder, signal) => {
      await unpackZip(file, folder, { signal });
    },
    userName: `${userInfo().username}@${hostname()}`,
    publicAuthorities: {
      from: `public authorities of Node ${process.version}`,
      read: () => getCACertificates('bundled').join('\n'),
    },
    manifest: () => manifests.read(),
    linkCheck,
    lastLogLines: (id) => Promise.resolve(logs.current?.lastText(id, 6) ?? ''),
    requestSite,
    keychain,
    trust: { remove: (kind, target) => trust.remove(kind, target) },
  });
  const snapshots = createSnapshots({
    ...kojibox,
    system,
    hold: kojibox.dataHold,
    folder: layout.snapshots,
    dataFolder: layout.data,
  });
  const trust = createTrustStores({ system, layout, certificates: kojibox.certificates, ledger: kojibox.ledger });
  const privileged = createPrivileged({ system, kojibox, helper: join(distFolder, 'privileged', 'main.mjs') });
  const resolver = createResolverCheck(system, kojibox);
  const serviceLogs = createServiceLogs({
    folder: layout.serviceLogs,
    exportFolder: layout.logExports,
    mask: (text) => kojibox.secrets.mask(text),
    publish: (entry) => publish('service:logLine', entry),
  });
  logs.current = serviceLogs;

  const info = (): DaemonInfo => ({
    pid: process.pid,
    version: VERSION,
    startedAt: startedAt.toISOString(),
    uptimeSec: Math.round(process.uptime()),
    home,
    memMB: Math.round(process.memoryUsage.rss() / 1048576),
    node: process.version,
    os: system.host.os,
    arch: system.host.arch,
  });
  const metrics = createMetrics({
    system,
    layout,
    supervisor: kojibox.supervisor,
    uptimeSec: () => Math.round(process.uptime()),
    publish: (samples) => publish('service:metrics', samples),
    notice: (text) => kojibox.notice(text),
  });
  hub.current = createEventHub({
    snapshot: () => snapshotOf({ kojibox, info }),
    onDemand(demand) {
      serviceLogs.follow(demand.logs);
      metrics.setActive(demand.metrics);
    },
  });

  const mail = await startMailCatcher({
    folder: layout.mail,
    log,
    assignPort: () => kojibox.ports.assign('mail.smtp', SMTP_PORT),
    changed: (count) => publish('mail:changed', { count }),
  });
  const setup = await openFirstRun({
    kojibox,
    system,
    trust,
    rights: createSetupRights(system, privileged),
    usualHome: resolve(resolveHome({ ...homeFacts, environment: { ...process.env, KOJIBOX_HOME: '' } })),
    mailPort: () => mail.port,
    publish,
  });
  serverImports.current = await openServerImports(system, kojibox, distFolder);
  const prune = (): Promise<void> =>
    pruneDownloads(layout.downloads, DOWNLOADS_BYTES, Date.now())
      .then((freed) => void (freed > 0 && log.info('pruned downloads', { freed })))
      .catch((error: unknown) => log.warn('cannot prune the downloads', { error: String(error) }));

  const token = readToken(layout.token);
  // Root can read everything anyway; who called sudo is the one who sits at the screen.
  const owners = [0, process.getuid?.() ?? 0, Number(process.env['SUDO_UID'] ?? 0) || 0];
  const keys = createPageKeys({ token, owners, now: Date.now });
  let url = '';
  let quitting = false;
  const quit = (keepServices: boolean, restarting = false): void => {
    if (quitting) return;
    quitting = true;
    void shutDown(keepServices, restarting);
  };
  const runtimesChanged = (): void => {
    publish('runtime:updated', kojibox.runtimes.manifest());
    void prune();
  };
  const packs: PackFeatures = await openPacks({
    system,
    kojibox,
    sources,
    debian,
    distribution,
    version: VERSION,
    installed: runtimesChanged,
  });
  shims.current = openShims(system, kojibox, join(distFolder, 'cli', 'main.mjs'));
  await shims.current.writer.refresh();
  const activity = openActivity(join(layout.appLogs, 'activity.jsonl'), {
    log,
    mask: (text) => kojibox.secrets.mask(text),
    publish: (entry) => publish('activity:added', entry),
  });
  const updater = await openUpdater({
    system,
    kojibox,
    version: VERSION,
    dist: distFolder,
    manifest: manifests,
    environment: process.env,
    publish,
    manifestChanged: () => publish('runtime:updated', kojibox.runtimes.manifest()),
  });
  const homeFeature = openHome({ system, kojibox, dist: distFolder, isEnding: () => quitting });
  const doctor = createDoctor({ system, layout, kojibox, trust, resolver });
  const privilegedHandlers = createPrivilegedHandlers({ kojibox, trust, ...privileged });
  const dispatcher = createDispatcher({
    log,
    onCall: (operation, call) => activity.add(operation, call),
    handlers: withAddresses(
      createHandlers({
        kojibox,
        system,
        logs: serviceLogs,
        info,
        uiUrl: () => `${url}/`,
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
          ...createLinkHandlers({ keys, url: () => url }),
          ...createServerImportHandlers(serverImports.current),
        },
        quit,
        changed: (scope, id) => publish('config:changed', { scope, id }),
        runtimesChanged,
        packs: { ...packs, shell: shims.current.setup },
      }),
      home,
    ),
  });

  // Before anybody can ask for an install: what a killed one left behind.
  await kojibox.runtimes.cleanTemp();
  const socketPath = shortSocketPath(
    join(dirname(layout.daemonFile), 'daemon.sock'),
    join(kojibox.runFolder, 'daemon.sock'),
  );
  rmSync(socketPath, { force: true });
  const wantedPort = previousPort(layout.daemonFile) ?? API_PORT;
  const [socketServer, http] = await Promise.all([
    listenOnSocket(socketPath, dispatcher, hub.current),
    listenOnHttp({
      dispatcher,
      hub: hub.current,
      keys,
      ownerOf: ownerOfPeer,
      version: VERSION,
      files: createStaticFiles(join(distFolder, 'renderer')),
      ports: [wantedPort, API_PORT, 0],
      uploads: new Map([['/upload/pack', (request) => packs.uploads.receive(request)]]),
    }),
  ]);
  url = `http://127.0.0.1:${http.port}`;

  // Before anybody is told that this daemon is there: what an earlier one left running is taken over.
  const adopted = await kojibox.supervisor.recover();
  if (adopted.length > 0) {
    log.info('took over running services', { services: adopted });
    await kojibox.applySites();
  }
  await snapshots
    .recover()
    .catch((error: unknown) => kojibox.notice(noticeText('snapshotLeftovers', { reason: String(error) })));
  serverImports.current.recover();
  await system.files.writeAtomic(
    layout.daemonFile,
    `${JSON.stringify({ pid: process.pid, startedAt: startedAt.toISOString(), version: VERSION, socket: socketPath, url, token }, null, 2)}\n`,
    { mode: 0o600 },
  );
  // In the middle of a move the move says what runs.
  if (kojibox.stores.app.get().startStack && adopted.length === 0 && !homeFeature.isMoving()) kojibox.stack.up();
  // After all else: a keychain takes its time, and nothing waits for it.
  void kojibox.secretKey
    .adopt()
    .then((why) => log.info('key of the secrets', { place: why === null ? keychain.label : `file: ${why}` }));
  log.info('ready', { pid: process.pid, url, home, version: VERSION });
  tellReady();
  updater.begin();
  homeFeature.begin();

  async function shutDown(keepServices: boolean, restarting: boolean): Promise<void> {
    log.info('ending', { keepServices, restarting });
    rotation.stop();
    snapshots.end();
    for (const change of kojibox.changes.list()) if (change.status === 'running') kojibox.changes.cancel(change.id);
    if (keepServices) kojibox.supervisor.detach();
    else {
      // The edge first, so that no visitor meets a site whose databases are already gone.
      await kojibox.supervisor
        .stop(EDGE_ID)
        .catch((error: unknown) => log.warn('the edge did not stop as it should', { error: String(error) }));
      await kojibox.supervisor
        .stopAll()
        .catch((error: unknown) => log.error('a service did not stop as it should', { error: String(error) }));
    }
    metrics.close();
    mail.close();
    if (!restarting) rmSync(layout.daemonFile, { force: true });
    socketServer.close();
    http.server.close();
    rmSync(socketPath, { force: true });
    lock?.release();
    // Open event streams would keep the process alive.
    setTimeout(() => process.exit(0), 50);
  }
  process.on('SIGINT', () => quit(false));
  process.on('SIGTERM', () => quit(false));
  process.on('SIGHUP', () => undefined); // The terminal that began it may close.
}

/** Kept over restarts, so that open windows reconnect by themselves. */
function readToken(file: string): string {
  if (existsSync(file)) {
    const known = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{48}$/.test(known)) return known;
  }
  const token = randomBytes(24).toString('hex');
  writeFileSync(file, token, { mode: 0o600 });
  return token;
}

/** The port of the daemon before, so that links stay the same. */
function previousPort(file: string): number | null {
  try {
    return Number(new URL((JSON.parse(readFileSync(file, 'utf8')) as { url: string }).url).port) || null;
  } catch {
    return null; // There was none, or it ended in order.
  }
}

const shortSocketPath = (first: string, second: string): string =>
  Buffer.byteLength(first) <= MAX_SOCKET_PATH_BYTES ? first : second;

// For an update, which asks before it switches whether this program starts on this machine at all.
if (process.argv.includes('--version')) {
  process.stdout.write(`${VERSION}\n`);
  process.exit(0);
}
main().catch((error: unknown) => {
  // The last line is for the program that started us, which shows it in its own words.
  if (error instanceof KojiboxError)
    process.stderr.write(
      `${error.message}: ${error.detail}\n${JSON.stringify({ error: error.toBody(new Date().toISOString()) })}\n`,
    );
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(error instanceof KojiboxError && error.code === 'DAEMON_RUNNING' ? EXIT.alreadyRunning : EXIT.cannotRun);
});
