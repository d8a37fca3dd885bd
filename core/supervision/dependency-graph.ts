/** The dependency graph of services. Pure. */
import { KojiboxError } from '../../contract/errors.ts';

export type Graph = ReadonlyMap<string, readonly string[]>;

/** Throws NOT_FOUND for an unknown dependency and DEPENDENCY_CYCLE, with the cycle printed `a → b → a`. */
export function assertSound(graph: Graph): void {
  for (const [id, dependencies] of graph) {
    const unknown = dependencies.find((dependency) => !graph.has(dependency));
    if (unknown !== undefined) {
      throw new KojiboxError('NOT_FOUND', `cannot start ${id}: it depends on "${unknown}"`, {
        detail: `there is no service "${unknown}"`,
        source: 'services',
      });
    }
  }
  const cycle = findCycle(graph);
  if (cycle !== null) {
    throw new KojiboxError('DEPENDENCY_CYCLE', 'cannot order the services: they depend on each other in a circle', {
      detail: cycle.join(' → '),
      source: 'services',
    });
  }
}

/** A cycle with its first member repeated at the end, or null. */
export function findCycle(graph: Graph): string[] | null {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): string[] | null => {
    const at = path.indexOf(id);
    if (at !== -1) return [...path.slice(at), id];
    if (finished.has(id)) return null;
    path.push(id);
    for (const dependency of graph.get(id) ?? []) {
      const cycle = visit(dependency);
      if (cycle !== null) return cycle;
    }
    path.pop();
    finished.add(id);
    return null;
  };
  for (const id of graph.keys()) {
    const cycle = visit(id);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Those that depend on `id` directly. */
export function dependentsOf(graph: Graph, id: string): string[] {
  return [...graph].filter(([, dependencies]) => dependencies.includes(id)).map(([dependent]) => dependent);
}
