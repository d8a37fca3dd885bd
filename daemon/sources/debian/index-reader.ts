/** A `Packages` index in memory: where each package is, read only when it is asked for. One has 60 000 packages, a runtime needs 150 of them. */
import { parseParagraph } from './control.ts';
import { parseRelations, type Relation } from './relations.ts';
import { compareVersions } from './version.ts';

export interface IndexedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
  readonly size: number;
  /** In the archive, relative to its root. */
  readonly path: string;
  readonly depends: readonly (readonly Relation[])[];
  readonly provides: readonly Relation[];
}

export interface PackageIndex {
  /** All of that name, as they stand in the index. */
  find(name: string): readonly IndexedPackage[];
  /** Names of the packages that say they provide it. */
  providersOf(name: string): readonly string[];
  readonly count: number;
}

const NAME = /^[a-z0-9][a-z0-9+.-]{0,127}$/;
/** They become names of files here. */
const VERSION = /^[0-9][A-Za-z0-9.+:~-]{0,127}$/;
const ARCHITECTURE = /^[a-z0-9-]{1,32}$/;
const PATH = /^(?!\/|.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._+~:%/-]{1,400}\.deb$/;
const LONGEST = 2_000_000_000;

/** Throws a TypeError with what is wrong when it is something else; a stanza that cannot be read is an error only where it is asked for. */
export function readIndex(bytes: Buffer): PackageIndex {
  const places = new Map<string, number[]>();
  const providers = new Map<string, string[]>();
  if (bytes.length > 0 && !/^[A-Z][A-Za-z-]+: /.test(bytes.toString('latin1', 0, 64)))
    throw new TypeError('the index does not begin as one');
  for (let at = 0; at < bytes.length;) {
    const gap = bytes.indexOf('\n\n', at, 'latin1');
    const end = gap === -1 ? bytes.length : gap;
    const name = fieldAt(bytes, at, end, 'Package');
    if (name !== null) {
      const known = places.get(name);
      if (known === undefined) places.set(name, [at]);
      else known.push(at);
      const provided = fieldAt(bytes, at, end, 'Provides');
      for (const relation of provided === null ? [] : (parseRelations(provided) ?? []).flat()) {
        const others = providers.get(relation.name);
        if (others === undefined) providers.set(relation.name, [name]);
        else if (!others.includes(name)) others.push(name);
      }
    }
    at = end + 2;
  }
  return {
    count: places.size,
    providersOf: (name) => providers.get(name) ?? [],
    find: (name) =>
      (places.get(name) ?? []).map((at) => {
        const gap = bytes.indexOf('\n\n', at, 'latin1');
        return toPackage(bytes.toString('utf8', at, gap === -1 ? bytes.length : gap));
      }),
  };
}

/** The value of a field of one line; null when the stanza has none. */
function fieldAt(bytes: Buffer, start: number, end: number, name: string): string | null {
  const label = `${name}: `;
  const isFirst = bytes.toString('latin1', start, start + label.length) === label;
  const found = isFirst ? start : bytes.indexOf(`\n${label}`, start, 'latin1');
  if (found === -1 || found >= end) return null;
  const at = isFirst ? start + label.length : found + 1 + label.length;
  const line = bytes.indexOf(0x0a, at);
  return bytes.toString('latin1', at, line === -1 || line > end ? end : line);
}

function toPackage(text: string): IndexedPackage {
  const fields = parseParagraph(text);
  const value = (name: string): string => fields?.get(name) ?? '';
  const name = value('package');
  const unreadable = (what: string): never => {
    throw new TypeError(`the index has an unreadable ${what} for ${name.slice(0, 60)}`);
  };
  const [version, architecture, sha256, path] = [
    value('version'),
    value('architecture'),
    value('sha256'),
    value('filename'),
  ];
  const size = Number(value('size'));
  if (!NAME.test(name)) unreadable('name');
  if (!VERSION.test(version)) unreadable('version');
  if (!ARCHITECTURE.test(architecture)) unreadable('architecture');
  if (!/^[0-9a-f]{64}$/.test(sha256)) unreadable('digest');
  if (!/^\d{1,10}$/.test(value('size')) || size > LONGEST) unreadable('size');
  if (!PATH.test(path)) unreadable('file name');
  const depends = [value('pre-depends'), value('depends')].map(
    (field) => parseRelations(field) ?? unreadable('dependency'),
  );
  return {
    name,
    version,
    architecture,
    sha256,
    size,
    path,
    depends: depends.flat(),
    provides: (parseRelations(value('provides')) ?? unreadable('list of what it provides')).flat(),
  };
}

/** The newest of all indexes of one release, and which of them has it. */
export function newest(
  indexes: readonly PackageIndex[],
  name: string,
): { readonly item: IndexedPackage; readonly index: number } | null {
  let best: { item: IndexedPackage; index: number } | null = null;
  for (const [index, packages] of indexes.entries()) {
    for (const item of packages.find(name)) {
      if (best === null || compareVersions(item.version, best.item.version) > 0) best = { item, index };
    }
  }
  return best;
}
