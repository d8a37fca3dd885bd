/** Brings the edge, the names and the certificates to what projects, domains and rules ask for. */
import type { ProjectConfig } from '../../contract/config.ts';
import type { DomainMapping } from '../../contract/domains.ts';
import type { ProxyRule } from '../../contract/proxy.ts';
import type { RecordProblem } from '../../contract/problems.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';
import type { Share } from '../../contract/sharing.ts';
import type { Site } from '../../contract/stack.ts';
import { writeCaBundle, type PublicAuthorities } from '../certificates/ca-bundle.ts';
import type { Certificates } from '../certificates/certificates.ts';
import { isLocalName } from '../certificates/local-domains.ts';
import type { Domains } from '../domains/domains.ts';
import { localDomainError } from '../domains/local-domain.ts';
import type { Ports } from '../ports/ports.ts';
import { assertDecided } from '../projects/decide.ts';
import { detectProject } from '../projects/detect.ts';
import type { FileOwner } from '../system/files.ts';
import type { System } from '../system/system.ts';
import type { createEdgeConfigWriter, EdgePorts } from './edge-config.ts';
import { NAME_SERVER_PORT, NAME_SERVER_PORT_KEY } from '../domains/resolver.ts';
import { addressOf, planSites, type AppAddress, type PlannedSite } from './edge-sites.ts';
import { planProjects } from './plan-projects.ts';
import { problemOf } from './record-problem.ts';
import { withSessions } from './sessions.ts';

const adminerTitle = sayProblem('cannotServe', { domain: 'adminer.localhost' });
const HTTP_PORTS = { low: 80, high: 8080 } as const;
const HTTPS_PORTS = { low: 443, high: 8443 } as const;

export interface SiteWork {
  /** Defines services for the projects, writes the edge's configuration, names and certificates. */
  applySites(): Promise<void>;
  sites(): Site[];
  /** Records that the last `applySites` could not apply. */
  problems(): readonly RecordProblem[];
  /** The links as they were when the stack ran, for who asks before it runs again. Changes nothing. */
  recallLinks(): Promise<void>;
  httpsPort(): number;
  /** The next apply asks again which ports are free. */
  forgetPorts(): void;
  /** Address of a project's own program, as the edge has it. */
  appAddress(service: string): string | undefined;
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
  /** False: the hosts file is left alone, unless someone asks for it by name. */
  wantsHosts(): boolean;
  projects(): readonly ProjectConfig[];
  mappings(): readonly DomainMapping[];
  rules(): readonly ProxyRule[];
  documentRoot(project: ProjectConfig): Promise<string>;
  linkFolders(project: ProjectConfig): Promise<string[]>;
  php(project: ProjectConfig): {
    readonly service: string;
    readonly socket: string;
    readonly settings: string;
    readonly user: FileOwner | undefined;
  };
  /** Finds out again whose the folders of the projects are. */
  lookAtFolders(): Promise<void>;
  /** Holds the sessions of the PHP sites, a folder each. */
  readonly sessions: string;
  app(project: ProjectConfig): Promise<AppAddress>;
  environment(project: ProjectConfig, service: string): Promise<Record<string, string>>;
  /** Rejects when a setting of the project cannot be applied. */
  check(project: ProjectConfig): Promise<void>;
  isThere(path: string): Promise<boolean>;
  /** All that is left of what could not be applied. */
  problemsChanged(problems: readonly RecordProblem[]): void;
  /** Sites of Kojibox itself, beside those of the projects. */
  extraSites(): Promise<PlannedSite[]>;
  /** Projects that the same network may open. */
  shares(): readonly Share[];
  define(): void;
}): SiteWork {
  const { system, ports, domains, certificates } = options;
  let edgePorts: EdgePorts | null = null;
  let apps: ReadonlyMap<string, AppAddress> = new Map();
  const links = new Map<string, string>();

  let problems: readonly RecordProblem[] = [];
  let queue: Promise<unknown> = Promise.resolve();

  /** A name that is not local leads to a machine of others: its `.localhost` name shows what is wrong with it. */
  const linkOf = (domain: string): string => {
    const name = isLocalName(domain) ? domain : domains.localhostName(domain);
    return links.get(name) ?? `https://${name}`;
  };

  const problemOn = (projectId: string): Pick<Site, 'problem'> => {
    const found = problems.find(({ scope, id }) => scope === 'project' && id === projectId);
    return found === undefined ? {} : { problem: { title: found.title, detail: found.detail, cure: found.cure } };
  };

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

  const findLinks = async (names: readonly string[], httpsPort: number): Promise<void> => {
    const found = await Promise.all(names.map(async (name) => [name, await domains.linkFor(name, httpsPort)] as const));
    links.clear();
    for (const [name, link] of found) links.set(name, link);
  };

  /** Problems of the records beside the projects: names that no certificate can be made for, and what leads nowhere. */
  const checkDomains = (): RecordProblem[] => {
    const known = new Set(options.projects().map(({ id }) => id));
    const names: [RecordProblem['scope'], string, string][] = [
      ...options.mappings().map(({ domain }) => ['domain', domain, domain] as [RecordProblem['scope'], string, string]),
      ...options
        .rules()
        .map(({ host, path }) => ['proxy', `${host}${path}`, host] as [RecordProblem['scope'], string, string]),
    ];
    const found = names.flatMap(([scope, id, domain]) => {
      const error = localDomainError(domain);
      return error === null ? [] : [problemOf({ scope, id }, sayProblem('cannotServe', { domain }), error)];
    });
    const orphans = options
      .mappings()
      .filter(({ targetPort, projectId }) => targetPort === 0 && !known.has(projectId))
      .map(({ domain, projectId }) => ({
        scope: 'domain' as const,
        id: domain,
        title: sayProblem('cannotServe', { domain }),
        detail: sayProblem('noProject', { project: projectId }),
        cure: sayProblem('addProject', { domain }),
      }));
    return [...found, ...orphans];
  };

  /** What goes wrong here costs its own part only. */
  const attempt = async (record: Pick<RecordProblem, 'scope' | 'id'>, title: Sentence, work: () => Promise<void>) => {
    try {
      await work();
      return [];
    } catch (error) {
      system.log.error('cannot apply a part of the settings', { ...record, error: String(error) });
      return [problemOf(record, title, error)];
    }
  };

  const writeHosts = (names: readonly string[]): Promise<RecordProblem[]> => {
    const file = system.host.hostsFile;
    return attempt({ scope: 'hosts', id: file }, sayProblem('cannotWriteHosts', { file }), async () => {
      if (options.wantsHosts() && (await domains.canWriteHosts())) await domains.applyHosts(names.filter(isLocalName));
    });
  };

  const keepProblems = (found: readonly RecordProblem[]): void => {
    const before = JSON.stringify(problems);
    problems = found;
    if (JSON.stringify(found) !== before) options.problemsChanged(found);
  };

  /** Who runs the PHP at a socket; null: the daemon's own user. */
  const phpUsers = (): ((socket: string) => FileOwner | null) => {
    const { isRoot, serviceUser } = system.host;
    const users = new Map(
      options
        .projects()
        .filter(({ stack }) => stack === 'php')
        .map((project) => [options.php(project).socket, options.php(project).user] as const),
    );
    return (socket) => (isRoot ? (users.get(socket) ?? serviceUser) : null);
  };

  const applyOnce = async (): Promise<void> => {
    await options.lookAtFolders();
    options.define();
    edgePorts ??= await assignEdgePorts();
    const { facts, problems: ofProjects } = await planProjects(options.projects(), {
      ...options,
      assertDecided: (project) => assertDecided(system.files, project, (path) => detectProject(system.files, path)),
      isRouted: (domain) =>
        options.mappings().some((mapping) => mapping.domain === domain && mapping.targetPort !== 0) ||
        options.rules().some(({ host, path }) => host === domain && path === '/'),
    });
    const byProject = new Map(ofProjects.map(({ id, title, detail, cure }) => [id, { title, detail, cure }]));
    apps = new Map([...facts].flatMap(([id, { app }]) => (app === null ? [] : [[id, app]])));
    const planned = planSites({
      projects: options.projects(),
      domains: options.mappings(),
      rules: options.rules(),
      documentRoot: (project) => facts.get(project.id)?.documentRoot ?? project.path,
      linkFolders: ({ id }) => facts.get(id)?.linkFolders ?? [],
      php: options.php,
      app: ({ id }) => facts.get(id)?.app ?? { service: id, port: 9 },
      environment: ({ id }) => facts.get(id)?.environment ?? {},
      problem: ({ id }) => byProject.get(id),
      hostsOf: (domain) => [...new Set([domain, domains.localhostName(domain)])].filter(isLocalName),
    });
    let extra: PlannedSite[] = [];
    const ofExtra = await attempt({ scope: 'service', id: 'adminer' }, adminerTitle, async () => {
      extra = await options.extraSites();
    });
    await certificates.ensureRoot();
    await writeCaBundle(system.files, options.caBundle, options.rootCertificate, options.publicAuthorities);
    const shares = options.shares().flatMap(({ projectId, address, port }) => {
      const host = options.projects().find(({ id }) => id === projectId)?.domain;
      return host === undefined ? [] : [{ host, address, port }];
    });
    const sites = await withSessions([...planned, ...extra], {
      system,
      folder: options.sessions,
      userOf: phpUsers(),
    });
    const uncertified = await options.edge.apply(sites, edgePorts, shares);
    const names = planned.flatMap(({ hosts }) => hosts.slice(0, 1));
    const ofHosts = await writeHosts(names);
    await findLinks(names, edgePorts.httpsPort);
    const ofCertificates = options.projects().flatMap(({ id, domain }) => {
      const problem = byProject.has(id) ? undefined : uncertified.get(domain);
      return problem === undefined ? [] : [{ ...problem, scope: 'project' as const, id }];
    });
    keepProblems([...ofProjects, ...ofCertificates, ...checkDomains(), ...ofExtra, ...ofHosts]);
  };

  return {
    applySites() {
      // One after another: an older picture of the settings must not come after a newer one.
      const mine = queue.then(applyOnce);
      queue = mine.catch(() => undefined); // The caller of `mine` gets the error.
      return mine;
    },
    problems: () => problems,
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
        url: linkOf(project.domain),
        ...problemOn(project.id),
      })),
    httpsPort: () => edgePorts?.httpsPort ?? ports.registry().assigned['edge.https'] ?? HTTPS_PORTS.high,
    forgetPorts() {
      edgePorts = null;
    },
    appAddress(service) {
      const app = [...apps.values()].find((known) => known.service === service);
      return app === undefined ? undefined : addressOf(app);
    },
  };
}
