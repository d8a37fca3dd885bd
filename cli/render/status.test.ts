import { expect, it } from 'vitest';
import type { ServiceState } from '../../contract/services.ts';
import { renderStatus } from './status.ts';

const service = (id: string, change: Partial<ServiceState> = {}): ServiceState => ({
  id,
  state: 'running',
  pid: 1,
  lastError: null,
  lastUpdated: '2026-01-01T10:00:00.000Z',
  name: id.toUpperCase(),
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
  startedAt: null,
  readyMs: null,
  ...change,
});
const lineOf = (services: ServiceState[], problem?: { title: string; detail: string; cure: string }): string =>
  renderStatus({
    ready: true,
    services,
    sites: [
      {
        projectId: 'shop',
        name: 'Shop',
        domain: 'shop.test',
        url: 'https://shop.test',
        services: ['php'],
        ...(problem === undefined ? {} : { problem }),
      },
    ],
    uiUrl: 'http://127.0.0.1/',
    notices: [],
  })
    .split('\n')
    .find((line) => line.includes('shop.test')) ?? '';

it('says of each site whether it can be opened, and why not', () => {
  expect(lineOf([service('edge'), service('php')])).not.toContain('not served');
  expect(lineOf([service('edge', { state: 'stopped', desired: 'down' }), service('php')])).toContain(
    'not served: EDGE is stopped',
  );
  expect(lineOf([service('edge'), service('php', { state: 'error' })])).toContain('not served: PHP has failed');
  expect(lineOf([service('edge'), service('php', { state: 'starting' })])).toContain('PHP is starting');
  expect(lineOf([service('php')])).toContain('not served: the edge is stopped');
  expect(lineOf([service('edge'), service('php')], { title: 'a', detail: 'b', cure: 'c' })).toContain('not served');
});
