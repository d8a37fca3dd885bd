import { describe, expect, it } from 'vitest';
import type { WireEvent } from '../../contract/index.ts';
import type { ServiceState } from '../../contract/services.ts';
import {
  failedServices,
  foldEvent,
  INITIAL_STATE,
  newFailures,
  overallState,
  touchesStatus,
  withStatus,
} from './shell-state.ts';
import { service, stateOf } from './testing/samples.ts';

const changed = (data: ServiceState): WireEvent => ({ event: 'service:stateChanged', data, seq: 2 });
const snapshot = (services: readonly ServiceState[]): WireEvent =>
  ({ event: 'snapshot', data: { services, sites: [], changes: [], notices: [], daemon: {} }, seq: 1 }) as never;
const change = (status: string, message: string | null): WireEvent =>
  ({
    event: 'change:updated',
    data: { status, summary: 'Install php 8.4', error: message === null ? null : { message } },
    seq: 3,
  }) as never;

describe('what the shell knows', () => {
  it('says what the window and the command line say of the same', () => {
    const [edge, php] = [service('edge', 'running'), service('php', 'running')];
    expect(overallState(stateOf([edge, php, service('b', 'error')]))).toBe('failed');
    expect(overallState(stateOf([edge, service('php', 'running', { health: 'unhealthy' })]))).toBe('failed');
    expect(overallState(stateOf([edge, php, service('b', 'starting')]))).toBe('busy');
    expect(overallState(stateOf([edge, php, service('b', 'stopped')]))).toBe('ready');
    // No site can be opened: that is not "ready", although all that should run does.
    expect(overallState(stateOf([service('edge', 'stopped'), php]))).toBe('failed');
    expect(overallState(stateOf([edge, service('php', 'stopped')]))).toBe('failed');
    expect(overallState(stateOf([service('edge', 'stopped'), service('php', 'stopped')]))).toBe('stopped');
    expect(overallState(stateOf([edge, php], false))).toBe('offline');
  });

  it('follows snapshots and changes of single services, known or new', () => {
    let state = foldEvent(INITIAL_STATE, snapshot([service('a', 'stopped')]));
    state = foldEvent(state, changed(service('a', 'running')));
    state = foldEvent(state, changed(service('b', 'starting')));
    expect(state.services.map(({ id, state: each }) => `${id} ${each}`)).toEqual(['a running', 'b starting']);
  });

  it('takes over which services and sites there are', () => {
    const state = withStatus(stateOf([service('a', 'running'), service('gone', 'error')]), {
      services: [service('a', 'running'), service('new', 'stopped')],
      sites: [],
    });
    expect(state.services.map(({ id }) => id)).toEqual(['a', 'new']);
    expect(failedServices(state)).toEqual([]);
  });

  it('is the same object when nothing that is shown has changed', () => {
    const state = stateOf([service('a', 'running')]);
    expect(foldEvent(state, { event: 'service:metrics', data: [], seq: 9 })).toBe(state);
    expect(foldEvent(state, change('running', null))).toBe(state);
  });

  it('keeps the last five errors, newest first, each once', () => {
    let state = foldEvent(INITIAL_STATE, snapshot([service('a', 'error', { lastError: 'exit 1' })]));
    expect(state.errors).toEqual([{ service: 'a', name: 'a', message: 'exit 1' }]);
    state = foldEvent(state, change('failed', 'no network'));
    expect(state.errors[0]).toEqual({ service: null, name: 'Install php 8.4', message: 'no network' });
    state = foldEvent(state, changed(service('a', 'running')));
    state = foldEvent(state, changed(service('a', 'error', { lastError: 'exit 1' })));
    expect(state.errors.map(({ message }) => message)).toEqual(['exit 1', 'no network']);
    for (let number = 0; number < 9; number++) state = foldEvent(state, change('failed', `reason ${number}`));
    expect(state.errors.map(({ message }) => message)).toEqual([8, 7, 6, 5, 4].map((number) => `reason ${number}`));
  });

  it('tells of a failure once, and again when it came back meanwhile', () => {
    const good = [service('a', 'running')];
    const bad = [service('a', 'error')];
    expect(newFailures(good, bad).map(({ id }) => id)).toEqual(['a']);
    expect(newFailures(bad, [service('a', 'error', { restarts: 3 })])).toEqual([]);
    expect(newFailures([service('a', 'starting')], bad)).toHaveLength(1);
    expect(newFailures([], [service('new', 'error')])).toHaveLength(1);
  });

  it('counts no failures of a daemon that is away', () => {
    expect(failedServices(stateOf([service('a', 'error'), service('b', 'running')]))).toHaveLength(1);
    expect(failedServices(stateOf([service('a', 'error')], false))).toEqual([]);
  });

  it('knows what may change the links of sites', () => {
    expect(touchesStatus(change('done', null))).toBe(true);
    expect(touchesStatus(change('running', null))).toBe(false);
    expect(touchesStatus({ event: 'problems:changed', data: { records: [] }, seq: 1 } as never)).toBe(true);
    expect(touchesStatus({ event: 'config:changed', data: { scope: 'project', id: 'x' }, seq: 1 })).toBe(true);
    expect(touchesStatus(changed(service('a', 'running')))).toBe(false);
  });
});
