import { expect, it } from 'vitest';
import type { ServiceState } from '../../contract/services.ts';
import { aService, aSite, STOPPED } from '../../contract/testing/samples.ts';
import { renderStatus } from './status.ts';

const service = (id: string, change: Partial<ServiceState> = {}): ServiceState =>
  aService(id, { name: id.toUpperCase(), ...change });
const lineOf = (services: ServiceState[], problem?: { title: string; detail: string; cure: string }): string =>
  renderStatus({
    ready: true,
    services,
    sites: [aSite('shop', problem === undefined ? {} : { problem })],
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
  expect(lineOf([service('edge'), service('php', STOPPED)])).toContain('stopped: koji start php');
  expect(lineOf([service('php')])).toContain('not served: the edge is stopped');
  expect(lineOf([service('edge'), service('php')], { title: 'a', detail: 'b', cure: 'c' })).toContain('not served');
});

it('says when a service has failed, and why', () => {
  const ts = '2026-01-02T03:04:05.000Z';
  const error = { code: 'SERVICE_EXITED', message: 'cannot keep it', detail: 'code 7', retryable: true } as const;
  const text = renderStatus({
    ready: false,
    services: [service('web', { state: 'error', error: { ...error, source: 'services', ts } })],
    sites: [],
    uiUrl: 'http://127.0.0.1/',
    notices: [],
  });
  expect(text).toContain(`web (${new Date(ts).toLocaleString()}): cannot keep it: code 7`);
});
