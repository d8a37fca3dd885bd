/** Joins the core with this machine: sources of runtimes, processes, logs, trust stores, rights. */
import { renewStarterProject } from '../core/projects/starter.ts';
import { createAdminerGate } from './adminer-gate.ts';
import { createForeignServers } from './foreign-servers/foreign-servers.ts';
import { pageOwners } from './daemon-file.ts';
import { ownerOfPeer } from './system/socket-owner.linux.ts';
import { hostname } from 'node:os';
import { ownAccount } from './system/own-account.ts';
import { join } from 'node:path';
import type { MirrorKind } from '../contract/mirror.ts';
import { noticeText } from '../contract/notices.ts';
import type { Kojibox } from '../core/kojibox-types.ts';
import { createKojibox } from '../core/kojibox.ts';
import { digestOfHome, type Layout } from '../core/layout.ts';
import { findOpenFolder } from '../core/services/home-safety.ts';
import type { System } from '../core/system/system.ts';
import { replaceFolderInPrograms } from './archives/elf-texts.ts';
import { linkCheck } from './archives/link-check.ts';
import { unpackZip } from './archives/unpack-zip.ts';
import { createProcessDriver } from './drivers/process/process-driver.ts';
import { edgeControl, requestSite } from './edge-control.ts';
import type { EventBus } from './event-bus.ts';
import { createKeychain } from './keychain/keychain.ts';
import { withMirrorHint } from './packs/mirror-hint.ts';
import { createPrivileged } from './privileged/create-privileged.ts';
import { createServiceLogs, type ServiceLogs } from './service-logs.ts';
import { createArchiveProgram } from './sources/debian/archive-program.ts';
import { createDebianSource } from './sources/debian.ts';
import { proxiesOf } from './sources/download.ts';
import { createHttpsSource } from './sources/https.ts';
import { createNpmSource } from './sources/npm.ts';
import { createSystemSource } from './sources/system.ts';
import type { LogKeeping } from './system/log-keeping.ts';
import { probeRunner } from './system/probes/probe-runner.ts';
import { allPids, identifyNow, readProcessStat } from './system/process-facts.linux.ts';
import { createPublicAuthorities } from './trust/host-authorities.ts';
import { createTrustStores } from './trust/trust-stores.ts';
import { createManifestSource } from './updater/runtime-manifest.ts';

/**
 * The edge verifies nobody's certificate: with OpenSSL's own list of authorities, read only when asked for, Node does not parse its built-in
 * one (2 MB). In the desktop app the daemon runs on the app's own binary, which is a Node only when it is told so, and has no OpenSSL.
 */
const edgeNode =
  process.versions['electron'] === undefined
    ? { options: ['--use-openssl-ca'], env: {} }
    : { options: [], env: { ELECTRON_RUN_AS_NODE: '1' } };

export interface CoreOptions {
  readonly layout: Layout;
  readonly system: System;
  /** dist/ of the version that runs. */
  readonly dist: string;
  readonly keeping: Pick<LogKeeping, 'prepare' | 'look'>;
  readonly publish: EventBus['publish'];
}

export type OpenCore = Awaited<ReturnType<typeof openCore>>;

export async function openCore({ layout, system, dist, keeping, publish }: CoreOptions) {
  const { log } = system;
  const { home } = layout;
  const logs: ServiceLogs = createServiceLogs({
    folder: layout.serviceLogs,
    exportFolder: layout.logExports,
    mask: (text) => kojibox.secrets.mask(text),
    publish: (entry) => publish('service:logLine', entry),
    look: (file) => keeping.look(file),
  });
  const mirror = (kind: MirrorKind) => (): string | undefined => kojibox.stores.app.get().mirrors[kind];
  const archive = {
    program: createArchiveProgram(join(dist, 'archive', 'main.mjs')),
    archives: join(dist, 'runtime', 'archives'),
    downloads: layout.downloads,
    connection: { proxies: proxiesOf(process.env) },
  };
  const debian = createDebianSource({
    ...archive,
    indexes: layout.archiveIndexes,
    mirror: mirror('debian'),
    allowsExpired: () => kojibox.stores.app.get().mirrors.debianExpired === true,
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
    builtIn: join(dist, 'runtime'),
    stored: layout.newerManifest,
    files: system.files,
    refused: (error) => log.error('not using the newer list of runtimes', { error: `${error.code}: ${error.detail}` }),
  });
  const keychain = createKeychain({ host: system.host, program: join(dist, 'keychain', 'main.mjs') });

  await renewStarterProject(system.files, {
    template: join(dist, 'runtime', 'templates', 'hello'),
    folder: join(layout.projects, 'hello'),
    owner: system.host.isRoot ? system.host.serviceUser : null,
  });
  const adminerGate = createAdminerGate({ owners: pageOwners(), ownerOf: ownerOfPeer, now: Date.now });
  const kojibox: Kojibox = await createKojibox({
    adminerTickets: adminerGate,
    servers: createForeignServers(join(dist, 'foreign-servers', 'main.mjs')),
    home,
    system,
    probes: probeRunner,
    driver: createProcessDriver({
      folder: layout.handles,
      homeDigest: digestOfHome(home),
      table: { allPids, readProcessStat, identifyNow },
      async prepareLog(file) {
        await keeping.prepare(file);
        logs.noteLaunch(file);
      },
    }),
    publish,
    sources,
    edge: {
      command: process.execPath,
      args: [...edgeNode.options, '--no-warnings', '--max-semi-space-size=16', join(dist, 'edge', 'main.mjs')],
      env: edgeNode.env,
      control: edgeControl,
    },
    templates: join(dist, 'runtime', 'templates'),
    unpackZip: async (file, folder, signal) => {
      await unpackZip(file, folder, { signal });
    },
    userName: `${ownAccount().username}@${hostname()}`,
    publicAuthorities: createPublicAuthorities(system, layout.caBundle),
    manifest: () => manifests.read(),
    linkCheck,
    replaceFolder: replaceFolderInPrograms,
    lastLogLines: (id) => Promise.resolve(logs.lastText(id, 6)),
    requestSite,
    keychain,
    trust: { remove: (kind, target) => trust.remove(kind, target) },
  });
  const openFolder = await findOpenFolder(system, home);
  if (openFolder !== null) kojibox.notice(noticeText('homeOpen', { folder: openFolder, home }));
  const trust = createTrustStores({ system, layout, certificates: kojibox.certificates, ledger: kojibox.ledger });
  const privileged = createPrivileged({ system, kojibox, helper: join(dist, 'privileged', 'main.mjs') });
  return { kojibox, adminerGate, logs, archive, debian, sources, manifests, keychain, trust, privileged };
}
