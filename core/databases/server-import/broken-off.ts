/** What an import of a killed daemon left: dropped, by its mark, as soon as its server runs. */
import type { ServiceState } from '../../../contract/services.ts';
import { IMPORTERS, onTarget, targetOf, type ImportTools } from './import-tools.ts';
import type { ServerImporter, TargetServer } from './importer.ts';
import { publishAll } from './publish.ts';
import { forgetUnfinished } from './server-import-store.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

/** Drops what has a mark and belongs to no import that is under way; one that had only its last step before it is brought to its end. */
export async function dropMarked(
  tools: ImportTools,
  target: TargetServer,
  importer: ServerImporter,
  signal: AbortSignal,
): Promise<void> {
  await onTarget(tools, target, signal, async (session) => {
    const open = tools.store.get().unfinished.filter(({ id, engine }) => engine === target.id && !tools.alive.has(id));
    for (const { id, publication } of open) {
      if (publication === null) continue;
      await publishAll(tools.store, importer, session, id, publication);
      const names = publication.databases.map(({ final }) => final).join(', ');
      tools.kojibox.notice(`An import that was cut off at its last step was brought to its end: ${names}.`);
    }
    for (const { name, importId } of await importer.marked(session)) {
      if (tools.alive.has(importId)) continue;
      await importer.drop(session, name);
      tools.kojibox.notice(sayServerImport('brokenOff', { name }));
    }
  });
}

/** Engines that are being tidied: a service tells of itself several times while that takes its time. */
const clearing = new WeakMap<ImportTools, Set<string>>();

/** To be told of each service. */
export function clearAwayWhenRunning(tools: ImportTools, { id, state }: Pick<ServiceState, 'id' | 'state'>): void {
  const left = tools.store.get().unfinished.filter((one) => one.engine === id && !tools.alive.has(one.id));
  const busy = clearing.get(tools) ?? new Set();
  clearing.set(tools, busy);
  if (state !== 'running' || left.length === 0 || busy.has(id)) return;
  busy.add(id);
  void clearAway(tools, id, left)
    .catch((error: unknown) =>
      // It is tried again with the next look at a server, and with the next start.
      tools.system.log.warn('cannot tidy up what an import left', { engine: id, error: String(error) }),
    )
    .finally(() => busy.delete(id));
}

async function clearAway(tools: ImportTools, id: string, left: readonly { readonly id: string }[]): Promise<void> {
  const { runtime } = tools.kojibox.supervisor.state(id);
  const kind = runtime === IMPORTERS.postgres.runtime ? 'postgres' : 'mysql';
  const target = await targetOf(tools, id, kind);
  if (target === null) return;
  await dropMarked(tools, target, IMPORTERS[kind], new AbortController().signal);
  await forgetUnfinished(
    tools.store,
    left.map((one) => one.id),
  );
}
