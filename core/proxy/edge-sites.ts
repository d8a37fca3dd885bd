/** From projects, domains and rules to the sites of the edge. Pure. */
import { hasProgram, type ProjectConfig } from '../../contract/config.ts';
import type { DomainMapping } from '../../contract/domains.ts';
import type { EdgeRoute, EdgeSite } from '../../contract/edge.ts';
import type { Problem } from '../../contract/problems.ts';
import type { ProxyRule } from '../../contract/proxy.ts';
import { compareText } from '../compare-text.ts';

/** Where a project's own program listens. */
export interface AppAddress {
  readonly service: string;
  readonly port: number;
  /** Default 127.0.0.1; some programs listen on ::1 alone. */
  readonly host?: '127.0.0.1' | '::1';
}

export interface SiteInputs {
  readonly projects: readonly ProjectConfig[];
  readonly domains: readonly DomainMapping[];
  readonly rules: readonly ProxyRule[];
  documentRoot(project: ProjectConfig): string;
  /** Into which links of the document root may lead. */
  linkFolders(project: ProjectConfig): readonly string[];
  /** Service and FastCGI socket that run this project's PHP. */
  php(project: ProjectConfig): { readonly service: string; readonly socket: string };
  /** Service and port of a project's own program. */
  app(project: ProjectConfig): AppAddress;
  /** Environment of a project's PHP. */
  environment(project: ProjectConfig): Readonly<Record<string, string>>;
  /** Why a project cannot be served; undefined when it can. */
  problem(project: ProjectConfig): Problem | undefined;
  /** All names of a domain for which a certificate can be made: itself and its `*.localhost` name. */
  hostsOf(domain: string): readonly string[];
}

/** A site without its certificate files, which are made afterwards. */
export type PlannedSite = Omit<EdgeSite, 'certificate' | 'key'>;

interface SiteDraft {
  readonly name: string;
  routes: { path: string; route: EdgeRoute }[];
  problem: Problem | undefined;
  /** ID of the project that has the host. */
  project: string | undefined;
}

export function planSites(inputs: SiteInputs): PlannedSite[] {
  const routes = new Map<string, SiteDraft>();
  const siteOf = (host: string, name: string): SiteDraft => {
    const known = routes.get(host) ?? { name, routes: [], problem: undefined, project: undefined };
    routes.set(host, known);
    return known;
  };
  const put = (host: string, name: string, path: string, route: EdgeRoute): void => {
    const site = siteOf(host, name);
    site.routes = [...site.routes.filter((existing) => existing.path !== path), { path, route }];
  };

  const putProject = (host: string, project: ProjectConfig): void => {
    const problem = inputs.problem(project);
    const route = problem === undefined ? projectRoute(project, inputs) : null;
    if (route !== null) put(host, project.name, '/', route);
    // The page of the first one that has the name is the one to show.
    else if (problem !== undefined && !routes.has(host)) siteOf(host, project.name).problem = problem;
  };

  const claim = (host: string, project: string | undefined): void => {
    const site = routes.get(host);
    if (site !== undefined) site.project ??= project;
  };

  for (const project of inputs.projects) {
    putProject(project.domain, project);
    claim(project.domain, project.id);
  }
  for (const mapping of inputs.domains) {
    const project = inputs.projects.find(({ id }) => id === mapping.projectId);
    if (mapping.targetPort !== 0)
      put(
        mapping.domain,
        project?.name ?? mapping.projectId,
        '/',
        foreignRoute(`http://127.0.0.1:${mapping.targetPort}`, mapping.projectId),
      );
    else if (project !== undefined) putProject(mapping.domain, project);
    claim(mapping.domain, project?.id);
  }
  for (const rule of inputs.rules) put(rule.host, rule.host, rule.path, foreignRoute(rule.target, rule.host));

  return [...routes]
    .map(([host, site]) => ({
      hosts: [...inputs.hostsOf(host)],
      name: site.name,
      ...(site.project === undefined ? {} : { project: site.project }),
      // A mapping or a rule for the root serves it after all.
      ...(site.problem === undefined || site.routes.some(({ path }) => path === '/') ? {} : { problem: site.problem }),
      routes: site.routes.length > 0 ? site.routes : [{ path: '/', route: emptyRoute(site.name) }],
    }))
    .filter(({ hosts }) => hosts.length > 0)
    .sort((a, b) => compareText(a.hosts[0] ?? '', b.hosts[0] ?? ''));
}

function projectRoute(project: ProjectConfig, inputs: SiteInputs): EdgeRoute | null {
  const documentRoot = inputs.documentRoot(project);
  const linkFolders = [...inputs.linkFolders(project)];
  if (project.stack === 'static')
    return { type: 'static', documentRoot, linkFolders, fallback: project.overrides['FALLBACK'] ?? null };
  if (project.stack === 'proxy') {
    const target = project.overrides['TARGET'];
    return target === undefined ? null : foreignRoute(target, project.id);
  }
  if (hasProgram(project)) {
    const { service, port, host } = inputs.app(project);
    return httpRoute(addressOf({ service, port, ...(host === undefined ? {} : { host }) }), service);
  }
  const { service, socket } = inputs.php(project);
  return {
    type: 'php',
    documentRoot,
    linkFolders,
    socket,
    service,
    project: project.id,
    env: { ...inputs.environment(project) },
    frontController: 'index.php',
  };
}

const httpRoute = (target: string, service: string): EdgeRoute => ({ type: 'http', target, service });

/** To a program that Kojibox does not start. */
const foreignRoute = (target: string, service: string): EdgeRoute => ({
  type: 'http',
  target,
  service,
  isForeign: true,
});

/** For a site whose problem is shown instead of any route. */
const emptyRoute = (name: string): EdgeRoute => foreignRoute('http://127.0.0.1:9', name);

/** As a URL. */
export const addressOf = ({ host = '127.0.0.1', port }: AppAddress): string =>
  `http://${host === '::1' ? '[::1]' : host}:${port}`;

/** With the address at which a running program was reached. */
export function reachedApp(
  app: { readonly service: string; readonly port: number },
  states: readonly { readonly id: string; readonly state: string; readonly connect: string | null }[],
): AppAddress {
  const state = states.find(({ id }) => id === app.service);
  if (state?.state !== 'running' || state.connect === null || !URL.canParse(state.connect)) return app;
  const { hostname, port } = new URL(state.connect);
  return { ...app, host: hostname === '[::1]' ? '::1' : '127.0.0.1', port: Number(port) };
}
