/** One change of the settings as a whole: stored and in use, or neither. */
import type { RecordChange } from './record-change.ts';

export interface StoredChange {
  /** Rejects when nothing was stored. */
  store(): Promise<Pick<RecordChange, 'undo' | 'keep'>>;
  /** Puts what is stored into effect. */
  apply(): Promise<void>;
}

/**
 * Stores and applies; when applying fails, what this change stored is taken back, and the rest is applied again.
 * Rejects with the error of `store` or of the first `apply`: the problems of the records tell what the second one meets.
 */
export async function storeAndApply({ store, apply }: StoredChange): Promise<void> {
  const { undo, keep } = await store();
  try {
    await apply();
  } catch (error) {
    await undo();
    await apply().catch(() => undefined); // The first error has the reason.
    throw error;
  }
  keep();
}
