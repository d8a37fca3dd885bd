/** What Kojibox changed outside its own folder, each with its undo. The intent is written first, so that a crash in between leaves a trace. */
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import { SystemChangeSchema, type SystemChange } from '../../contract/system-changes.ts';
import type { JsonStore } from '../config/json-store.ts';
import { timestamp, type Clock } from '../system/clock.ts';

export const LedgerSchema = z.array(SystemChangeSchema);

export interface Ledger {
  list(): SystemChange[];
  /** Records the change, then makes it; a change that fails is taken out again. One entry per kind and target. */
  record(
    change: Pick<SystemChange, 'kind' | 'target' | 'summary' | 'undoCommand'>,
    make: () => Promise<void>,
  ): Promise<void>;
  /** Undoes one change, or all, newest first. Rejects with the first failure after trying all of them. */
  undo(id?: string): Promise<SystemChange[]>;
}

export function createLedger(options: {
  readonly clock: Clock;
  readonly store: JsonStore<SystemChange[]>;
  /** How each kind is undone. Must be harmless when there is nothing to undo. */
  readonly undoers: Readonly<Record<SystemChange['kind'], (target: string) => Promise<void>>>;
}): Ledger {
  const { store, clock, undoers } = options;
  const isOpen = (change: SystemChange): boolean => change.undoneAt === null;

  return {
    list: () => store.get(),

    async record(change, make) {
      const open = store
        .get()
        .find((other) => isOpen(other) && other.kind === change.kind && other.target === change.target);
      if (open !== undefined) return make();
      const entry: SystemChange = {
        ...change,
        id: `${change.kind}-${store.get().length + 1}`,
        at: timestamp(clock),
        undoneAt: null,
      };
      await store.update((all) => [...all, entry]);
      try {
        await make();
      } catch (error) {
        await store.update((all) => all.filter(({ id }) => id !== entry.id));
        throw error;
      }
    },

    async undo(id) {
      const wanted = store.get().filter((change) => isOpen(change) && (id === undefined || change.id === id));
      if (id !== undefined && wanted.length === 0) {
        throw new KojiboxError('NOT_FOUND', `there is no change "${id}" to undo`, {
          detail: 'see koji ledger',
          source: 'ledger',
        });
      }
      const failures: unknown[] = [];
      for (const change of wanted.reverse()) {
        try {
          await undoers[change.kind](change.target);
          await store.update((all) =>
            all.map((other) => (other.id === change.id ? { ...other, undoneAt: timestamp(clock) } : other)),
          );
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return store.get();
    },
  };
}
