import { describe, expect, it } from 'vitest';
import type { ServiceState } from '../../contract/services.ts';
import type { StackStatus } from '../../contract/stack.ts';
import { renderReadiness } from './readiness.ts';

const service = (id: string, state: ServiceState['state'], more: Partial<ServiceState> = {}): ServiceState =>
  ({ id, name: id.toUpperCase(), state, desired: 'up', health: 'healthy', restarts: 0, ...more }) as ServiceState;
const site = (id: string, services: string[]): StackStatus['sites'][number] => ({
  projectId: id,
  name: id,
  domain: `${id}.test`,
  url: `https://${id}.test`,
  services,
});
const status = (services: ServiceState[], sites: StackStatus['sites']): StackStatus =>
  ({ services, sites, notices: [], uiUrl: '' }) as unknown as StackStatus;

const edge = service('edge', 'running');

describe('what programs that wait are told', () => {
  it('is the first site that can be opened, and why the others cannot', () => {
    const php = service('php', 'error');
    const sites = [site('hello', ['php']), site('static', []), site('other', [])];
    expect(renderReadiness(status([edge, php], sites), false)).toBe(
      ['ready https://static.test', 'not ready https://hello.test: not served: PHP has failed'].join('\n'),
    );
  });

  it('never is a site that does not answer', () => {
    const sites = [site('hello', ['php'])];
    expect(renderReadiness(status([edge], sites), false)).toBe(
      'not ready https://hello.test: not served: its program is stopped',
    );
    expect(renderReadiness(status([edge], []), false)).toBe('');
  });

  it('is a site that was asked, although its service was restarted a moment ago', () => {
    const now = Date.parse('2026-01-01T00:00:05Z');
    const php = service('php', 'running', { restarts: 1, startedAt: '2026-01-01T00:00:00Z' });
    const sites = [site('hello', ['php'])];
    expect(renderReadiness(status([edge, php], sites), true, now)).toBe('ready https://hello.test');
    expect(renderReadiness(status([edge, php], sites), false, now)).toBe(
      'not ready https://hello.test: PHP is starting',
    );
  });

  it('is no long list', () => {
    const sites = Array.from({ length: 30 }, (_, index) => site(`s${index}`, ['php']));
    expect(renderReadiness(status([edge], sites), false).split('\n')).toHaveLength(11);
  });
});
