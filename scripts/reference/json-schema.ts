/** JSON Schema of the contract, and how a schema reads in a sentence. */
import { z } from 'zod';

/** The keywords of JSON Schema 2020-12 that zod writes. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
}

const LONGEST_PATTERN = 40;

/** @param io `input`: what a caller may send; `output`: what an answer holds */
export const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema =>
  z.toJSONSchema(schema, { unrepresentable: 'any', io }) as JsonSchema;

/** "integer, 1 to 65535", "list of objects", "`tcp` or `udp`". */
export function describeType(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return choice(schema.enum.map((value) => `\`${String(value)}\``));
  if (schema.anyOf !== undefined) return choice(schema.anyOf.map(describeType));
  if (Array.isArray(schema.type)) return choice((schema.type as string[]).map((type) => describeType({ type })));
  if (schema.type === 'array') {
    const most = schema.maxItems === undefined ? '' : `, at most ${schema.maxItems}`;
    return `list of ${plural(schema.items ?? {})}${most}`;
  }
  if (schema.type === 'object') {
    if (schema.properties !== undefined)
      return `object with ${Object.keys(schema.properties)
        .map((name) => `\`${name}\``)
        .join(', ')}`;
    return typeof schema.additionalProperties === 'object'
      ? `map of names to ${plural(schema.additionalProperties)}`
      : 'object';
  }
  if (schema.type === 'string') return describeString(schema);
  if (schema.type === 'integer' || schema.type === 'number') return describeNumber(schema);
  return typeof schema.type === 'string' ? schema.type : 'any value';
}

const choice = (texts: readonly string[]): string => texts.join(' or ');

function plural(schema: JsonSchema): string {
  if (schema.type === 'object' && schema.properties !== undefined)
    return describeType(schema).replace('object', 'objects');
  if (schema.type === 'string' && schema.enum === undefined) return 'strings';
  return describeType(schema);
}

function describeString({ format, pattern, minLength, maxLength }: JsonSchema): string {
  if (format === 'date-time') return 'time (ISO 8601)';
  if (format === 'uri') return 'URL';
  const lengths = [
    ...(minLength === undefined ? [] : [`at least ${minLength}`]),
    ...(maxLength === undefined ? [] : [`at most ${maxLength}`]),
  ];
  const length = lengths.length === 0 ? '' : `, ${lengths.join(', ')} characters`;
  const form = pattern === undefined || pattern.length > LONGEST_PATTERN ? '' : `, \`${pattern}\``;
  return `string${length}${form}`;
}

function describeNumber({ type, minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  const from = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const to = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (from !== undefined && to !== undefined) return `${type as string}, ${from} to ${to}`;
  if (exclusiveMinimum !== undefined) return `${type as string}, above ${exclusiveMinimum}`;
  if (from !== undefined) return `${type as string}, ${from} or more`;
  return to === undefined ? (type as string) : `${type as string}, at most ${to}`;
}
