/** Brings the edge, the names and the certificates to what projects, domains and rules ask for. */
import { hasProgram, type ProjectConfig } from '../../contract/config.ts';
import type { DomainMapping } from '../../contract/domains.ts';
import type { ProxyRule } from '../../contract/proxy.ts';
import type { Share } from '../../contract/sharing.ts';
import type { Site } from '../../contract/stack.ts';
import { writeCaBundle, type PublicAuthorities } from '../certificates/ca-bundle.ts';
import type { Certificates } from '../certificates/certificates.ts';
import type { Domains } from '../domains/domains.ts';
import type { Ports } from '../ports/ports.ts';
import type { System } from '../system/system.ts';
import type { createEdgeConfigWriter, EdgePorts } from './edge-config.ts';
import { NAME_SERVER_PORT, NAME_SERVER_PORT_KEY } from '../domains/resolver.ts';
import { planSites, type PlannedSite } from './edge-sites.ts';

const HTTP_PORTS = { low: 80, high: 8080 } as const;
const HTTPS_PORTS = { low: 443, high: 8443 } as const;

export interface SiteWork {
  /** Defines services for the projects, writes the edge's configuration, names and certificates. */
  applySites(): Promise<void>;
  sites(): Site[];
  /** The links as they were when the stack ran, for who asks before it runs again. Changes nothing. */
  recallLinks(): Promise<void>;
  httpsPort(): number;
  /** The next apply asks again which ports are free. */
  forgetPorts(): void;
  /** Port of a project's own program, as the edge has it. */
  appPort(service: string): number | undefined;
}

export function createSiteWork(options: {
  readonly system: System;
  readonly ports: Ports;
  readonly domains: Domains;
  readonly certificates: Certificates;
  readonly caBundle: string;
  readonly rootCertificate: string;
  readonly publicAuthorities: PublicAuthorities;
  readonly edge: ReturnType<typeof createEdgeConfigWriter>;
  edgeRuns(): boolean;
  /** False: the hosts file is left alone, unless somebody asks for it by name. */
  wantsHosts(): boolean;
  projects(): readonly ProjectConfig[];
  mappings(): readonly DomainMapping[];
  rules(): readonly ProxyRule[];
  documentRoot(project: ProjectConfig): Promise<string>;
  php(project: ProjectConfig): { readonly service: string; readonly socket: string };
  app(project: ProjectConfig): Promise<{ service: string; port: number }>;
  environment(project: ProjectConfig, service: string): Promise<Record<string, string>>;
  /** Sites of Kojibox itself, beside those of the projects. */
  extraSites(): Promise<PlannedSite[]>;
  /** Projects that the same network may open. */
  shares(): readonly Share[];
  define(): void;
}): SiteWork {
  const { system, ports, domains, certificates } = options;
  let edgePorts: EdgePorts | null = null;
  let apps: ReadonlyMap<string, { service: string; port: number }> = new Map();
  const links = new Map<string, string>();

  const assignEdgePorts = async (): Promise<EdgePorts> => {
    const known = ports.registry().assigned;
    // The running edge holds its ports itself; asking whether they are free would move it.
    if (options.edgeRuns() && known['edge.https'] !== undefined)
      return {
        httpPort: known['edge.http'] ?? null,
        httpsPort: known['edge.https'],
        dnsPort: known[NAME_SERVER_PORT_KEY] ?? (await ports.assign(NAME_SERVER_PORT_KEY, NAME_SERVER_PORT)),
      };
    const low = (await system.network.canBind(HTTPS_PORTS.low)).ok;
    const httpsPort = await ports.assign('edge.https', low ? HTTPS_PORTS.low : HTTPS_PORTS.high);
    const httpPort = await ports.assign(
      'edge.http',
      low && (await system.network.canBind(HTTP_PORTS.low)).ok ? HTTP_PORTS.low : HTTP_PORTS.high,
    );
    return { httpPort, httpsPort, dnsPort: await ports.assign(NAME_SERVER_PORT_KEY, NAME_SERVER_PORT) };
  };

  /** What planSites asks of each project, found out beforehand because it takes time. */
  const askProjects = async (projects: readonly ProjectConfig[]) => {
    const roots = new Map(
      await Promise.all(projects.map(async (project) => [project.id, await options.documentRoot(project)] as const)),
    );
    const environments = new Map<string, Record<string, string>>();
    const found = new Map<string, { service: string; port: number }>();
    for (const project of projects) {
      if (project.stack === 'php')
        environments.set(project.id, await options.environment(project, options.php(project).service));
      if (hasProgram(project)) found.set(project.id, await options.app(project));
    }
    return { roots, environments, found };
  };

  const findLinks = async (names: readonly string[], httpsPort: number): Promise<void> => {
    const found = await Promise.all(names.map(async (name) => [name, await domains.linkFor(name, httpsPort)] as const));
    links.clear();
    for (const [name, link] of found) links.set(name, link);
  };

  return {
    async applySites() {
      options.define();
      edgePorts ??= await assignEdgePorts();
      const { roots, environments, found } = await askProjects(options.projects());
      apps = found;
      const planned = planSites({
        projects: options.projects(),
        domains: options.mappings(),
        rules: options.rules(),
        documentRoot: (project) => roots.get(project.id) ?? project.path,
        php: options.php,
        app: ({ id }) => found.get(id) ?? { service: id, port: 9 },
        environment: ({ id }) => environments.get(id) ?? {},
        hostsOf: (domain) => [...new Set([domain, domains.localhostName(domain)])],
      });
      const extra = await options.extraSites();
      await certificates.ensureRoot();
      await writeCaBundle(system.files, options.caBundle, options.rootCertificate, options.publicAuthorities);
      const shares = options.shares().flatMap(({ projectId, address, port }) => {
        const host = options.projects().find(({ id }) => id === projectId)?.domain;
        return host === undefined ? [] : [{ host, address, port }];
      });
      await options.edge.apply([...planned, ...extra], edgePorts, shares);
      const names = planned.flatMap(({ hosts }) => hosts.slice(0, 1));
      if (options.wantsHosts() && (await domains.canWriteHosts())) await domains.applyHosts(names);
      await findLinks(names, edgePorts.httpsPort);
    },
    async recallLinks() {
      const port = ports.registry().assigned['edge.https'];
      const names = options.projects().map(({ domain }) => domain);
      if (port !== undefined) await findLinks(names, port);
    },
    sites: () =>
      options.projects().map((project) => ({
        projectId: project.id,
        name: project.name,
        domain: project.domain,
        url: links.get(project.domain) ?? `https://${project.domain}`,
      })),
    httpsPort: () => edgePorts?.httpsPort ?? ports.registry().assigned['edge.https'] ?? HTTPS_PORTS.high,
    forgetPorts() {
      edgePorts = null;
    },
    appPort: (service) => [...apps.values()].find((app) => app.service === service)?.port,
  };
}
