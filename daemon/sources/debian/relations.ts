/** Relations between packages, as in `Depends`; see Debian policy 7.1. */
import type { Operator } from './version.ts';

export interface Relation {
  readonly name: string;
  readonly operator: Operator | null;
  readonly version: string;
}

const RELATION =
  /^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([0-9A-Za-z][^\s()]*)\s*\))?\s*(?:\[[^\]]*\])?\s*(?:<[^>]*>\s*)*$/;
/** Of old: `<` meant `<=`. */
const OLD: Readonly<Record<string, Operator>> = { '<': '<=', '>': '>=' };

/** @returns one list of alternatives per relation; null: the field is of another kind */
export function parseRelations(field: string): Relation[][] | null {
  const groups: Relation[][] = [];
  for (const group of field.split(',')) {
    if (group.trim() === '') continue;
    const alternatives: Relation[] = [];
    for (const text of group.split('|')) {
      const [, name, operator, version = ''] = RELATION.exec(text.trim()) ?? [];
      if (name === undefined) return null;
      alternatives.push({
        name,
        operator: operator === undefined ? null : (OLD[operator] ?? (operator as Operator)),
        version,
      });
    }
    groups.push(alternatives);
  }
  return groups;
}
