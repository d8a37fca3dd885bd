/** Time, as core sees it. Tests use a clock that they turn by hand. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number;
  /** Monotonic milliseconds with a fraction; for measuring. Never jumps. */
  monotonic(): number;
  /** Calls back once after `ms`. Returns the way to cancel; cancelling twice is harmless. */
  after(ms: number, callback: () => void): () => void;
}

/** ISO 8601 in UTC of the clock's wall time. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

/** Resolves after `ms`; rejects at once when the signal aborts. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
