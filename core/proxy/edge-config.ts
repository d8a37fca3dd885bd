/** Writes the configuration of the edge and makes the running edge take it, certificates included. */
import type { EdgeConfig, EdgeStatus } from '../../contract/edge.ts';
import type { RecordProblem } from '../../contract/problems.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import type { Certificates } from '../certificates/certificates.ts';
import { resolverSuffixes } from '../domains/resolver.ts';
import type { Layout } from '../layout.ts';
import { EDGE_ADDRESSES } from '../stack/catalog.ts';
import type { System } from '../system/system.ts';
import type { PlannedSite } from './edge-sites.ts';
import { problemOf } from './record-problem.ts';

/** Control messages to the running edge. */
export interface EdgeControl {
  /** Null when no edge runs; rejects when it refused the configuration. */
  reload(socket: string): Promise<EdgeStatus | null>;
}

export interface EdgePorts {
  readonly httpPort: number | null;
  readonly httpsPort: number;
  /** Of the name server. */
  readonly dnsPort: number;
}

export interface EdgeConfigWriter {
  /**
   * Makes missing certificates, writes the file when anything changed, and waits until a running edge uses it.
   * @returns the sites that have no certificate, by their first name: they show the reason under the fallback's
   */
  apply(
    sites: readonly PlannedSite[],
    ports: EdgePorts,
    shares: EdgeConfig['shares'],
  ): Promise<ReadonlyMap<string, RecordProblem>>;
  readonly controlSocket: string;
}

/** Certificate for names that no site has; browsers then see the friendly page after their warning. */
export const FALLBACK_DOMAIN = 'kojibox.localhost';

export function createEdgeConfigWriter(options: {
  readonly system: System;
  readonly layout: Layout;
  readonly certificates: Certificates;
  readonly control: EdgeControl;
  readonly controlSocket: string;
  /** Begins to restart an edge of another version than this; false: there is none. */
  replaceOutdated(): boolean;
}): EdgeConfigWriter {
  const { system, layout, certificates, control, controlSocket } = options;
  const { isRoot, edgeUser } = system.host;
  let generation: number | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  /** An earlier version gave it to the services' user. */
  const isKept = async (): Promise<boolean> => {
    const stat = await system.files.stat(layout.edgeConfig);
    return stat?.type === 'file' && (!isRoot || (stat.uid === 0 && stat.gid === edgeUser.gid));
  };

  const lastGeneration = async (): Promise<number> => {
    const text = await system.files.readText(layout.edgeConfig);
    if (text === null) return 0;
    try {
      return (JSON.parse(text) as EdgeConfig).generation;
    } catch {
      return 0; // Half-written by a power cut: it is replaced now.
    }
  };

  const write = async (
    sites: readonly PlannedSite[],
    ports: EdgePorts,
    shares: EdgeConfig['shares'],
  ): Promise<ReadonlyMap<string, RecordProblem>> => {
    const problems = new Map<string, RecordProblem>();
    const fallback = await certificates.ensureLeaf(FALLBACK_DOMAIN, [FALLBACK_DOMAIN]);
    let renewed = fallback.renewed;
    const withCertificates = await Promise.all(
      sites.map(async (site) => {
        const domain = site.hosts[0] ?? site.name;
        try {
          const leaf = await certificates.ensureLeaf(domain, [...site.hosts, ...site.hosts.map((host) => `*.${host}`)]);
          renewed ||= leaf.renewed;
          return { ...site, certificate: leaf.certificateFile, key: leaf.keyFile };
        } catch (error) {
          const { title, detail, cure, ...about } = problemOf(
            { scope: 'domain', id: domain },
            sayProblem('cannotServe', { domain }),
            error,
          );
          problems.set(domain, { ...about, title, detail, cure });
          const problem = site.problem ?? { title, detail, cure };
          return { ...site, problem, certificate: fallback.certificateFile, key: fallback.keyFile };
        }
      }),
    );
    generation ??= await lastGeneration();
    const config: EdgeConfig = {
      schemaVersion: 1,
      generation,
      addresses: [...EDGE_ADDRESSES],
      httpPort: ports.httpPort,
      httpsPort: ports.httpsPort,
      controlSocket,
      fallbackCertificate: fallback.certificateFile,
      fallbackKey: fallback.keyFile,
      sites: withCertificates,
      projectLogs: layout.serviceLogs,
      shares,
      resolver: { port: ports.dnsPort, suffixes: resolverSuffixes(sites.flatMap(({ hosts }) => hosts)) },
    };
    const text = (): string => `${JSON.stringify(config, null, 2)}\n`;
    if (!renewed && (await isKept()) && (await system.files.readText(layout.edgeConfig)) === text()) return problems;
    generation += 1;
    config.generation = generation;
    // It holds database passwords of the projects: the edge's user may read it, and neither it nor any other may write it.
    await system.files.writeAtomic(
      layout.edgeConfig,
      text(),
      isRoot ? { mode: 0o640, owner: { uid: 0, gid: edgeUser.gid } } : { mode: 0o600 },
    );
    await control.reload(controlSocket).catch((error: unknown) => {
      // After an update: the edge of the version before does not know everything that this one writes. The new one reads the file.
      if (!options.replaceOutdated()) throw error;
    });
    return problems;
  };

  return {
    controlSocket,
    apply(sites, ports, shares) {
      const mine = queue.then(() => write(sites, ports, shares));
      queue = mine.catch(() => undefined); // The caller of `mine` gets the error; the next write must still run.
      return mine;
    },
  };
}
