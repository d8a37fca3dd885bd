/** What this part of core needs of a persistent document. `core/config/json-store.ts` is the real one. */
export interface Store<T> {
  /** Current content; never undefined, because a missing file means the default. */
  get(): T;
  /** Replaces the content on disk, one change after another; rejects when it cannot be written, and then nothing changed. */
  update(change: (current: T) => T): Promise<T>;
}
