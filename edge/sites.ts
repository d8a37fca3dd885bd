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
  /**
   * For the list on error pages: under `.localhost` for a visitor who came by such a name, which may be the only ones that resolve here.
   * Undefined for a name that others may own: a page of theirs that resolves to this machine (DNS rebinding) must not read the list.
   */
  sitesFor(host: string): readonly Site[] | undefined;
}

/** Browsers send these here by themselves, RFC 6761 section 6.3; an address says nothing about which names resolve. */
const isLocal = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || /^127(?:\.\d{1,3}){3}$/.test(host) || host === '[::1]';

/** RFC 6761 section 6.2: no public name ends so. */
const isReserved = (host: string): boolean => host.endsWith('.test');

export function createRoutingTable(config: EdgeConfig): RoutingTable {
  const byHost = new Map(config.sites.flatMap((site) => site.hosts.map((host) => [host, site] as const)));
  const port = config.httpsPort === 443 ? '' : `:${config.httpsPort}`;
  return {
    generation: config.generation,
    find: (host) => byHost.get(host) ?? byHost.get(parentOf(host)),
    sitesFor: (asked) =>
      isLocal(asked) || isReserved(asked) || byHost.has(parentOf(asked))
        ? config.sites.map(({ name, hosts }) => {
            const host = (isLocal(asked) ? hosts.find(isLocal) : undefined) ?? hosts[0] ?? '';
            return { name, host, url: `https://${host}${port}/` };
          })
        : undefined,
  };
}

/** A site has every name one label below its own, which is as far as a wildcard in its certificate reaches (RFC 6125 section 6.4.3). */
export const parentOf = (host: string): string => host.slice(host.indexOf('.') + 1);

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

/** What was parsed before; the same few names come with every request. */
const knownHosts = new Map<string, string>();
const MAX_KNOWN_HOSTS = 256;

/** Host without port, lower case, without the dot of a fully qualified name; null when it is no host. */
export function hostOf(authority: string | undefined): string | null {
  if (authority === undefined) return null;
  const known = knownHosts.get(authority);
  if (known !== undefined) return known;
  const match = /^(\[[0-9a-f:.]{2,45}\]|[0-9a-z._-]{1,253})(?::\d{1,5})?$/i.exec(authority);
  if (match === null) return null;
  const host = (match[1] ?? '').toLowerCase().replace(/\.$/, '');
  if (knownHosts.size < MAX_KNOWN_HOSTS) knownHosts.set(authority, host);
  return host;
}
