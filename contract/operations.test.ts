import { describe, expect, it } from 'vitest';
import type { Operation } from './define.ts';
import { ERRORS } from './errors.ts';
import { events, operationByName, operations } from './index.ts';

const all: readonly Operation[] = operations;

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

  it('what completes a field names a field', () => {
    for (const { cli, input, name } of all) {
      const { shape } = input as unknown as { shape: Record<string, unknown> };
      const named = [...(cli?.positional ?? []), ...Object.keys(cli?.completes ?? {})];
      for (const field of named) expect(Object.keys(shape), name).toContain(field);
    }
  });
});
