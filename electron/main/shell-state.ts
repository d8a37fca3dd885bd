/** What the shell knows of the daemon, folded from its events; tray, badge and notifications are functions of it. */
import type { WireEvent } from '../../contract/index.ts';
import type { ServiceState } from '../../contract/services.ts';
import { overallStatus, type OverallStatus, type SiteState } from '../../contract/site-status.ts';
import type { Site } from '../../contract/stack.ts';

/** Something that went wrong, for the list in the tray. */
export interface RecentError {
  /** The service whose log has more; null for a change. */
  readonly service: string | null;
  readonly name: string;
  readonly message: string;
}

export interface ShellState {
  readonly connected: boolean;
  readonly services: readonly ServiceState[];
  readonly sites: readonly Site[];
  /** Newest first. */
  readonly errors: readonly RecentError[];
}

export type OverallState = 'ready' | 'busy' | 'failed' | 'stopped' | 'offline';

const KEPT_ERRORS = 5;

export const INITIAL_STATE: ShellState = { connected: false, services: [], sites: [], errors: [] };

/** @returns the same object when the event changes nothing that the shell shows */
export function foldEvent(state: ShellState, event: WireEvent): ShellState {
  switch (event.event) {
    case 'snapshot':
      return withServices({ ...state, sites: event.data.sites }, event.data.services);
    case 'service:stateChanged': {
      const changed = event.data;
      const known = state.services.some(({ id }) => id === changed.id);
      return withServices(
        state,
        known
          ? state.services.map((service) => (service.id === changed.id ? changed : service))
          : [...state.services, changed],
      );
    }
    case 'change:updated': {
      const { status, summary, error } = event.data;
      if (status !== 'failed' || error === null) return state;
      return withError(state, { service: null, name: summary, message: error.message });
    }
    default:
      return state;
  }
}

/** What the daemon answers when it is asked for all: services that came or went without an event of their own, and the sites. */
export const withStatus = (state: ShellState, status: Pick<ShellState, 'services' | 'sites'>): ShellState =>
  withServices({ ...state, sites: status.sites }, status.services);

/** Services that are in the state `error` now and were not before: each failure once, until the service has left that state. */
export function newFailures(before: readonly ServiceState[], after: readonly ServiceState[]): ServiceState[] {
  const failedBefore = new Set(before.filter(({ state }) => state === 'error').map(({ id }) => id));
  return after.filter(({ id, state }) => state === 'error' && !failedBefore.has(id));
}

/** The same as the window and `koji status` compute. */
export const statusOfShell = ({ connected, services, sites }: ShellState, now = Date.now()): OverallStatus =>
  overallStatus({ answers: connected, heardAt: null, services, sites, now });

export const failedServices = (state: ShellState): readonly ServiceState[] =>
  state.connected ? statusOfShell(state).failed : [];

const IMAGES: Readonly<Record<SiteState, OverallState>> = {
  ready: 'ready',
  starting: 'busy',
  stopped: 'stopped',
  failed: 'failed',
  unknown: 'offline',
};
/** As the image of the tray shows it. */
export const overallState = (state: ShellState): OverallState => IMAGES[statusOfShell(state).state];

/** The daemon did something by which sites, their links or the list of services may have changed; they are asked for again. */
export const touchesStatus = (event: WireEvent): boolean =>
  event.event === 'config:changed' ||
  event.event === 'problems:changed' ||
  (event.event === 'change:updated' && event.data.status !== 'running');

function withServices(state: ShellState, services: readonly ServiceState[]): ShellState {
  return newFailures(state.services, services).reduce<ShellState>(
    (next, { id, name, error, lastError }) =>
      withError(next, { service: id, name, message: error?.message ?? lastError ?? '' }),
    { ...state, services },
  );
}

function withError(state: ShellState, error: RecentError): ShellState {
  const isSame = (other: RecentError): boolean =>
    other.service === error.service && other.name === error.name && other.message === error.message;
  return { ...state, errors: [error, ...state.errors.filter((other) => !isSame(other))].slice(0, KEPT_ERRORS) };
}
