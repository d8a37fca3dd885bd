/** One change of the settings as a whole: stored and in use, or neither. */

export interface StoredChange {
  /** Rejects when nothing was stored. */
  store(): Promise<unknown>;
  /** Puts what is stored into effect. */
  apply(): Promise<void>;
  /** Stores again what was there before. */
  restore(): Promise<unknown>;
}

/**
 * Stores and applies; when applying fails, the former content returns and is applied again.
 * Rejects with the error of `store` or of the first `apply`: the problems of the records tell what the second one meets.
 */
export async function storeAndApply({ store, apply, restore }: StoredChange): Promise<void> {
  await store();
  try {
    await apply();
  } catch (error) {
    await restore();
    await apply().catch(() => undefined); // The first error has the reason.
    throw error;
  }
}
