/** Joins imports from other servers to the parts of Kojibox that they use. */
import { join } from 'node:path';
import { openJsonStore } from '../../core/config/json-store.ts';
import { ServerImportStoreSchema } from '../../core/databases/server-import/server-import-store.ts';
import { createServerImports, type ServerImports } from '../../core/databases/server-import/server-imports.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import { createForeignServers } from './foreign-servers.ts';

/** @param dist folder of the built programs */
export async function openServerImports(system: System, kojibox: Kojibox, dist: string): Promise<ServerImports> {
  const store = await openJsonStore({
    files: system.files,
    path: kojibox.layout.serverImports,
    schema: ServerImportStoreSchema,
    schemaVersion: 1,
    fallback: { records: [], unfinished: [] },
    notice: (text) => kojibox.notice(text),
    now: () => system.clock.now(),
  });
  const foreign = createForeignServers(join(dist, 'foreign-servers', 'main.mjs'));
  return createServerImports({ system, kojibox, foreign, store });
}
