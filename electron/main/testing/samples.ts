/** Services as the daemon tells of them, for tests. */
import type { ServiceState } from '../../../contract/services.ts';
import { INITIAL_STATE, type ShellState } from '../shell-state.ts';

export const service = (id: string, state: ServiceState['state'], more: Partial<ServiceState> = {}): ServiceState => ({
  id,
  state,
  pid: null,
  lastError: null,
  lastUpdated: '2026-11-21T00:00:00Z',
  name: id,
  runtime: id,
  version: '1',
  desired: state === 'running' || state === 'starting' || state === 'error' ? 'up' : 'down',
  health: state === 'running' ? 'healthy' : 'unknown',
  evidence: null,
  reason: null,
  error: null,
  ports: [],
  connect: null,
  dependsOn: [],
  restarts: 0,
  startedAt: null,
  readyMs: null,
  ...more,
});

export const stateOf = (services: readonly ServiceState[], connected = true): ShellState => ({
  ...INITIAL_STATE,
  connected,
  services,
  sites: [{ projectId: 'hello', name: 'Hello', domain: 'hello.test', url: 'https://hello.test' }],
});
