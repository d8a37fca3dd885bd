/**
 * A change of some records of a store that can be taken back by itself: what others stored in the meantime stays. Two changes of the same record may
 * be under way at once. When the earlier one is taken back, the later one stays, and knows from then on what was there before both.
 */
import type { JsonStore } from './json-store.ts';

/** Takes back what one change stored; records that were changed since then stay. */
export type Undo = () => Promise<void>;

/** How the content of a store is records, each with a key. */
export interface RecordKind<T> {
  split(value: T): ReadonlyMap<string, unknown>;
  /** @param former whose order the records get, where they have one */
  join(records: ReadonlyMap<string, unknown>, former: T): T;
}

/** A list; the key of a record is never that of another. */
export const recordsBy = <R>(keyOf: (record: R) => string): RecordKind<R[]> => ({
  split: (list) => new Map(list.map((record) => [keyOf(record), record])),
  join(records, former) {
    const order = new Map(former.map((record, index) => [keyOf(record), index]));
    const placeOf = (key: string): number => order.get(key) ?? former.length;
    return [...records].sort(([a], [b]) => placeOf(a) - placeOf(b)).map(([, record]) => record as R);
  },
});

/** An object; each field is a record. */
export const recordsOfFields = <T extends object>(): RecordKind<T> => ({
  split: (value) => new Map(Object.entries(value)),
  join: (records) => Object.fromEntries(records) as T,
});

/** What a change did to one record. Undefined: it was not there, or is there no more. */
interface Trace {
  readonly key: string;
  before: unknown;
  readonly wrote: unknown;
}

/** Of each store, by key, the changes that may still be taken back, in the order of their writing. */
const open = new WeakMap<object, Map<string, Trace[]>>();

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function tracesOf(store: object, key: string): Trace[] {
  const keys = open.get(store) ?? new Map<string, Trace[]>();
  open.set(store, keys);
  const traces = keys.get(key) ?? [];
  keys.set(key, traces);
  return traces;
}

export interface RecordChange {
  readonly undo: Undo;
  /** It is in use: nothing takes it back any more. */
  keep(): void;
}

/**
 * Stores a change. Rejects as `store.update` does; then nothing changed.
 *
 * @param touches keys that the change means even where it leaves them as they are
 */
export async function changeRecords<T>(
  store: JsonStore<T>,
  kind: RecordKind<T>,
  change: (current: T) => T,
  touches: readonly string[] = [],
): Promise<RecordChange> {
  let traces: Trace[] = [];
  let former: T | undefined;
  const storing = store.update((current) => {
    const next = change(current);
    const [before, after] = [kind.split(current), kind.split(next)];
    const keys = [...new Set([...before.keys(), ...after.keys(), ...touches])];
    former = current;
    traces = keys
      .filter((key) => touches.includes(key) || !isSame(before.get(key), after.get(key)))
      .map((key) => ({ key, before: before.get(key), wrote: after.get(key) }));
    for (const trace of traces) tracesOf(store, trace.key).push(trace);
    return next;
  });
  const close = ({ key }: Trace, from: number, count: number): void => {
    const all = tracesOf(store, key);
    all.splice(from, count);
    if (all.length === 0) open.get(store)?.delete(key);
  };
  const placeOf = (trace: Trace): number => tracesOf(store, trace.key).indexOf(trace);
  const forget = (): void =>
    traces.filter((trace) => placeOf(trace) >= 0).forEach((trace) => close(trace, placeOf(trace), 1));
  await storing.catch((error: unknown) => {
    forget();
    throw error;
  });
  return {
    // Those that were stored before it are past, too: this one stands in their place.
    keep: () => traces.filter((trace) => placeOf(trace) >= 0).forEach((trace) => close(trace, 0, placeOf(trace) + 1)),
    async undo() {
      const mine = (): Trace[] => traces.filter((trace) => placeOf(trace) >= 0);
      if (mine().length === 0) return;
      await store.update((current) => {
        const records = new Map(kind.split(current));
        for (const trace of mine()) {
          const later = tracesOf(store, trace.key)[placeOf(trace) + 1];
          if (later !== undefined) later.before = trace.before;
          else if (isSame(records.get(trace.key), trace.wrote)) {
            if (trace.before === undefined) records.delete(trace.key);
            else records.set(trace.key, trace.before);
          }
        }
        forget();
        return kind.join(records, former ?? current);
      });
    },
  };
}
