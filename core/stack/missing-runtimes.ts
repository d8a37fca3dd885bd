import type { KojiboxError } from '../../contract/errors.ts';

/** Why the runtime of a service that is being started could not be had: its start fails with that, and the service shows it. */
export interface MissingRuntimes {
  note(id: string, error: KojiboxError): void;
  forget(id: string): void;
  /** Throws it, where there is one. */
  throwFor(id: string): undefined;
}

export function createMissingRuntimes(): MissingRuntimes {
  const reasons = new Map<string, KojiboxError>();
  return {
    note: (id, error) => void reasons.set(id, error),
    forget: (id) => void reasons.delete(id),
    throwFor(id) {
      const reason = reasons.get(id);
      if (reason !== undefined) throw reason;
      return undefined;
    },
  };
}
