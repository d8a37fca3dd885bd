/** Work that several callers want at the same time is done once; it is given up only when the last of them gives up. */

export interface SharedWork<Observer, Result> {
  /**
   * Joins the running work of this key, or begins it.
   * @param observer told of progress while this caller waits
   * @param signal when it aborts, this caller is let go at once; the last caller to go aborts the work and waits for its clean end
   * @param start gets the observers of all callers, live, and the signal of the work itself
   */
  join(
    key: string,
    observer: Observer,
    signal: AbortSignal,
    start: (observers: Iterable<Observer>, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result>;
}

interface Entry<Observer, Result> {
  /** One object per caller: the same observer may join twice. */
  readonly callers: Map<object, Observer>;
  readonly abort: AbortController;
  result: Promise<Result>;
}

export function createSharedWork<Observer, Result>(): SharedWork<Observer, Result> {
  const entries = new Map<string, Entry<Observer, Result>>();

  const begin = (
    key: string,
    start: (observers: Iterable<Observer>, signal: AbortSignal) => Promise<Result>,
  ): Entry<Observer, Result> => {
    const callers = new Map<object, Observer>();
    const abort = new AbortController();
    const observers: Iterable<Observer> = { [Symbol.iterator]: () => callers.values() };
    // Begun in a later turn, so that the first caller is among the observers when `start` speaks for the first time.
    const result = Promise.resolve()
      .then(() => start(observers, abort.signal))
      .finally(() => entries.delete(key));
    const entry = { callers, abort, result };
    entries.set(key, entry);
    return entry;
  };

  return {
    async join(key, observer, signal, start) {
      signal.throwIfAborted();
      for (let old = entries.get(key); old?.abort.signal.aborted === true; old = entries.get(key)) {
        // What everybody gave up cleans up first; its outcome is nobody's.
        await old.result.catch(() => undefined);
        signal.throwIfAborted();
      }
      const entry = entries.get(key) ?? begin(key, start);
      const caller = {};
      entry.callers.set(caller, observer);
      return await new Promise<Result>((resolve, reject) => {
        const leave = (): void => {
          signal.removeEventListener('abort', giveUp);
          entry.callers.delete(caller);
        };
        const giveUp = (): void => {
          leave();
          if (entry.callers.size > 0) reject(signal.reason as Error);
          else entry.abort.abort(signal.reason);
        };
        signal.addEventListener('abort', giveUp, { once: true });
        entry.result.then(
          (value) => {
            leave();
            resolve(value);
          },
          (error: unknown) => {
            leave();
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      });
    },
  };
}
