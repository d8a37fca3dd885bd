/** Failures of services that were given up, on disk: the next daemon says them too, until a person starts or stops the service. */
import { z } from 'zod';
import { ErrorBodySchema, KojiboxError } from '../../contract/errors.ts';
import type { JsonStore } from '../config/json-store.ts';
import type { Logger } from '../system/logger.ts';

export const FailedServicesSchema = z.record(
  z.string(),
  z.object({
    /** With the last lines of the log; `ts` is when it was given up. */
    error: ErrorBodySchema,
    /** Automatic restarts before that. */
    restarts: z.int().nonnegative(),
  }),
);
export type FailedServices = z.infer<typeof FailedServicesSchema>;

export interface KnownFailure {
  readonly failure: KojiboxError;
  /** ISO 8601. */
  readonly at: string;
  readonly restarts: number;
}

export interface FailureRecords {
  note(id: string, known: KnownFailure): void;
  forget(id: string): void;
  recall(id: string): KnownFailure | null;
}

/** A disk that refuses costs the memory of the failure, never the supervision. */
export function createFailureRecords(store: JsonStore<FailedServices>, log: Logger): FailureRecords {
  const change = (id: string, update: (all: FailedServices) => FailedServices): void =>
    void store
      .update(update)
      .catch((error: unknown) => log.warn('cannot record the failure of a service', { id, error: String(error) }));
  return {
    note: (id, { failure, at, restarts }) =>
      change(id, (all) => ({ ...all, [id]: { error: failure.toBody(at), restarts } })),
    forget: (id) => change(id, (all) => Object.fromEntries(Object.entries(all).filter(([other]) => other !== id))),
    recall(id) {
      const found = store.get()[id];
      return found === undefined
        ? null
        : { failure: KojiboxError.fromBody(found.error), at: found.error.ts, restarts: found.restarts };
    },
  };
}
