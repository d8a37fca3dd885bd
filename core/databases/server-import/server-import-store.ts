/** What is kept of imports: those that can be undone, and those that a kill broke off. Never a password. */
import { z } from 'zod';
import { ServerImportRecordSchema } from '../../../contract/server-import.ts';
import type { JsonStore } from '../../config/json-store.ts';

export const ServerImportStoreSchema = z.object({
  records: z.array(ServerImportRecordSchema),
  /** Begun, and neither ended nor cleared away. */
  unfinished: z.array(z.object({ id: z.string(), engine: z.string() })),
});
export type ServerImportStore = z.infer<typeof ServerImportStoreSchema>;

/** There is nothing of these imports left to clear away. */
export async function forgetUnfinished(store: JsonStore<ServerImportStore>, ids: readonly string[]): Promise<void> {
  await store.update((now) => ({ ...now, unfinished: now.unfinished.filter(({ id }) => !ids.includes(id)) }));
}
