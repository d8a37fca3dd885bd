/** What depends on what. Pure: service ids in, order out. */
import { KojiboxError } from '../../contract/errors.ts';

/** Each service with the services it needs. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * The services named and all they depend on, in lanes: all of one lane may start at the same time, once the lanes before are ready.
 * Reverse the lanes to stop. Ids keep the order in which they were given within a lane.
 *
 * Throws DEPENDENCY_CYCLE (with the cycle as `a → b → a`) and NOT_FOUND for a dependency that does not exist.
 */
export function resolveLanes(dependencies: Dependencies, ids: Iterable<string>): string[][] {
  const depth = new Map<string, number>();
  const path: string[] = [];

  const visit = (id: string): number => {
    const known = depth.get(id);
    if (known !== undefined) return known;
    if (path.includes(id)) throw cycleError([...path.slice(path.indexOf(id)), id]);
    const needs = dependencies.get(id);
    if (needs === undefined) throw unknownError(id, path.at(-1));
    path.push(id);
    const own = needs.reduce((deepest, need) => Math.max(deepest, visit(need) + 1), 0);
    path.pop();
    depth.set(id, own);
    return own;
  };

  for (const id of ids) visit(id);
  const lanes: string[][] = [];
  for (const [id, own] of depth) (lanes[own] ??= []).push(id);
  return lanes;
}

/**
 * Everything that needs the service, directly or not; each comes before what it needs: the order to stop in.
 * Never throws: what runs must be stoppable even when the definitions are broken.
 */
export function dependentsOf(dependencies: Dependencies, id: string): string[] {
  const order: string[] = [];
  const seen = new Set([id]);
  const visit = (needed: string): void => {
    for (const [other, needs] of dependencies) {
      if (!needs.includes(needed) || seen.has(other)) continue;
      seen.add(other);
      visit(other);
      order.push(other);
    }
  };
  visit(id);
  return order;
}

function cycleError(cycle: readonly string[]): KojiboxError {
  return new KojiboxError('DEPENDENCY_CYCLE', 'cannot order the services: they depend on one another in a circle', {
    detail: cycle.join(' → '),
    source: 'services',
  });
}

function unknownError(id: string, wantedBy: string | undefined): KojiboxError {
  return new KojiboxError(
    'NOT_FOUND',
    wantedBy === undefined ? `there is no service "${id}"` : `cannot start ${wantedBy}: it depends on "${id}"`,
    { detail: `no service "${id}" is defined`, source: 'services' },
  );
}
