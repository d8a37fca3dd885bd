/** Programs and workers of projects follow a change of their environment: a queue worker must not wait at a port that has moved. */
import type { OwnService } from '../../contract/own-services.ts';
import type { Logger } from '../system/logger.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { CatalogEntry, PreparedLaunch } from './catalog.ts';

/** Starts again what runs with an environment that is not the one it would get now. Never rejects: what fails shows in the service's state. */
export function createProgramRefresh(options: {
  readonly supervisor: Pick<Supervisor, 'state' | 'isOutdated' | 'fingerprintOf' | 'restart'>;
  readonly log: Logger;
  entries(): readonly CatalogEntry[];
  /** Whether a service of the user belongs to a project. */
  isOfProject(own: OwnService): Promise<boolean>;
  describe(entry: CatalogEntry): Promise<PreparedLaunch>;
}): () => Promise<void> {
  const { supervisor, log } = options;
  let queue: Promise<void> = Promise.resolve();
  let isWaiting = false;

  const refreshOne = async (entry: CatalogEntry): Promise<void> => {
    const { id } = entry;
    // What an earlier daemon started is left alone until it is started again; see docs/adr/0007-adoption.md.
    if (supervisor.state(id).state !== 'running' || supervisor.isOutdated(id)) return;
    try {
      const { spec } = await options.describe(entry);
      const running = supervisor.fingerprintOf(id);
      if (running === null || running === spec.fingerprint) return;
      log.info('restarting a program: its environment changed', { id });
      await supervisor.restart(id);
    } catch (error) {
      log.warn('cannot give a program its new environment', { id, error: String(error) });
    }
  };
  const refresh = async (): Promise<void> => {
    isWaiting = false;
    await Promise.all(
      options.entries().map(async (entry) => {
        const runsCode =
          entry.project !== undefined || (entry.own !== undefined && (await options.isOfProject(entry.own)));
        if (runsCode) await refreshOne(entry);
      }),
    );
  };

  return () => {
    if (isWaiting) return queue;
    isWaiting = true;
    queue = queue
      .then(refresh)
      .catch((error: unknown) => log.warn('cannot look at the programs of projects', { error: String(error) }));
    return queue;
  };
}
