/** The life of the daemon of one home: open everything, take over what runs, tell that it is there, end in order. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DaemonInfo } from '../contract/daemon.ts';
import { KojiboxError } from '../contract/errors.ts';
import { resolveHome, type HomeFacts } from '../contract/home.ts';
import { noticeText } from '../contract/notices.ts';
import { layoutOf } from '../core/layout.ts';
import { acquireLock } from './daemon-lock.ts';
import { writeDaemonFile } from './daemon-file.ts';
import { endWork } from './end-work.ts';
import { createEventBus } from './event-bus.ts';
import { finishMove } from './home/unfinished-move.ts';
import { listen } from './listen.ts';
import { openCore } from './open-core.ts';
import { openFeatures } from './open-features.ts';
import { ensureProjectLogs, keepLogs, removeProjectLogs } from './log-folders.ts';
import { createNodeSystem } from './system/node-system.ts';
import { tellReady } from './tell-ready.ts';

export interface DaemonOptions {
  readonly homeFacts: HomeFacts;
  /** dist/ of the version that runs. */
  readonly dist: string;
  readonly version: string;
}

/** Resolves once it answers. Rejects with DAEMON_RUNNING when another one serves this home. */
export async function startDaemon({ homeFacts, dist, version }: DaemonOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const home = resolve(resolveHome(homeFacts));
  const layout = layoutOf(home);
  await finishMove(home, join(dist, 'mover', 'main.mjs'), process.env['KOJIBOX_TRIAL']);
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

  const keeping = keepLogs([layout.serviceLogs, ...ensureProjectLogs(layout.serviceLogs, system.host)], log);
  const bus = createEventBus();
  const core = await openCore({ layout, system, dist, keeping, publish: bus.publish });
  const { kojibox, keychain } = core;

  const info = (): DaemonInfo => ({
    pid: process.pid,
    version,
    startedAt,
    uptimeSec: Math.round(process.uptime()),
    home,
    memMB: Math.round(process.memoryUsage.rss() / 1048576),
    node: process.version,
    os: system.host.os,
    arch: system.host.arch,
  });
  let url = '';
  let quitting = false;
  const quit = (keepServices: boolean, restarting: boolean): void => {
    if (quitting) return;
    quitting = true;
    void shutDown(keepServices, restarting);
  };
  const features = await openFeatures({
    ...core,
    system,
    dist,
    version,
    bus,
    usualHome: resolve(resolveHome({ ...homeFacts, environment: { ...homeFacts.environment, KOJIBOX_HOME: '' } })),
    info,
    url: () => url,
    isEnding: () => quitting,
    quit,
  });

  // Before anybody can ask for an install: what a killed one left behind.
  await kojibox.runtimes.cleanTemp();
  await kojibox.leftovers.sweep((id) => removeProjectLogs(layout.serviceLogs, id));
  const listening = await listen({
    layout,
    runFolder: kojibox.runFolder,
    dist,
    version,
    dispatcher: features.dispatcher,
    hub: features.hub,
    keys: features.keys,
    gate: (key, message) => core.adminerGate.exchange(key, message),
    uploads: new Map([
      ['/upload/pack', (request) => features.uploads.receive(request)],
      ['/upload/dump', (request) => features.dumpUploads.receive(request)],
    ]),
  });
  url = listening.url;
  core.adminerGate.openAt(url);

  // Before anybody is told that this daemon is there: what an earlier one left running is taken over.
  const adopted = await kojibox.supervisor.recover();
  if (adopted.length > 0) {
    log.info('took over running services', { services: adopted });
    // The services that run are served as before; `koji up` tries again and says what fails.
    await kojibox.applySites().catch((error: unknown) => log.error('cannot apply the sites', { error: String(error) }));
    // As root, an earlier version had the sockets in another folder.
    for (const id of await kojibox.lostSockets(adopted))
      void kojibox.supervisor
        .restart(id)
        .catch((error: unknown) =>
          log.error('cannot restart a service without its socket', { id, error: String(error) }),
        );
  }
  await features.snapshots
    .recover()
    .catch((error: unknown) => kojibox.notice(noticeText('snapshotLeftovers', { reason: String(error) })));
  features.serverImports.recover();
  await writeDaemonFile(system.files, layout.daemonFile, {
    pid: process.pid,
    startedAt,
    version,
    socket: listening.socket,
    url,
    token: features.token,
  });
  // In the middle of a move the move says what runs.
  if (kojibox.stores.app.get().startStack && adopted.length === 0 && !features.home.isMoving()) kojibox.stack.up();
  // After all else: a keychain takes its time, and nothing waits for it.
  void kojibox.secretKey
    .adopt()
    .then((why) => log.info('key of the secrets', { place: why === null ? keychain.label : `file: ${why}` }));
  log.info('ready', { pid: process.pid, url, home, version });
  tellReady();
  features.updater.begin();
  features.home.begin();

  async function shutDown(keepServices: boolean, restarting: boolean): Promise<void> {
    log.info('ending', { keepServices, restarting });
    keeping.stop();
    features.snapshots.end();
    await endWork(kojibox, keepServices, log);
    features.metrics.close();
    features.mail.close();
    if (!restarting) rmSync(layout.daemonFile, { force: true });
    listening.close();
    lock?.release();
    // Open event streams would keep the process alive.
    setTimeout(() => process.exit(0), 50);
  }
  process.on('SIGINT', () => quit(false, false));
  process.on('SIGTERM', () => quit(false, false));
  process.on('SIGHUP', () => undefined); // The terminal that began it may close.
}
