/** What an answer or an event holds, for a reader. */
import { describeType, type JsonSchema } from './json-schema.ts';
import { code, table } from './markdown.ts';

/** @returns in words what it is, and a table of the fields of the object, or of each object of the list; null where there are none */
export function describeData(schema: JsonSchema): { readonly kind: string; readonly fields: string | null } {
  const item = schema.type === 'array' ? schema.items : schema;
  if (item?.properties === undefined) return { kind: describeType(schema), fields: null };
  const rows = Object.entries(item.properties).map(([name, field]) => [code(name), describeType(field)]);
  return { kind: schema.type === 'array' ? 'A list of objects' : 'An object', fields: table(['field', 'type'], rows) };
}
