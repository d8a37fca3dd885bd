/** What the shell knows, for tests. */
import type { ServiceState } from '../../../contract/services.ts';
import { aService, aSite } from '../../../contract/testing/samples.ts';
import { INITIAL_STATE, type ShellState } from '../shell-state.ts';

export const service = (id: string, state: ServiceState['state'], more: Partial<ServiceState> = {}): ServiceState =>
  aService(id, {
    state,
    desired: state === 'running' || state === 'starting' || state === 'error' ? 'up' : 'down',
    health: state === 'running' ? 'healthy' : state === 'error' ? 'unhealthy' : 'unknown',
    ...more,
  });

/** With one site, whose program is PHP. */
export const stateOf = (services: readonly ServiceState[], connected = true): ShellState => ({
  ...INITIAL_STATE,
  connected,
  services,
  sites: [aSite('hello')],
});
