/** One look at both servers, and what is said of it. */
import type { OutputOf } from '../../../contract/index.ts';
import type { ServerLogin } from '../../../contract/server-import.ts';
import { dropMarked } from './broken-off.ts';
import type { ServerAddress } from './foreign-server.ts';
import { IMPORTERS, onTarget, serviceFor, targetOf, type ImportTools } from './import-tools.ts';
import type { FoundServer, ServerImporter, TargetServer } from './importer.ts';
import { planNames } from './plan-names.ts';
import { findWayIn } from './way-in.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

export interface Looked {
  readonly importer: ServerImporter;
  readonly source: ServerAddress;
  /** Kojibox's server that takes them; null when there is none. */
  readonly serviceId: string | null;
  /** The same while it runs. */
  readonly target: TargetServer | null;
  readonly found: FoundServer;
  /** Names that are taken in the target. */
  readonly taken: ReadonlySet<string>;
}

/** Drops on the way what a kill left here, so that its names are free again. */
export async function lookAtServer(
  tools: ImportTools,
  login: ServerLogin,
  engine: string | undefined,
  signal: AbortSignal,
): Promise<Looked> {
  const { foreign, kojibox } = tools;
  const importer = IMPORTERS[login.kind];
  const serviceId = serviceFor(tools, importer, engine);
  const target = serviceId === null ? null : await targetOf(tools, serviceId, login.kind);
  const source = await findWayIn(tools, login, signal);
  if (target !== null) await dropMarked(tools, target, importer, signal);
  const clientSeries = kojibox.runtimes
    .list(new Map())
    .filter(({ name }) => name === 'postgres-client')
    .map(({ series }) => series)
    .sort((a, b) => Number(a) - Number(b));
  const found = await importer.look({ foreign, source, target, clientSeries, signal });
  const taken = target === null ? new Set<string>() : await onTarget(tools, target, signal, importer.takenNames);
  return { importer, source, serviceId, target, found, taken };
}

export function reportOf(
  { kojibox }: ImportTools,
  { source, serviceId, target, found, taken }: Looked,
): OutputOf<'serverImport.inspect'> {
  const service = serviceId === null ? null : kojibox.supervisor.state(serviceId);
  const plan = planNames(
    found.databases.map((database) => ({ database })),
    taken,
    'rename',
  );
  const { kind, host, port, socket, user } = source;
  return {
    kind,
    product: found.product,
    version: found.version,
    login: { host, port, socket, user },
    engine:
      service === null
        ? null
        : { id: service.id, name: service.name, version: service.version ?? '', running: target !== null },
    problems: [
      ...found.problems,
      ...(service === null ? [sayServerImport('noServerHere')] : []),
      ...(service !== null && target === null
        ? [sayServerImport('notRunning', { server: service.name, id: service.id })]
        : []),
    ],
    databases: plan.map(({ database, target: name, taken: isTaken, problem }) => ({
      name: database.name,
      sizeBytes: database.sizeBytes,
      tables: database.tables,
      collation: database.collation,
      target: name ?? '',
      taken: isTaken,
      problems: [...database.problems, ...(problem === null ? [] : [problem])],
      remarks: [...database.remarks],
    })),
  };
}
