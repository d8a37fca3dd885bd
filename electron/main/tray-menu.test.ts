import { describe, expect, it } from 'vitest';
import type { ServiceState } from '../../contract/services.ts';
import { overallState, trayMenu, type MenuEntry, type TrayState } from './tray-menu.ts';

const service = (id: string, state: ServiceState['state'], more: Partial<ServiceState> = {}): ServiceState => ({
  id,
  state,
  pid: null,
  lastError: null,
  lastUpdated: '2026-11-21T00:00:00Z',
  name: id,
  runtime: id,
  version: '1',
  desired: state === 'running' || state === 'starting' ? 'up' : 'down',
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
const stateOf = (services: ServiceState[], connected = true): TrayState => ({
  connected,
  services,
  sites: [{ projectId: 'hello', name: 'Hello', domain: 'hello.test', url: 'https://hello.test' }],
});
const labels = (entries: readonly MenuEntry[]): string[] =>
  entries.flatMap((entry) => ('label' in entry ? [entry.label] : []));
const enabled = (entries: readonly MenuEntry[], label: string): boolean | undefined =>
  entries.flatMap((entry) => (entry.type === 'action' && entry.label === label ? [entry.enabled] : []))[0];
const submenu = (entries: readonly MenuEntry[], id: string): readonly MenuEntry[] =>
  entries.flatMap((entry) => (entry.type === 'submenu' && entry.label.includes(id) ? [entry.entries] : []))[0] ?? [];

describe('the tray', () => {
  it('says the worst that is true', () => {
    expect(overallState(stateOf([service('a', 'running'), service('b', 'error')]))).toBe('failed');
    expect(overallState(stateOf([service('a', 'running', { health: 'unhealthy' })]))).toBe('failed');
    expect(overallState(stateOf([service('a', 'running'), service('b', 'starting')]))).toBe('busy');
    expect(overallState(stateOf([service('a', 'running'), service('b', 'stopped')]))).toBe('ready');
    expect(overallState(stateOf([service('a', 'stopped')]))).toBe('stopped');
    expect(overallState(stateOf([service('a', 'running')], false))).toBe('offline');
  });

  it('lists sites, all services with a shape for their state, and both ways to quit', () => {
    const menu = trayMenu(stateOf([service('postgres', 'running'), service('redis', 'stopped')]));
    expect(labels(menu)).toEqual([
      '1 of 2 services run',
      'Open Hello',
      'Start all',
      'Stop all',
      '● postgres 1',
      '○ redis 1',
      'Open Kojibox',
      'Quit (services go on)',
      'Quit and stop all',
    ]);
  });

  it('offers only what makes sense', () => {
    const menu = trayMenu(stateOf([service('postgres', 'running'), service('redis', 'stopped')]));
    expect(enabled(submenu(menu, 'postgres'), 'Start')).toBe(false);
    expect(enabled(submenu(menu, 'postgres'), 'Stop')).toBe(true);
    expect(enabled(submenu(menu, 'redis'), 'Start')).toBe(true);
    expect(enabled(submenu(menu, 'redis'), 'Restart')).toBe(false);
    expect(enabled(trayMenu(stateOf([service('a', 'running')])), 'Start all')).toBe(false);
  });

  it('can do nothing but open the window and quit while the daemon is away', () => {
    const menu = trayMenu(stateOf([service('postgres', 'running')], false));
    expect(enabled(menu, 'Stop all')).toBe(false);
    expect(enabled(submenu(menu, 'postgres'), 'Stop')).toBe(false);
    expect(enabled(menu, 'Quit and stop all')).toBe(false);
    expect(enabled(menu, 'Open Kojibox')).toBe(true);
    expect(enabled(menu, 'Quit (services go on)')).toBe(true);
  });
});
