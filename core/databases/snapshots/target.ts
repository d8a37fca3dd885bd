/** What a snapshot is taken of, or restored into: a service with a data folder, as it is now. */
import { join } from 'node:path';
import { KojiboxError } from '../../../contract/errors.ts';
import type { Runtimes } from '../../runtimes/runtimes.ts';
import type { Supervisor } from '../../services/supervisor.ts';
import type { SnapshotRecipe } from '../engine.ts';
import { mariadbSnapshots } from '../mariadb-engine.ts';
import { postgresSnapshots } from '../postgres-snapshots.ts';
import { redisSnapshots } from '../redis-snapshots.ts';
import type { StoredSnapshot } from './snapshot-store.ts';

const RECIPES: readonly SnapshotRecipe[] = [postgresSnapshots, mariadbSnapshots, redisSnapshots];

export interface SnapshotTarget {
  readonly service: string;
  /** For people: "PostgreSQL". */
  readonly name: string;
  readonly series: string;
  readonly version: string;
  readonly dataFolder: string;
  readonly recipe: SnapshotRecipe;
}

export interface SnapshotTargets {
  all(): SnapshotTarget[];
  /** Throws NOT_FOUND for what has no data folder of its own. */
  of(service: string): SnapshotTarget;
  /** The service that runs the series of this snapshot, or a newer one where that takes its dump; null when there is none. */
  find(snapshot: Pick<StoredSnapshot, 'runtime' | 'series' | 'how'>): SnapshotTarget | null;
  /** As `find`. Throws VALIDATION_FAILED with the cure. */
  for(snapshot: StoredSnapshot): SnapshotTarget;
}

export function createSnapshotTargets(options: {
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  /** Of all services. */
  readonly dataFolder: string;
}): SnapshotTargets {
  const { runtimes, supervisor } = options;

  const targetOf = (service: string): SnapshotTarget | null => {
    const { id, name, runtime, version } = supervisor.state(service);
    const recipe = RECIPES.find((candidate) => candidate.runtime === runtime);
    const installed = runtimes.installed(runtime ?? '', version ?? undefined);
    if (recipe === undefined || installed === null) return null;
    const { series } = installed;
    const dataFolder = join(options.dataFolder, installed.name, series);
    return { service: id, name, series, version: installed.version, dataFolder, recipe };
  };
  const all: SnapshotTargets['all'] = () =>
    supervisor
      .states()
      .map(({ id }) => targetOf(id))
      .filter((target) => target !== null);
  const find: SnapshotTargets['find'] = ({ runtime, series, how }) => {
    const known = all().filter(({ recipe }) => recipe.runtime === runtime);
    const newer = known.find((target) => target.recipe.readsOlder && Number(target.series) > Number(series));
    return known.find((target) => target.series === series) ?? (how === 'dump' ? newer : undefined) ?? null;
  };

  return {
    all,
    find,
    of(service) {
      const target = targetOf(service);
      if (target !== null) return target;
      throw new KojiboxError('NOT_FOUND', `there is nothing to take a snapshot of in ${service}`, {
        detail: `these have data: ${all()
          .map((one) => one.service)
          .join(', ')}`,
        source: 'databases',
        remedy: 'Take one of PostgreSQL, MariaDB or Redis, once it is installed.',
      });
    },
    for(snapshot) {
      const target = find(snapshot);
      if (target !== null) return target;
      const { runtime, series } = snapshot;
      const there = all().filter((one) => one.recipe.runtime === runtime);
      throw new KojiboxError('VALIDATION_FAILED', `cannot restore "${snapshot.name}"`, {
        detail: `it holds data of ${runtime} ${series}, and ${
          there.length === 0 ? 'no such server is set up' : `what runs is ${runtime} ${there[0]?.series ?? ''}`
        }; ${snapshot.how === 'copy' ? 'a copy of the data of one series cannot be read by another' : 'a dump of it cannot be read by this one'}`,
        source: 'databases',
        remedy: `Use that series, then restore: koji runtime use ${runtime} ${series}. To bring data to a newer series of PostgreSQL, take a snapshot there as a dump (--how dump); to any other, export each database and import it there.`,
      });
    },
  };
}
