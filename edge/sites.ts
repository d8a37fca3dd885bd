/** The routing table: host name → site → longest path prefix. */
import type { EdgeConfig, EdgeRoute, EdgeSite } from '../contract/edge.ts';

export interface Site {
  readonly name: string;
  readonly host: string;
  readonly url: string;
}

export interface RoutingTable {
  readonly generation: number;
  find(host: string): EdgeSite | undefined;
  /** For the list on error pages. */
  readonly all: readonly Site[];
}

export function createRoutingTable(config: EdgeConfig): RoutingTable {
  const byHost = new Map(config.sites.flatMap((site) => site.hosts.map((host) => [host, site] as const)));
  const port = config.httpsPort === 443 ? '' : `:${config.httpsPort}`;
  return {
    generation: config.generation,
    find: (host) => byHost.get(host),
    all: config.sites.map(({ name, hosts }) => ({
      name,
      host: hosts[0] ?? '',
      url: `https://${hosts[0] ?? ''}${port}/`,
    })),
  };
}

/** A prefix ends at a slash: `/api` routes `/api` and `/api/x`, not `/apis`. */
export function routeFor(site: EdgeSite, path: string): EdgeRoute | undefined {
  let best: EdgeSite['routes'][number] | undefined;
  for (const candidate of site.routes) {
    const prefix = candidate.path.endsWith('/') ? candidate.path.slice(0, -1) : candidate.path;
    const matches = prefix === '' || path === prefix || path.startsWith(`${prefix}/`);
    if (matches && (best === undefined || candidate.path.length > best.path.length)) best = candidate;
  }
  return best?.route;
}

/** Host without port, lower case, without the dot of a fully qualified name; null when it is no host. */
export function hostOf(authority: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[^:/?#@\s]+)(?::\d{1,5})?$/i.exec(authority ?? '');
  return match === null ? null : (match[1] ?? '').toLowerCase().replace(/\.$/, '');
}
