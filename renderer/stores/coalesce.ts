/** One question at a time, however many ask: one is under way, and at most one more waits for it. */

export interface Coalesced {
  /** Resolves with the end of a run that began after this call. */
  (): Promise<void>;
}

/** @param work is never run twice at the same time; when it rejects, those who wait for that run get the error */
export function coalesce(work: () => Promise<void>): Coalesced {
  let running: Promise<void> | null = null;
  let waiting: Promise<void> | null = null;

  const start = (): Promise<void> => {
    const mine = work().finally(() => {
      if (running === mine) running = null;
    });
    running = mine;
    return mine;
  };
  return () => {
    if (running === null) return start();
    waiting ??= running
      .catch(() => undefined) // The caller that waits for that run gets its error; the next one begins all the same.
      .then(() => {
        waiting = null;
        return start();
      });
    return waiting;
  };
}
