/** Which packages a tree needs: the closure over dependencies, without what a private tree has no use for. Nothing is installed, so conflicts do not count. */
import type { Relation } from './relations.ts';
import { newest, type IndexedPackage, type PackageIndex } from './index-reader.ts';
import { satisfies } from './version.ts';

export interface Chosen {
  readonly item: IndexedPackage;
  /** Of the indexes that were given. */
  readonly index: number;
}

export interface ResolveOptions {
  readonly packages: readonly string[];
  /** Taken without what they depend on. */
  readonly extra?: readonly string[];
  /** False: neither the package nor what only it needs comes along. Without an architecture: whether any of that name would. */
  isWanted(name: string, architecture?: string): boolean;
}

/** A closure that never ends in practice: the largest known one has 250 packages. */
const MAX_PACKAGES = 2000;

/**
 * Takes the newest version of each package. Of alternatives it takes the first that is there already, then the first that can be had; a name that
 * only others provide is taken from the provider whose name comes first.
 * Throws a TypeError that names what cannot be had, and who needs it.
 */
export function resolveClosure(indexes: readonly PackageIndex[], options: ResolveOptions): Chosen[] {
  const chosen = new Map<string, Chosen>();
  const newestOf = remember((name: string) => newest(indexes, name));

  /** Whether what is named is, or provides, what is asked for. */
  const fits = ({ item }: Chosen, { name, operator, version }: Relation): boolean => {
    if (item.name === name) return operator === null || satisfies(item.version, operator, version);
    return item.provides.some(
      (provided) =>
        provided.name === name &&
        // Policy 7.5: a versioned relation is met only by a versioned provision.
        (operator === null || (provided.operator === '=' && satisfies(provided.version, operator, version))),
    );
  };
  /** Ways to meet it, the best first. */
  const candidates = (relation: Relation): Chosen[] => {
    const own = newestOf(relation.name);
    const providers = [...new Set(indexes.flatMap((index) => index.providersOf(relation.name)))].sort();
    return [own, ...providers.map((name) => newestOf(name))].filter(
      (found): found is Chosen => found !== null && fits(found, relation),
    );
  };

  const waiting: { readonly relation: readonly Relation[]; readonly by: string }[] = options.packages.map((name) => ({
    relation: [{ name, operator: null, version: '' }],
    by: 'the runtime',
  }));
  const asked = new Set(options.packages);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { relation, by } = next;
    const ways = relation.flatMap(candidates);
    if (ways.some(({ item }) => chosen.has(item.name))) continue;
    const isLeftOut = ({ name }: Relation): boolean => !asked.has(name) && !options.isWanted(name);
    const way = ways.find(({ item }) => asked.has(item.name) || options.isWanted(item.name, item.architecture));
    if (way === undefined) {
      if (ways.length > 0 || relation.every(isLeftOut)) continue;
      throw new TypeError(`${by} needs ${relation.map(show).join(' or ')}, and the archive has none`);
    }
    chosen.set(way.item.name, way);
    if (chosen.size > MAX_PACKAGES) throw new TypeError(`more than ${MAX_PACKAGES} packages would be needed`);
    for (const needed of way.item.depends) waiting.push({ relation: needed, by: way.item.name });
  }
  for (const name of options.extra ?? []) {
    const found = newestOf(name);
    if (found === null) throw new TypeError(`the archive has no ${name}`);
    chosen.set(name, found);
  }
  return [...chosen.values()].sort((a, b) => (a.item.name < b.item.name ? -1 : 1));
}

const show = ({ name, operator, version }: Relation): string =>
  operator === null ? name : `${name} (${operator} ${version})`;

function remember<Value>(ask: (name: string) => Value): (name: string) => Value {
  const known = new Map<string, Value>();
  return (name) => {
    let value = known.get(name);
    if (value === undefined) {
      value = ask(name);
      known.set(name, value);
    }
    return value;
  };
}
