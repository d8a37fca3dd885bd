/** Which series of client programs suits a server: pg_dump refuses one that is newer than itself (https://www.postgresql.org/docs/current/app-pgdump.html). */

import type { FileOwner } from '../system/files.ts';
import type { HostFacts } from '../system/system.ts';
import type { ClientCommand } from './engine.ts';

/** Client programs read what others wrote, so under root they run as the user of the services. */
export const userOf = (
  host: Pick<HostFacts, 'isRoot' | 'serviceUser'>,
  { asDaemon }: Pick<ClientCommand, 'asDaemon'>,
): { readonly user?: FileOwner } => (host.isRoot && asDaemon !== true ? { user: host.serviceUser } : {});

export interface KnownClients {
  readonly series: string;
  readonly isInstalled: boolean;
}

export interface ClientChoice {
  /** Undefined: there are none at all. */
  readonly series: string | undefined;
  /** False: they are older than the server, so they can ask it, but not dump it. */
  readonly canDump: boolean;
}

/** The nearest that is not older than the server; one that is here already where that one would have to be fetched. */
export function chooseClients(known: readonly KnownClients[], serverVersion: string): ClientChoice {
  const major = Number.parseInt(serverVersion, 10) || 0;
  const inOrder = [...known].sort((a, b) => Number(a.series) - Number(b.series));
  const able = inOrder.filter(({ series }) => Number(series) >= major);
  const chosen = able[0]?.isInstalled === false ? (able.find(({ isInstalled }) => isInstalled) ?? able[0]) : able[0];
  return { series: (chosen ?? inOrder.at(-1))?.series, canDump: chosen !== undefined };
}
