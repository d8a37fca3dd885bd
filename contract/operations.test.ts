import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Operation } from './define.ts';
import { ERRORS } from './errors.ts';
import { events, operationByName, operations } from './index.ts';

const all: readonly Operation[] = operations;

/** Names of parameters that lead to files, programs or other machines. */
const REACHING =
  /^(path|folder|file|cwd|binary|args|env|overrides|source|command|target|targetPort|socket|locked|projectsFolder|imports|mirrors|url|extensions|values)$/;
/** Why these reach nothing, whatever is given. */
const HARMLESS: Readonly<Record<string, string>> = {
  'config.previewService': 'computes what would restart',
  'php.preview': 'computes what would restart',
  'programs.resolve': 'holds a secret; the folder only names a project that is known',
  'programs.install': 'the folder only names a project that is known',
  'databases.copy': 'the target is the name of a database',
  'packs.discardUpload': 'deletes files that were uploaded, by their exact names, and no other',
};

/** Names of all fields of a schema, at any depth. */
function fieldsIn(schema: unknown): string[] {
  const { properties = {}, items, anyOf = [], additionalProperties } = schemaOf(schema);
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => [name, ...fieldsIn(inner)]),
    ...[items, additionalProperties, ...anyOf].flatMap((inner) => (typeof inner === 'object' ? fieldsIn(inner) : [])),
  ];
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly additionalProperties?: unknown;
}
const schemaOf = (schema: unknown): JsonSchema =>
  (schema instanceof z.ZodType
    ? z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
    : schema) as JsonSchema;

describe('the operations', () => {
  it('have names of their own', () => {
    expect(operationByName.size).toBe(all.length);
    expect(new Set(events.map(({ name }) => name)).size).toBe(events.length);
  });

  it.each(all.map((operation) => [operation.name, operation] as const))('%s shows how it is called', (_, operation) => {
    const { input, example, errors } = operation;
    // Without an example, calling it with nothing must do.
    expect(input.safeParse(example ?? {}).error).toBeUndefined();
    expect(input.safeParse({ ...(example as object), noSuchField: 1 }).success).toBe(false);
    for (const code of errors) expect(ERRORS).toHaveProperty(code);
    expect(new Set(errors).size).toBe(errors.length);
  });

  it.each(all.map((operation) => [operation.name, operation] as const))(
    '%s says what it reaches by a path, a command or an address',
    (name, { input, access, reaches, example }) => {
      const fields = fieldsIn(input).filter((field) => REACHING.test(field));
      if (fields.length === 0 || name in HARMLESS) return;
      expect(reaches?.what ?? [], `${name} takes ${fields.join(', ')}`).not.toEqual([]);
      // Without a condition the level of the operation is the one that is needed.
      if (reaches?.when === undefined) expect(access).toBe('admin');
      else expect(typeof reaches.when(input.parse(example ?? {}) as never)).toBe('boolean');
    },
  );

  it('what completes a field names a field', () => {
    for (const { cli, input, name } of all) {
      const { shape } = input as unknown as { shape: Record<string, unknown> };
      const named = [...(cli?.positional ?? []), ...Object.keys(cli?.completes ?? {})];
      for (const field of named) expect(Object.keys(shape), name).toContain(field);
    }
  });
});
