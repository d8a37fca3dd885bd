/** What a small, healthy installation looks like to the window; tests change parts of it. */
import type { Change } from '../../contract/changes.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import type { ServiceState } from '../../contract/services.ts';
import type { Site } from '../../contract/stack.ts';
import type { Answers } from './fake-daemon.ts';

const LONG_AGO = '2026-01-01T10:00:00.000Z';

export function aService(id: string, change: Partial<ServiceState> = {}): ServiceState {
  const now = new Date().toISOString();
  return {
    id,
    state: 'running',
    pid: 100,
    lastError: null,
    lastUpdated: now,
    name: NAMES[id] ?? id,
    runtime: id,
    version: '1.0',
    desired: 'up',
    health: 'healthy',
    evidence: { text: `${NAMES[id] ?? id} answered`, latencyMs: 1, at: now },
    reason: null,
    error: null,
    ports: [],
    connect: null,
    dependsOn: [],
    restarts: 0,
    startedAt: LONG_AGO,
    readyMs: 10,
    ...change,
  };
}
const NAMES: Readonly<Record<string, string>> = {
  edge: 'Edge',
  php: 'PHP',
  postgres: 'PostgreSQL',
  redis: 'Redis',
};

export const aSite = (id: string, change: Partial<Site> = {}): Site => ({
  projectId: id,
  name: id.charAt(0).toUpperCase() + id.slice(1),
  domain: `${id}.test`,
  url: `https://${id}.test`,
  services: ['php'],
  ...change,
});

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

/** What the pages ask for. */
export const DEFAULT_ANSWERS: Answers = {
  'firstRun.status': () => ({ state: 'done', answers: {}, changeId: null }) as never,
  'services.definitions': () => [],
  'config.listProjects': () => [aProject('hello')],
  'projects.shares': () => [],
  'certs.stores': () => [],
  'certs.list': () => [],
  'domains.list': () => [{ domain: 'hello.test', projectId: 'hello', targetPort: 0 }],
  'resolver.status': () => ({ state: 'off', mechanism: null, suffixes: [], answers: false, reason: '' }) as never,
  'proxy.rules': () => [],
  'ledger.list': () => [],
  'runtime.list': () => [],
  'imports.list': () => [],
  'imports.scan': () => [] as never,
  'databases.list': () => [],
  'databases.snapshots': () => ({ snapshots: [], usedBytes: 0, freeBytes: 1e9 }) as never,
  'mail.list': () => ({ port: 1025, mails: [] }),
  'activity.list': () => [],
  'doctor.run': () => [],
  'config.getApp': () => ({ language: null }) as never,
  'metrics.history': () => ({ points: [] }) as never,
};
