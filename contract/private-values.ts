/**
 * Values that only `admin` sees, because people keep passwords in them: overrides, the environment and the arguments of services. A schema is
 * marked where it is defined, and whatever holds it is covered: results, events, and the parameters in the activity.
 */
import { z } from 'zod';
import { ownValue } from './own-value.ts';

/** Stands for a value that is not shown. Sent back in a setting, it means the value that is stored. */
export const HIDDEN = '••••••';

const marked = z.registry<{ readonly shown: readonly string[] }>();

/**
 * Marks a text, or a list or record of texts.
 * @param shown names in a record whose values everyone may see
 */
export function privateValues<S extends z.ZodType>(schema: S, shown: readonly string[] = []): S {
  marked.add(schema, { shown });
  return schema;
}

/** The schemas inside of one; of a record or list those of its values. */
function innerOf(schema: z.ZodType): readonly z.ZodType[] {
  const { def } = schema as unknown as {
    def: {
      type: string;
      shape?: Readonly<Record<string, z.ZodType>>;
      options?: readonly z.ZodType[];
      element?: z.ZodType;
      valueType?: z.ZodType;
      innerType?: z.ZodType;
      out?: z.ZodType;
    };
  };
  const { shape = {}, options = [], element, valueType, innerType, out } = def;
  const single = [element, valueType, innerType, out].filter((inner) => inner !== undefined);
  return [...Object.values(shape), ...options, ...single];
}

const known = new WeakMap<z.ZodType, boolean>();

/** Whether values of this schema can hold anything private. */
export function holdsPrivate(schema: z.ZodType): boolean {
  const cached = known.get(schema);
  if (cached !== undefined) return cached;
  // A schema that holds itself ends here.
  known.set(schema, false);
  const holds = marked.has(schema) || innerOf(schema).some(holdsPrivate);
  known.set(schema, holds);
  return holds;
}

/** A copy of a value with everything private in it replaced by `HIDDEN`. @param value as the schema gives it */
export function hidePrivate(schema: z.ZodType, value: unknown): unknown {
  if (value === undefined || value === null || !holdsPrivate(schema)) return value;
  const mark = marked.get(schema);
  if (mark !== undefined) return hideAll(value, mark.shown);
  const { def } = schema as unknown as { def: { type: string; shape?: Readonly<Record<string, z.ZodType>> } };
  if (def.type === 'object')
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const inner = def.shape === undefined ? undefined : ownValue(def.shape, name);
        return [name, inner === undefined ? item : hidePrivate(inner, item)];
      }),
    );
  const inner = innerOf(schema);
  if (def.type === 'union') {
    const fitting = inner.find((option) => option.safeParse(value).success);
    return fitting === undefined ? HIDDEN : hidePrivate(fitting, value);
  }
  const [only] = inner;
  if (only === undefined) return HIDDEN;
  if (Array.isArray(value)) return value.map((item) => hidePrivate(only, item));
  if (def.type === 'record')
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hidePrivate(only, item)]));
  return hidePrivate(only, value);
}

function hideAll(value: unknown, shown: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map(() => HIDDEN);
  if (typeof value !== 'object' || value === null) return HIDDEN;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: [string, unknown]) => [name, shown.includes(name) ? item : HIDDEN]),
  );
}

/**
 * What a caller sent back who saw `HIDDEN`: the stored value stays there.
 * @returns null for a hidden value of which nothing is stored
 */
export function keepHidden<T extends Readonly<Record<string, string>> | readonly string[]>(
  given: T,
  stored: T | undefined,
): T | null {
  const before = (stored ?? {}) as Readonly<Record<string, string>>;
  const pairs = Object.entries(given as Readonly<Record<string, string>>).map(
    ([name, value]) => [name, value === HIDDEN ? ownValue(before, name) : value] as const,
  );
  if (pairs.some(([, value]) => value === undefined)) return null;
  return (Array.isArray(given) ? pairs.map(([, value]) => value) : Object.fromEntries(pairs)) as unknown as T;
}
