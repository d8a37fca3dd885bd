/** Services and sites as the daemon tells of them, for tests. */
import type { ServiceState } from '../services.ts';
import type { Site } from '../stack.ts';

const LONG_AGO = '2026-01-01T10:00:00.000Z';

/** One that has run well for long. */
export const aService = (id: string, change: Partial<ServiceState> = {}): ServiceState => ({
  id,
  state: 'running',
  pid: 100,
  lastError: null,
  lastUpdated: LONG_AGO,
  name: id,
  runtime: id,
  version: '1',
  desired: 'up',
  health: 'healthy',
  evidence: null,
  reason: null,
  error: null,
  ports: [],
  connect: null,
  dependsOn: [],
  restarts: 0,
  startedAt: LONG_AGO,
  readyMs: 10,
  ...change,
});

/** As a person has left it. */
export const STOPPED = { state: 'stopped', desired: 'down', health: 'unknown', pid: null } as const;

export const aSite = (id: string, change: Partial<Site> = {}): Site => ({
  projectId: id,
  name: id.charAt(0).toUpperCase() + id.slice(1),
  domain: `${id}.test`,
  url: `https://${id}.test`,
  services: ['php'],
  ...change,
});
