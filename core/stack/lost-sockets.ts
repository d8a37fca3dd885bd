/** Services that run and cannot be reached: where they listen is not where this version looks for them, or the socket was removed. */
import type { FileSystem } from '../system/files.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';

/** @returns those of the services that are without one of their sockets */
export async function findLostSockets(
  files: Pick<FileSystem, 'stat'>,
  catalog: Pick<Catalog, 'describe'>,
  entries: readonly CatalogEntry[],
): Promise<string[]> {
  const found: string[] = [];
  for (const entry of entries) {
    // One that cannot be described is not restarted: its adoption has said why.
    const described = await catalog.describe(entry).catch(() => null);
    for (const socket of described?.plan.sockets ?? [])
      if ((await files.stat(socket)) === null && !found.includes(entry.id)) found.push(entry.id);
  }
  return found;
}
