/** The end of a daemon, as far as its services are concerned. */
import type { Kojibox } from '../core/kojibox-types.ts';
import { EDGE_ID } from '../core/stack/catalog.ts';
import type { Logger } from '../core/system/logger.ts';

/** Cancels what runs, then stops the services in order; or leaves them to the next daemon. Never rejects. */
export async function endWork({ changes, supervisor }: Kojibox, keepServices: boolean, log: Logger): Promise<void> {
  for (const change of changes.list()) if (change.status === 'running') changes.cancel(change.id);
  if (keepServices) return supervisor.detach();
  // The edge first, so that no visitor meets a site whose databases are already gone.
  await supervisor
    .stop(EDGE_ID)
    .catch((error: unknown) => log.warn('the edge did not stop as it should', { error: String(error) }));
  await supervisor
    .stopAll()
    .catch((error: unknown) => log.error('a service did not stop as it should', { error: String(error) }));
}
