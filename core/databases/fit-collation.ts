/**
 * New tables of a database get the collation of the imported ones: a join of texts with different collations is an error
 * (1267, https://mariadb.com/kb/en/mariadb-error-codes/). A database that has tables of its own keeps its collation.
 */
import type { ImportWork } from './import-dump.ts';

const TIMEOUT_MS = 30_000;

export interface FittedCollation {
  /** Of new tables. */
  readonly database: string;
  /** Of most tables that are there. */
  readonly tables: string;
  /** Whether that of new tables was changed to it. */
  readonly isChanged: boolean;
}

export interface CollationFitting {
  /** @returns null when nothing is to be said */
  finish(): Promise<FittedCollation | null>;
  /** Puts back what the database had. */
  undo(): Promise<void>;
}

/**
 * Before the dump is read, so that variables of its routines get that collation too.
 *
 * @param wanted that most tables of the dump name; null: none does
 * @returns null for an engine whose databases have none of their own
 */
export async function beginFitting(
  { engine: { collation: recipe }, access, name, what, run }: ImportWork,
  wanted: string | null,
): Promise<CollationFitting | null> {
  if (recipe === null) return null;
  // What is begun is brought to an end, also when the import was cancelled.
  const { signal } = new AbortController();
  const look = async (): Promise<readonly [database: string, tables: string]> => {
    const [database = '', tables = ''] = (await run(recipe.look(access, name), what, signal, TIMEOUT_MS))
      .trim()
      .split('\t');
    return [database, tables];
  };
  const set = (collation: string): Promise<unknown> =>
    run(recipe.set(access, name, collation), what, signal, TIMEOUT_MS);
  const [former, present] = await look();
  const isEmpty = present === '';
  if (isEmpty && wanted !== null) await set(recipe.nearest(wanted));
  return {
    async finish() {
      const [now, tables] = await look();
      if (tables === '') return null;
      if (isEmpty && now !== tables) await set(tables);
      const database = isEmpty ? tables : now;
      return database === former && database === tables ? null : { database, tables, isChanged: database !== former };
    },
    undo: async () => {
      await set(former);
    },
  };
}
