/** What a small, healthy installation looks like to the window; tests change parts of it. */
import type { Change } from '../../contract/changes.ts';
import type { AppConfig, ProjectConfig } from '../../contract/config.ts';
import type { FirstRunStatus } from '../../contract/first-run.ts';
import type { HomeStatus } from '../../contract/home-move.ts';
import type { DetectedProject } from '../../contract/projects.ts';
import type { ResolverStatus } from '../../contract/resolver.ts';
import type { RuntimeListEntry } from '../../contract/runtimes.ts';
import type { ServiceState } from '../../contract/services.ts';
import { aService as sampleService } from '../../contract/testing/samples.ts';
import type { UpdateStatus } from '../../contract/updater.ts';
export { aSite } from '../../contract/testing/samples.ts';
import type { Answers } from './fake-daemon.ts';

const LONG_AGO = '2026-01-01T10:00:00.000Z';

export function aService(id: string, change: Partial<ServiceState> = {}): ServiceState {
  const now = new Date().toISOString();
  const name = NAMES[id] ?? id;
  return sampleService(id, {
    name,
    lastUpdated: now,
    version: '1.0',
    evidence: { text: `${name} answered`, latencyMs: 1, at: now },
    ...change,
  });
}
const NAMES: Readonly<Record<string, string>> = {
  edge: 'Edge',
  php: 'PHP',
  postgres: 'PostgreSQL',
  redis: 'Redis',
};

export const aProject = (id: string, change: Partial<ProjectConfig> = {}): ProjectConfig => ({
  id,
  name: id.charAt(0).toUpperCase() + id.slice(1),
  path: `/home/me/code/${id}`,
  domain: `${id}.test`,
  stack: 'php',
  overrides: {},
  ...change,
});

export const aChange = (kind: string, summary: string, change: Partial<Change> = {}): Change => ({
  id: `${kind.replace('.', '-')}-1`,
  kind,
  summary,
  status: 'running',
  progress: 0.1,
  remainingMs: null,
  tasks: [],
  startedAt: new Date().toISOString(),
  endedAt: null,
  error: null,
  ...change,
});

export const APP: AppConfig = {
  installPath: '/home/me/.kojibox',
  updateChannel: 'stable',
  telemetryOptIn: false,
  overrides: {},
  theme: 'system',
  language: null,
  startStack: true,
  mirrors: {},
  projectsFolder: '',
  useHosts: true,
  startAtLogin: false,
  notifyFailures: true,
  updateFeed: 'default',
  checkForUpdates: true,
};

const FIRST_RUN: FirstRunStatus = {
  state: 'done',
  step: 'done',
  answers: {
    projectsFolder: '',
    services: ['php', 'postgres', 'redis'],
    node: false,
    phpVersion: null,
    nodeVersion: null,
    ports: {},
    removeUnused: false,
    hosts: true,
    resolver: false,
    trust: true,
    imports: [],
  },
  data: {
    folder: '/home/me/.kojibox',
    freeBytes: 1e10,
    decidedBy: 'default',
    place: '/home/me/.kojibox',
    howToMove: '',
  },
  projects: { folder: '/home/me/.kojibox/projects', freeBytes: 1e10 },
  presets: [],
  downloads: [],
  missingBytes: 0,
  hostsWritable: true,
  resolverOffered: false,
  rightsBy: null,
  changeId: null,
};

const RESOLVER: ResolverStatus = {
  mechanism: null,
  file: null,
  state: 'off',
  port: null,
  suffixes: [],
  answers: false,
  reason: 'This system has nothing that sends single names elsewhere.',
};

export const aRuntime = (name: string, series: string, change: Partial<RuntimeListEntry> = {}): RuntimeListEntry => ({
  name,
  series,
  version: `${series}.1`,
  kind: 'language',
  source: 'debian',
  size: 50_000_000,
  installed: {
    name,
    version: `${series}.1`,
    series,
    os: 'linux',
    arch: 'x64',
    path: `runtime/${name}`,
    digest: 'sha256:1',
    artifacts: [],
    source: 'debian',
    sizeOnDisk: 1e8,
    installedAt: LONG_AGO,
  },
  usedBy: [],
  isDefault: false,
  pinned: null,
  untested: false,
  ...change,
});

/** What was found in a folder. */
export const aFolder = (path: string, change: Partial<DetectedProject> = {}): DetectedProject => ({
  path,
  framework: 'PHP',
  stack: 'php',
  documentRoot: '',
  command: null,
  undecided: null,
  missing: [],
  phpVersion: null,
  nodeVersion: null,
  id: 'x',
  name: path.split('/').at(-1) ?? '',
  domain: 'x.test',
  ...change,
});

export const UPDATES: UpdateStatus = {
  installation: 'checkout',
  current: '0.1.0',
  feed: { address: null, from: 'nobody' },
  checks: { daily: false, lastAt: null, lastError: null, nextAt: null },
  previous: null,
  phase: 'idle',
  changeId: null,
  updateId: null,
  last: null,
  failed: [],
};

export const HOME: HomeStatus = {
  home: '/home/me/.kojibox',
  place: '/home/me/.kojibox',
  moved: false,
  freeBytes: 1e10,
  sizeBytes: 1e9,
  files: 1000,
  fileSystem: 'ext4',
  previous: null,
  phase: 'idle',
  moveId: null,
  changeId: null,
  services: null,
  last: null,
};

/** What the pages ask for. */
export const DEFAULT_ANSWERS: Answers = {
  'firstRun.status': () => FIRST_RUN,
  'services.definitions': () => [],
  'config.listProjects': () => [aProject('hello')],
  'projects.shares': () => [],
  'projects.missing': () => [],
  'certs.stores': () => [],
  'certs.list': () => [],
  'domains.list': () => [{ domain: 'hello.test', projectId: 'hello', targetPort: 0 }],
  'resolver.status': () => RESOLVER,
  'proxy.rules': () => [],
  'ledger.list': () => [],
  'runtime.list': () => [],
  'imports.list': () => [],
  'imports.scan': () => ({ sources: [], sites: [] }),
  'databases.list': () => [],
  'databases.snapshots': () => ({ engines: [], snapshots: [], freeBytes: 1e9 }),
  'mail.list': () => ({ port: 1025, mails: [] }),
  'activity.list': () => [],
  'doctor.run': () => [],
  'config.getApp': () => APP,
  'updater.status': () => UPDATES,
  'home.status': () => HOME,
  'metrics.history': () => ({ resolution: 'fine', host: [], services: [] }),
};
