/** From a document with records of a wrong shape to one without them: each bad record costs only itself. Pure. */
import type { z } from 'zod';
import { ownValue } from '../../contract/own-value.ts';

/** A record that was taken out: where it was, what it was, and why. */
export interface SetAside {
  /** Index of the list, or key. */
  readonly path: string;
  readonly value: unknown;
  readonly reason: string;
}

export interface Salvaged<T> {
  readonly value: T;
  readonly setAside: readonly SetAside[];
}

interface SchemaLike {
  readonly def: { readonly type: string; readonly innerType?: SchemaLike; readonly valueType?: SchemaLike };
  readonly shape?: Readonly<Record<string, SchemaLike>>;
}

type Container = Record<PropertyKey, unknown>;
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/**
 * Takes out the item of a list, the entry of a map or the field of an object in which each error is, the outermost first; a field comes
 * back with its value of `fallback`.
 *
 * @returns null when nothing can be kept, because the whole has a wrong shape
 */
export function salvage<T>(schema: z.ZodType<T>, document: unknown, fallback: T): Salvaged<T> | null {
  let value = structuredClone(document);
  const setAside: SetAside[] = [];
  for (;;) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { value: parsed.data, setAside };
    // From the back, so that the positions of those before stay the same.
    const places = new Map<string, { place: PropertyKey[]; reason: string }>();
    for (const issue of parsed.error.issues) {
      const place = recordAt(schema, issue.path);
      if (place.length === 0) return null;
      const path = place.map(String).join('.');
      if (!places.has(path))
        places.set(path, { place, reason: `${issue.path.map(String).join('.')}: ${issue.message}` });
    }
    const before = setAside.length;
    for (const [path, { place, reason }] of [...places].reverse()) {
      const taken = takeOut(value, place, fallback);
      if (taken !== null) setAside.push({ path, value: taken.value, reason });
    }
    // What cannot be taken out, such as a field that even the fallback lacks, makes the whole unusable.
    if (setAside.length === before || setAside.length > 100_000) return null;
    value = isContainer(value) ? value : document;
  }
}

/** The first part of the path that is a record by itself. */
function recordAt(schema: SchemaLike, path: readonly PropertyKey[]): PropertyKey[] {
  let inner: SchemaLike | undefined = schema;
  const place: PropertyKey[] = [];
  for (const key of path) {
    while (inner?.def.innerType !== undefined) inner = inner.def.innerType;
    place.push(key);
    if (inner === undefined || inner.def.type !== 'object') return place;
    inner = inner.shape === undefined ? undefined : ownValue(inner.shape, String(key));
  }
  return place;
}

function takeOut(document: unknown, place: readonly PropertyKey[], fallback: unknown): { value: unknown } | null {
  const [key, ...rest] = place;
  if (key === undefined || !isContainer(document)) return null;
  const inFallback = isContainer(fallback) ? ownValue(fallback, key) : undefined;
  if (rest.length > 0) return takeOut(ownValue(document, key), rest, inFallback);
  const value = ownValue(document, key);
  if (Array.isArray(document)) {
    document.splice(Number(key), 1);
    return { value };
  }
  // The fallback's value, and only that, repairs a field which must be there.
  if (inFallback !== undefined && JSON.stringify(inFallback) === JSON.stringify(value)) return null;
  const wasThere = Object.hasOwn(document, key);
  if (inFallback === undefined) {
    if (!wasThere) return null;
    Reflect.deleteProperty(document, key);
  } else document[key] = inFallback;
  return { value };
}
