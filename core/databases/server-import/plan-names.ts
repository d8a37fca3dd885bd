/** Which name each database gets here, each only once. */
import type { FoundDatabase } from './importer.ts';
import { freeName, isTakable, plainName } from './target-names.ts';
import type { Sentence } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

export interface PlannedName {
  readonly database: FoundDatabase;
  readonly target: string;
  /** Its own name, or the one that was asked for, is taken. */
  readonly taken: boolean;
}

/** @param onConflict `rename`: a number is added to a name that is taken; where that does not help, `problem` says so */
export function planNames(
  wanted: readonly { readonly database: FoundDatabase; readonly as?: string }[],
  there: ReadonlySet<string>,
  onConflict: 'refuse' | 'rename',
): (PlannedName & { readonly problem: Sentence | null })[] {
  const taken = new Set(there);
  return wanted.map(({ database, as }) => {
    const name = as ?? plainName(database.name);
    const isTaken = taken.has(name);
    const found = onConflict === 'rename' ? freeName(name, taken) : isTaken ? null : name;
    const target = found ?? name;
    taken.add(target);
    const problem = !isTakable(name)
      ? sayServerImport('reservedName', { name })
      : found !== null
        ? null
        : onConflict === 'rename'
          ? sayServerImport('allNamesTaken', { name })
          : sayServerImport('nameTaken', { name });
    return { database, target, taken: isTaken, problem };
  });
}
