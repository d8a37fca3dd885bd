import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  overallStatus,
  serviceReadiness,
  SETTLED_AFTER_MS,
  siteStatus,
  statusOf,
  type StatusInputs,
} from './site-status.ts';
import type { ServiceState } from './services.ts';
import type { Site } from './stack.ts';
import { aService, aSite, STOPPED } from './testing/samples.ts';

const NOW = Date.parse('2026-01-01T10:00:00.000Z');
const at = (ageMs: number): string => new Date(NOW - ageMs).toISOString();

const service = (id: string, change: Partial<ServiceState> = {}): ServiceState =>
  aService(id, {
    name: id.toUpperCase(),
    lastUpdated: at(60_000),
    evidence: { text: 'it answered', latencyMs: 1, at: at(1000) },
    startedAt: at(3_600_000),
    ...change,
  });
const site = (change: Partial<Site> = {}): Site => aSite('shop', change);
const inputs = (change: Partial<StatusInputs> = {}): StatusInputs => ({
  answers: true,
  heardAt: at(500),
  services: [service('edge'), service('php'), service('redis')],
  sites: [site()],
  now: NOW,
  ...change,
});

describe('a site', () => {
  it('is ready when all that a request goes through is ready', () => {
    const status = siteStatus(site(), inputs());
    expect(status.state).toBe('ready');
    expect(status.cause).toBeNull();
    expect(status.links.map(({ name }) => name)).toEqual(['daemon', 'project', 'certificate', 'edge', 'program']);
  });

  it('does not care for services that it does not use', () => {
    const services = [service('edge'), service('php'), service('redis', { state: 'error', health: 'unhealthy' })];
    expect(siteStatus(site(), inputs({ services })).state).toBe('ready');
  });

  it.each([
    [
      'the edge is stopped',
      { services: [service('edge', { state: 'stopped', desired: 'down' }), service('php')] },
      'edge',
      'stopped',
    ],
    ['the edge is missing', { services: [service('php')] }, 'edge', 'stopped'],
    [
      'PHP is stopped',
      { services: [service('edge'), service('php', { state: 'stopped', desired: 'down' })] },
      'program',
      'stopped',
    ],
    [
      'PHP has failed',
      { services: [service('edge'), service('php', { state: 'error', health: 'unhealthy' })] },
      'program',
      'failed',
    ],
    [
      'PHP does not answer',
      { services: [service('edge'), service('php', { health: 'unhealthy' })] },
      'program',
      'failed',
    ],
    [
      'PHP starts',
      { services: [service('edge'), service('php', { state: 'starting', health: 'starting' })] },
      'program',
      'starting',
    ],
    ['the daemon is silent', { answers: false }, 'daemon', 'unknown'],
  ] as const)('is not when %s', (_, change, link, state) => {
    const status = siteStatus(site(), inputs(change));
    expect([status.cause?.name, status.state]).toEqual([link, state]);
  });

  it('is not when its settings cannot be applied, or its certificate has ended', () => {
    const problem = { title: 'cannot serve shop.dev', detail: 'not local', cure: 'Choose shop.test.' };
    expect(siteStatus(site({ problem }), inputs()).cause?.name).toBe('project');
    expect(siteStatus(site({ certificateUntil: at(1000) }), inputs()).cause?.name).toBe('certificate');
    expect(siteStatus(site({ certificateUntil: at(-1000) }), inputs()).state).toBe('ready');
  });
});

it('a crash loop never counts as ready, whatever the probe of the moment says', () => {
  const crashing = (age: number): ServiceState => service('php', { restarts: 3, startedAt: at(age) });
  expect(serviceReadiness(crashing(0), NOW)).toBe('starting');
  expect(serviceReadiness(crashing(1200), NOW)).toBe('starting');
  expect(serviceReadiness(crashing(SETTLED_AFTER_MS), NOW)).toBe('ready');
});

describe('the whole', () => {
  it('says ready only when each wanted service and each site is', () => {
    expect(overallStatus(inputs())).toMatchObject({ state: 'ready', ready: 3, wanted: 3 });
    const edgeOff = inputs({ services: [service('edge', { state: 'stopped', desired: 'down' }), service('php')] });
    expect(overallStatus(edgeOff)).toMatchObject({ state: 'failed', ready: 1, wanted: 1 });
    expect(overallStatus(edgeOff).offline).toHaveLength(1);
    expect(overallStatus(inputs({ answers: false })).state).toBe('unknown');
    const off = [service('edge', { state: 'stopped', desired: 'down', health: 'unknown' })];
    expect(overallStatus(inputs({ services: off })).state).toBe('stopped');
    const failed = [
      service('edge'),
      service('php'),
      service('redis', { state: 'error', health: 'unhealthy', desired: 'down' }),
    ];
    expect(overallStatus(inputs({ services: failed }))).toMatchObject({ state: 'failed', wanted: 3, ready: 2 });
  });

  it('never says ready while something of it is not, in any combination', () => {
    const anyService = fc.record({
      state: fc.constantFrom('stopped', 'starting', 'running', 'stopping', 'error'),
      desired: fc.constantFrom('up', 'down'),
      health: fc.constantFrom('unknown', 'starting', 'healthy', 'unhealthy'),
      restarts: fc.nat(3),
      startedAt: fc.constantFrom(at(10), at(100_000), null),
    }) as fc.Arbitrary<Partial<ServiceState>>;
    fc.assert(
      fc.property(anyService, anyService, anyService, fc.boolean(), (edge, php, redis, answers) => {
        const given = inputs({
          answers,
          services: [service('edge', edge), service('php', php), service('redis', redis)],
        });
        const { state, sites } = overallStatus(given);
        if (state !== 'ready') return true;
        return (
          answers &&
          sites.every((one) => one.state === 'ready') &&
          given.services.every((one) => one.desired === 'down' || (one.state === 'running' && one.health === 'healthy'))
        );
      }),
    );
  });
});

describe('a program that a person stopped', () => {
  const program = (change: Partial<ServiceState>): StatusInputs =>
    inputs({
      services: [service('edge'), service('php'), service('app-api', change)],
      sites: [site(), site({ projectId: 'api', services: ['app-api'] })],
    });

  it('is stopped: neither failed nor offline, and the rest is ready', () => {
    const overall = overallStatus(program(STOPPED));
    expect(overall.state).toBe('ready');
    expect(overall.offline).toEqual([]);
    expect(overall.paused.map(({ site: { projectId } }) => projectId)).toEqual(['api']);
  });

  it('is another thing than one that has failed, or an edge that is stopped', () => {
    expect(overallStatus(program({ state: 'error', health: 'unhealthy' }))).toMatchObject({
      state: 'failed',
      paused: [],
    });
    const overall = overallStatus(inputs({ services: [service('edge', STOPPED), service('php')] }));
    expect([overall.state, overall.offline.length, overall.paused.length]).toEqual(['failed', 1, 0]);
  });
});

it('says the same of one answer of the daemon', () => {
  const { services, sites } = inputs();
  expect(statusOf({ services, sites }, NOW)).toEqual(overallStatus(inputs({ heardAt: new Date(NOW).toISOString() })));
});
