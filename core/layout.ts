/** Every file and folder name on disk. Nothing else in the product spells one. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface Layout {
  readonly home: string;
  /** Settings, one JSON file each. */
  readonly config: string;
  readonly appConfig: string;
  readonly servicesConfig: string;
  readonly ownServicesConfig: string;
  /** Programs that the user stopped. */
  readonly heldServicesConfig: string;
  readonly failedServices: string;
  readonly projectsConfig: string;
  /** Of removed projects and names, until the next start. */
  readonly leftovers: string;
  readonly domainsConfig: string;
  readonly proxyConfig: string;
  /** How far the first run is, and what was imported. */
  readonly firstRunConfig: string;
  readonly importsConfig: string;
  /** Databases that came from other servers. */
  readonly serverImports: string;
  readonly portsConfig: string;
  /** Series that are used by default, versions that are pinned. */
  readonly runtimeChoices: string;
  /** What was chosen of each PHP. */
  readonly phpConfig: string;
  /** Sites that the same network may open. */
  readonly shares: string;
  /** Sealed secrets and the key that opens them, both 0600. */
  readonly secrets: string;
  readonly secretsKey: string;
  /** Whether the key is in that file or in the keychain; holds no secret. */
  readonly secretsPlace: string;
  /** Of a former version, whose token outlived the daemon; removed at the next start. */
  readonly token: string;
  /** Links and sessions of pages are derived from it, 0600; outlives the daemon so that open pages reconnect. */
  readonly pageSecret: string;
  /** Signs packs made here, 0600; and the keys whose packs are accepted. */
  readonly packKey: string;
  readonly packKeys: string;
  /** Offline packs that were made without a path. */
  readonly packs: string;
  /** Programs for the user's PATH. */
  readonly shims: string;
  /** Changes made to the system outside this folder. */
  readonly ledger: string;
  /** Starter projects made by Kojibox. */
  readonly projects: string;
  readonly appLogs: string;
  readonly daemonLog: string;
  /** What `logs.export` wrote; the newest are kept. */
  readonly logExports: string;
  readonly certificates: string;
  readonly rootCertificate: string;
  /** All authorities that programs of the projects trust. */
  readonly caBundle: string;
  readonly rootKey: string;
  readonly cache: string;
  /** Mails that were caught. */
  readonly mail: string;
  /** Where programs of any user hand mails over as files. */
  readonly mailDrop: string;
  /** Sessions of the PHP sites, a folder each. */
  readonly sessions: string;
  /** Dumps of databases. */
  readonly backups: string;
  /** Snapshots of database servers, each in a folder of its own; beside `data`, so that a folder changes place by a rename. */
  readonly snapshots: string;
  /** History of resource use; SQLite. */
  readonly metrics: string;
  /** How clients find the daemon, 0600. */
  readonly daemonFile: string;
  /** Held by the one daemon of this home. */
  readonly daemonLock: string;
  /** Installed runtimes: `<name>/<version>/<os>-<arch>/`. */
  readonly bin: string;
  readonly data: string;
  readonly serviceLogs: string;
  readonly runtimeConfig: string;
  readonly edgeConfig: string;
  /** What mail() of PHP runs on the command line. */
  readonly sendmail: string;
  /** Half-made things; emptied at start. */
  readonly temp: string;
  /** Verified downloads, kept for offline use. */
  readonly downloads: string;
  /** Signed indexes of Debian's archive. */
  readonly archiveIndexes: string;
  readonly lock: string;
  /** A newer list of runtimes than the one of the build, signed like it. */
  readonly newerManifest: string;
  /** The newest feed seen, and which outcome was told. */
  readonly updates: string;
  /** What the program that switches versions says. */
  readonly updateLog: string;
  /** What the program that moves the data says; and how the last move ended. */
  readonly homeMoveLog: string;
  readonly homeRecord: string;
  /** Where the sockets are, when no usual place could be had. */
  readonly runPlace: string;
  /** What runs, so that the next daemon can adopt it. */
  readonly handles: string;
}

/** @param home absolute KOJIBOX_HOME */
export function layoutOf(home: string): Layout {
  const app = join(home, 'app');
  const runtime = join(home, 'runtime');
  const config = join(app, 'config');
  const certificates = join(app, 'certs');
  return {
    home,
    config,
    appConfig: join(config, 'app.json'),
    servicesConfig: join(config, 'services.json'),
    ownServicesConfig: join(config, 'own-services.json'),
    heldServicesConfig: join(config, 'held-services.json'),
    failedServices: join(config, 'failed-services.json'),
    projectsConfig: join(config, 'projects.json'),
    leftovers: join(config, 'leftovers.json'),
    domainsConfig: join(config, 'domains.json'),
    proxyConfig: join(config, 'proxy.json'),
    firstRunConfig: join(config, 'first-run.json'),
    importsConfig: join(config, 'imports.json'),
    serverImports: join(config, 'server-imports.json'),
    portsConfig: join(config, 'ports.json'),
    runtimeChoices: join(config, 'runtimes.json'),
    phpConfig: join(config, 'php.json'),
    shares: join(config, 'shares.json'),
    secrets: join(config, 'secrets.json'),
    secretsKey: join(config, 'secrets.key'),
    secretsPlace: join(config, 'secrets-key-place.json'),
    token: join(config, 'token'),
    pageSecret: join(config, 'page-secret'),
    packKey: join(config, 'pack-key.pem'),
    packKeys: join(config, 'pack-keys.json'),
    packs: join(app, 'packs'),
    shims: join(app, 'shims'),
    ledger: join(config, 'ledger.json'),
    projects: join(app, 'projects'),
    appLogs: join(app, 'logs'),
    daemonLog: join(app, 'logs', 'daemon.log'),
    logExports: join(app, 'logs', 'exports'),
    certificates,
    rootCertificate: join(certificates, 'root-ca.pem'),
    caBundle: join(certificates, 'ca-bundle.pem'),
    rootKey: join(certificates, 'root-ca.key'),
    cache: join(app, 'cache'),
    mail: join(runtime, 'data', 'mail'),
    mailDrop: join(runtime, 'mail-drop'),
    sessions: join(runtime, 'sessions'),
    backups: join(app, 'backups'),
    snapshots: join(runtime, 'snapshots'),
    metrics: join(app, 'metrics.db'),
    daemonFile: join(app, 'daemon.json'),
    daemonLock: join(app, 'daemon.lock'),
    bin: join(runtime, 'bin'),
    data: join(runtime, 'data'),
    serviceLogs: join(runtime, 'logs'),
    runtimeConfig: join(runtime, 'config'),
    edgeConfig: join(runtime, 'config', 'edge.json'),
    sendmail: join(runtime, 'config', 'sendmail.php'),
    temp: join(runtime, 'temp'),
    downloads: join(runtime, 'cache', 'downloads'),
    archiveIndexes: join(runtime, 'cache', 'archives'),
    lock: join(runtime, 'lock.json'),
    newerManifest: join(runtime, 'manifest.json'),
    updates: join(config, 'updates.json'),
    updateLog: join(app, 'logs', 'update.log'),
    homeMoveLog: join(app, 'logs', 'home-move.log'),
    homeRecord: join(config, 'home-record.json'),
    runPlace: join(config, 'run-folder'),
    handles: join(runtime, 'state'),
  };
}

/** Folder of one installed runtime. */
export function runtimeFolder(layout: Layout, name: string, version: string, os: string, arch: string): string {
  return join(layout.bin, name, version, `${os}-${arch}`);
}

/** Tells what belongs to one home from what belongs to another; by its address, which stays when the data is moved. */
export const digestOfHome = (home: string): string => createHash('sha256').update(home).digest('hex').slice(0, 8);
