/** What createKojibox needs of the machine, and what it gives. */
import type { AppConfig, ProjectConfig, ServiceConfig } from '../contract/config.ts';
import type { Change } from '../contract/changes.ts';
import type { EventData, EventName } from '../contract/index.ts';
import type { RuntimeManifest } from '../contract/manifest.ts';
import type { RuntimeChoices } from '../contract/runtimes.ts';
import type { DetectedProject, NewProject } from '../contract/projects.ts';
import type { RecordProblem } from '../contract/problems.ts';
import type { ProxyRule } from '../contract/proxy.ts';
import type { Site } from '../contract/stack.ts';
import type { PublicAuthorities } from './certificates/ca-bundle.ts';
import type { Certificates } from './certificates/certificates.ts';
import type { Changes } from './changes/changes.ts';
import type { SetApp } from './config/app-settings.ts';
import type { JsonStore } from './config/json-store.ts';
import type { ServiceSettings } from './config/service-settings.ts';
import type { Adminer, AdminerTickets } from './databases/adminer.ts';
import type { Databases } from './databases/databases.ts';
import type { Logins } from './databases/logins/logins.ts';
import type { ForeignServers } from './databases/server-import/foreign-server.ts';
import type { DataHold } from './databases/snapshots/data-hold.ts';
import type { Domains } from './domains/domains.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Layout } from './layout.ts';
import type { Ports } from './ports/ports.ts';
import type { PhpSettingsWork } from './php/php-settings.ts';
import type { ProjectPatch } from './projects/project-work.ts';
import type { Leftovers } from './projects/leftovers.ts';
import type { Projects } from './projects/projects.ts';
import type { EdgeControl } from './proxy/edge-config.ts';
import type { NameWork } from './proxy/name-work.ts';
import type { Sharing } from './proxy/sharing.ts';
import type { Runtimes } from './runtimes/runtimes.ts';
import type { RuntimeSourceDriver } from './runtimes/source.ts';
import type { Keychain } from './secrets/keychain.ts';
import type { SecretKey } from './secrets/secret-key.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { ServiceDriver } from './services/driver.ts';
import type { ProbeRunner } from './services/health.ts';
import type { HeldServices } from './services/held-services.ts';
import type { OwnServices } from './services/own-services.ts';
import type { CatalogEntry, CatalogOptions } from './stack/catalog.ts';
import type { ReplaceFolder } from './runtimes/time-zones.ts';
import type { Environments } from './stack/environments.ts';
import type { Stack } from './stack/stack.ts';
import type { Supervisor } from './services/supervisor.ts';
import type { System } from './system/system.ts';

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
  readonly adminerTickets: AdminerTickets;
  /** Sessions with servers. */
  readonly servers: Pick<ForeignServers, 'connect'>;
  readonly publicAuthorities: PublicAuthorities;
  readonly keychain: Keychain;
  readonly trust: { remove(kind: 'trust-system' | 'trust-nss', target: string): Promise<void> };
  manifest(): RuntimeManifest;
  linkCheck(tree: string, executables: readonly string[]): Promise<void>;
  replaceFolder: ReplaceFolder;
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
  readonly logins: Logins;
  /** Held while the data of a server is copied or exchanged. */
  readonly dataHold: DataHold;
  readonly adminer: Adminer;
  readonly phpSettings: PhpSettingsWork;
  readonly stores: {
    readonly app: JsonStore<AppConfig>;
    readonly services: JsonStore<ServiceConfig[]>;
    readonly rules: JsonStore<ProxyRule[]>;
    readonly projects: JsonStore<ProjectConfig[]>;
    readonly runtimes: JsonStore<RuntimeChoices>;
  };
  readonly notices: readonly string[];
  readonly serviceSettings: ServiceSettings;
  readonly ownServices: OwnServices;
  /** Programs of projects that the user stopped. */
  readonly held: HeldServices;
  readonly sharing: Sharing;
  /** Of projects and names that were removed. */
  readonly leftovers: Leftovers;
  /** Domains and proxy rules, put into effect. */
  readonly names: NameWork;
  readonly environments: Environments;
  /** Starts programs of projects again that run with an older environment. Never rejects. */
  refreshPrograms(): Promise<void>;
  /** After a change that the settings do not show, such as a new database: sites and programs get it. Rejects as `applySites`. */
  environmentChanged(): Promise<void>;
  /** Creates a project's files, serves it, and starts what it needs. Rejects before it begins for what cannot work. */
  createProject(wanted: NewProject): Promise<Change>;
  detectProject(path: string): Promise<DetectedProject>;
  removeProject(id: string): Promise<void>;
  /** Adds a sentence for the user to the notices, and to the daemon's log. */
  notice(text: string, topic?: string): void;
  sites(): Site[];
  /** Records of the settings that could not be applied. */
  problems(): readonly RecordProblem[];
  /** Defines services for the projects, writes the edge's configuration, names and certificates. */
  applySites(): Promise<void>;
  httpsPort(): number;
  /** The next apply asks again which ports the edge may have. */
  forgetPorts(): void;
  /** Defines the services that the projects need now; those that run are not touched. */
  defineServices(): CatalogEntry[];
  /** Runtimes and series that a project runs on. */
  runtimesOf(project: ProjectConfig): { name: string; series: string }[];
  readonly setApp: SetApp;
  /** Those of the services that run and cannot be reached, because their socket is not where it should be. */
  lostSockets(services: readonly string[]): Promise<string[]>;
  /** Projects whose code runs as a user who may not write in their folder, because it belongs to root; none when the daemon is not root. */
  foldersOfRoot(): Promise<ProjectConfig[]>;
  /** Creates or changes a project and serves it. */
  setProject(project: ProjectConfig): Promise<void>;
  /** Changes some settings of a project, keeps the others, and serves it. */
  updateProject(patch: ProjectPatch): Promise<void>;
}
