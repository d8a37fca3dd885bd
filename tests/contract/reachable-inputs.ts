/** Parameters for any operation, from its schema, that try to reach files, programs and secrets. */
import { z } from 'zod';
import type { Operation } from '../../contract/define.ts';

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
}

/** Values by the name of a field. */
export type Pools = Readonly<Record<string, readonly unknown[]>>;

/** The same numbers in each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = <T>(values: readonly T[], random: () => number): T | undefined =>
  values[Math.floor(random() * values.length)];

function make(schema: JsonSchema, name: string, pools: Pools, random: () => number): unknown {
  const pool = pools[name];
  if (pool !== undefined && random() < 0.95) return pick(pool, random);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return pick(schema.enum, random);
  if (schema.anyOf !== undefined) return make(pick(schema.anyOf, random) ?? {}, name, pools, random);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([field]) => schema.required?.includes(field) === true || random() < 0.5)
          .map(([field, inner]) => [field, make(inner, field, pools, random)]),
      );
    case 'array':
      return [make(schema.items ?? {}, name, pools, random)];
    case 'boolean':
      return random() < 0.5;
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 1);
    default:
      return pick(pools['text'] ?? [''], random);
  }
}

/** At most `count` different valid parameters of an operation; its example is among them. */
export function reachableInputs(operation: Operation, pools: Pools, count: number, random: () => number): unknown[] {
  const schema = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const found = new Map<string, unknown>();
  const add = (value: unknown): void => {
    if (operation.input.safeParse(value).success) found.set(JSON.stringify(value), value);
  };
  add(operation.example ?? {});
  for (let tries = 0; tries < count * 20 && found.size < count; tries++) add(make(schema, '', pools, random));
  return [...found.values()];
}
