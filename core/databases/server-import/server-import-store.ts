/** What is kept of imports: those that can be undone, and those that a kill broke off. Never a password. */
import { z } from 'zod';
import { ServerImportRecordSchema } from '../../../contract/server-import.ts';
import type { JsonStore } from '../../config/json-store.ts';

const PublicationSchema = z.object({
  /** Of the import, once it is through. */
  record: ServerImportRecordSchema,
  databases: z.array(z.object({ working: z.string(), final: z.string() })),
});
export type Publication = z.infer<typeof PublicationSchema>;

export const ServerImportStoreSchema = z.object({
  records: z.array(ServerImportRecordSchema),
  /** Begun, and neither ended nor cleared away. */
  unfinished: z.array(
    z.object({
      id: z.string(),
      engine: z.string(),
      /** Null: what it made is dropped. Otherwise all of it was copied and compared, and becomes the user's. */
      publication: PublicationSchema.nullable().default(null),
    }),
  ),
});
export type ServerImportStore = z.infer<typeof ServerImportStoreSchema>;

/** There is nothing of these imports left to clear away. */
export async function forgetUnfinished(store: JsonStore<ServerImportStore>, ids: readonly string[]): Promise<void> {
  await store.update((now) => ({ ...now, unfinished: now.unfinished.filter(({ id }) => !ids.includes(id)) }));
}
