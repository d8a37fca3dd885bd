/**
 * Whether the sites of this machine can be opened, and why not. Pure: the daemon (`stack.status`, and with it agents), the window, the tray and
 * the command line compute the same, so that none of them says "ready" of a site that cannot be reached.
 */
import type { ServiceState } from './services.ts';
import type { Site } from './stack.ts';

/** `unknown`: the daemon does not answer, so the state is not known. */
export type SiteState = 'ready' | 'starting' | 'stopped' | 'failed' | 'unknown';

/** What a request goes through, in this order; the first that is not ready decides. */
export const SITE_LINKS = ['daemon', 'project', 'certificate', 'edge', 'program'] as const;
export type SiteLinkName = (typeof SITE_LINKS)[number];

export interface SiteLink {
  readonly name: SiteLinkName;
  readonly state: SiteState;
  /** Service that it is about. */
  readonly service: ServiceState | null;
  /** When it was last seen so, ISO 8601; null where nothing was asked yet. */
  readonly at: string | null;
}

export interface SiteStatus {
  readonly site: Site;
  readonly state: SiteState;
  /** All links, in the order of a request. */
  readonly links: readonly SiteLink[];
  /** The link that keeps the site from being ready; null when it is. */
  readonly cause: SiteLink | null;
}

export interface OverallStatus {
  readonly state: SiteState;
  /** Services that should run. */
  readonly wanted: number;
  /** Of those, how many answer. */
  readonly ready: number;
  readonly failed: readonly ServiceState[];
  readonly sites: readonly SiteStatus[];
  /** Sites that cannot be opened although the stack runs or should run. */
  readonly offline: readonly SiteStatus[];
  /** Sites whose own program a person stopped: nothing is wrong with them. */
  readonly paused: readonly SiteStatus[];
}

export interface StatusInputs {
  /** False: the daemon was not heard for some seconds, or the connection is gone. */
  readonly answers: boolean;
  /** When it was last heard, ISO 8601. */
  readonly heardAt: string | null;
  readonly services: readonly ServiceState[];
  readonly sites: readonly Site[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Id of the service that answers for all sites. */
export const EDGE_SERVICE = 'edge';

/** A service that was restarted counts as ready when it has run this long: one that crashes every second never does. */
export const SETTLED_AFTER_MS = 15_000;

/** The state of one service, for a person who wants to use it. */
export function serviceReadiness(service: ServiceState, now: number): SiteState {
  switch (service.state) {
    case 'error':
      return 'failed';
    case 'stopped':
    case 'stopping':
      return service.desired === 'up' ? 'starting' : 'stopped';
    case 'starting':
      return 'starting';
    case 'running':
      if (service.health === 'unhealthy') return 'failed';
      return service.health === 'healthy' && !isSettling(service, now) ? 'ready' : 'starting';
  }
}

function isSettling({ restarts, startedAt }: ServiceState, now: number): boolean {
  if (restarts === 0 || startedAt === null) return false;
  const age = now - Date.parse(startedAt);
  return age >= 0 && age < SETTLED_AFTER_MS;
}

export function siteStatus(site: Site, inputs: StatusInputs): SiteStatus {
  const { services, now } = inputs;
  const linkOf = (name: SiteLinkName, id: string): SiteLink => {
    const service = services.find((candidate) => candidate.id === id) ?? null;
    return service === null
      ? { name, state: 'stopped', service, at: null }
      : {
          name,
          state: serviceReadiness(service, now),
          service,
          at: service.evidence?.at ?? service.lastUpdated,
        };
  };
  const known: SiteLink[] = [
    { name: 'project', state: site.problem === undefined ? 'ready' : 'failed', service: null, at: inputs.heardAt },
    { name: 'certificate', state: certificateState(site, now), service: null, at: inputs.heardAt },
    linkOf('edge', EDGE_SERVICE),
    ...(site.services ?? []).map((id) => linkOf('program', id)),
  ];
  const daemon: SiteLink = {
    name: 'daemon',
    state: inputs.answers ? 'ready' : 'unknown',
    service: null,
    at: inputs.heardAt,
  };
  const links = [daemon, ...(inputs.answers ? known : known.map((link) => ({ ...link, state: 'unknown' as const })))];
  const cause = links.find(({ state }) => state !== 'ready') ?? null;
  return { site, state: cause?.state ?? 'ready', links, cause };
}

function certificateState({ certificateUntil }: Site, now: number): SiteState {
  return typeof certificateUntil === 'string' && Date.parse(certificateUntil) <= now ? 'failed' : 'ready';
}

export function overallStatus(inputs: StatusInputs): OverallStatus {
  const { services, now } = inputs;
  const wanted = services.filter(({ desired, state }) => desired === 'up' || state === 'error');
  const ready = wanted.filter((service) => serviceReadiness(service, now) === 'ready');
  const failed = wanted.filter((service) => serviceReadiness(service, now) === 'failed');
  const sites = inputs.sites.map((site) => siteStatus(site, inputs));
  const isWanted = wanted.length > 0;
  const paused = isWanted ? sites.filter(isPaused) : [];
  const offline = isWanted ? sites.filter((site) => isOffline(site) && !paused.includes(site)) : [];
  return {
    state: stateOf({
      answers: inputs.answers,
      isWanted,
      isFailed: failed.length + offline.length > 0,
      isReady: ready.length === wanted.length && sites.every((site) => site.state === 'ready' || paused.includes(site)),
    }),
    wanted: wanted.length,
    ready: ready.length,
    failed,
    sites,
    offline,
    paused,
  };
}

const isOffline = ({ state }: SiteStatus): boolean => state === 'failed' || state === 'stopped';
/** Its own program, which no other site waits for; a runtime that many share is another thing. */
const isPaused = ({ site, cause }: SiteStatus): boolean =>
  cause?.name === 'program' && cause.state === 'stopped' && cause.service?.id === `app-${site.projectId}`;

/** From one answer of `stack.status`, or from what the daemon is about to answer. */
export const statusOf = ({ services, sites }: Pick<StatusInputs, 'services' | 'sites'>, now: number): OverallStatus =>
  overallStatus({ answers: true, heardAt: new Date(now).toISOString(), services, sites, now });

function stateOf(seen: { answers: boolean; isWanted: boolean; isFailed: boolean; isReady: boolean }): SiteState {
  if (!seen.answers) return 'unknown';
  if (!seen.isWanted) return 'stopped';
  if (seen.isFailed) return 'failed';
  return seen.isReady ? 'ready' : 'starting';
}
