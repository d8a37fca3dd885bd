import { describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import { planSites, type SiteInputs } from './edge-sites.ts';

const project = (id: string, stack: ProjectConfig['stack'], overrides: Record<string, string> = {}): ProjectConfig => ({
  id,
  name: id,
  path: `/code/${id}`,
  domain: `${id}.test`,
  stack,
  overrides,
});
const plan = (inputs: Partial<SiteInputs>) =>
  planSites({
    projects: [],
    domains: [],
    rules: [],
    documentRoot: ({ path }) => `${path}/public`,
    linkFolders: ({ path }) => [path],
    php: () => ({ service: 'php-8.4', socket: '/run/php.sock' }),
    app: ({ id }) => ({ service: `app-${id}`, port: 3100 }),
    environment: () => ({}),
    problem: () => undefined,
    hostsOf: (domain) => [domain],
    ...inputs,
  });

describe('planSites', () => {
  it('reaches a program that listens on ::1 alone there', () => {
    const inputs = { projects: [project('api', 'node')] };
    const targetFor = (host?: '127.0.0.1' | '::1'): unknown =>
      plan({ ...inputs, app: () => ({ service: 'app-api', port: 3100, ...(host === undefined ? {} : { host }) }) })[0]
        ?.routes[0]?.route;
    expect(targetFor('::1')).toMatchObject({ target: 'http://[::1]:3100', service: 'app-api' });
    expect(targetFor()).toMatchObject({ target: 'http://127.0.0.1:3100' });
  });

  it('marks what Kojibox does not start, so that no page advises to start it', () => {
    const sites = plan({
      projects: [project('api', 'node'), project('away', 'proxy', { TARGET: 'http://127.0.0.1:7801' })],
      domains: [{ domain: 'alias.test', projectId: 'api', targetPort: 8199 }],
      rules: [{ host: 'blog.test', path: '/feed', target: 'http://127.0.0.1:4000', tls: true }],
    });
    const foreign = Object.fromEntries(
      sites.flatMap(({ hosts, routes }) => routes.map(({ route }) => [hosts[0], 'isForeign' in route])),
    );
    expect(foreign).toEqual({ 'api.test': false, 'away.test': true, 'alias.test': true, 'blog.test': true });
    // A path that no rule has is a 404 of the edge, not a service that is down.
    expect(sites.find(({ hosts }) => hosts[0] === 'blog.test')?.routes).toHaveLength(1);
  });

  it('names the project whose requests are logged, and where its links may lead', () => {
    const [site] = plan({ projects: [project('shop', 'php')] });
    expect(site).toMatchObject({ project: 'shop', routes: [{ route: { linkFolders: ['/code/shop'] } }] });
  });
});
