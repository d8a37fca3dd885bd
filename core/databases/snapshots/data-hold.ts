/** Keeps a server from being started while its data folder is being copied or exchanged: a start waits until that is over. */

export interface DataHold {
  /** @returns the way to let go; letting go twice is harmless */
  take(service: string): () => void;
  /** Resolves when no one holds it; rejects at once when the signal aborts. */
  free(service: string, signal: AbortSignal): Promise<void>;
}

export function createDataHold(): DataHold {
  const held = new Map<string, Promise<void>>();
  return {
    take(service) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(service, promise);
      return () => {
        if (held.get(service) === promise) held.delete(service);
        resolve();
      };
    },
    async free(service, signal) {
      const abort = Promise.withResolvers<never>();
      const onAbort = (): void => abort.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        for (let hold = held.get(service); hold !== undefined; hold = held.get(service)) {
          signal.throwIfAborted();
          await Promise.race([hold, abort.promise]);
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}
