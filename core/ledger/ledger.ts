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
  /** Writes down a change that someone else is about to make (the privileged helper). @returns id of the entry */
  intend(change: Pick<SystemChange, 'kind' | 'target' | 'summary' | 'undoCommand'>): Promise<string>;
  /** What came of it: `absent` takes an intended entry out again, `undone` marks it. */
  settle(id: string, state: 'absent' | 'undone'): Promise<void>;
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

  const isSamePlace = (a: Pick<SystemChange, 'kind' | 'target'>, b: Pick<SystemChange, 'kind' | 'target'>): boolean =>
    a.kind === b.kind && a.target === b.target;

  const intend: Ledger['intend'] = async (change) => {
    const open = store.get().find((other) => isOpen(other) && isSamePlace(other, change));
    if (open !== undefined) return open.id;
    const number = Math.max(0, ...store.get().map(({ id }) => Number(/-(\d+)$/.exec(id)?.[1] ?? 0))) + 1;
    const id = `${change.kind}-${number}`;
    await store.update((all) => [...all, { ...change, id, at: timestamp(clock), undoneAt: null }]);
    return id;
  };
  const settle: Ledger['settle'] = async (id, state) => {
    await store.update((all) =>
      state === 'absent'
        ? all.filter((change) => change.id !== id)
        : all.map((change) => (change.id === id ? { ...change, undoneAt: timestamp(clock) } : change)),
    );
  };

  return {
    list: () => store.get(),

    intend,
    settle,

    async record(change, make) {
      const isKnown = store.get().some((other) => isOpen(other) && isSamePlace(other, change));
      const id = await intend(change);
      try {
        await make();
      } catch (error) {
        if (!isKnown) await settle(id, 'absent');
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
          await settle(change.id, 'undone');
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return store.get();
    },
  };
}
