import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { events, operationByName, operations } from './index.ts';
import { HIDDEN, hidePrivate, holdsPrivate, keepHidden, privateValues } from './private-values.ts';

const canary = 'sk_live_canary';
const project = { id: 'a', name: 'A', path: '/a', domain: 'a.test', stack: 'php', autostart: true };
const overrides = { STRIPE: canary, COMMAND: `KEY=${canary} node .`, TARGET: 'http://127.0.0.1:1', PHP_VERSION: '8.4' };

describe('private values', () => {
  it('are hidden at every depth, and nothing else is', () => {
    const inner = z.object({ plain: z.string(), env: privateValues(z.record(z.string(), z.string())) });
    const schema = z.object({
      list: z.array(inner).optional(),
      one: inner.nullable().default(null),
      either: z.union([z.number(), inner]),
      named: z.record(z.string(), inner),
      args: privateValues(z.array(z.string())),
      text: privateValues(z.string()),
    });
    const value = { plain: 'p', env: { A: canary } };
    const given = { list: [value], one: value, either: value, named: { x: value }, args: [canary], text: canary };
    const shown = { plain: 'p', env: { A: HIDDEN } };
    expect(hidePrivate(schema, given)).toEqual({
      list: [shown],
      one: shown,
      either: shown,
      named: { x: shown },
      args: [HIDDEN],
      text: HIDDEN,
    });
    expect(hidePrivate(schema, { ...given, one: null, either: 7 })).toMatchObject({ one: null, either: 7 });
  });

  it.each([
    ['config.getProject', { ...project, overrides }],
    ['config.listProjects', [{ ...project, overrides }]],
    ['config.getService', { id: 'a', enabled: true, ports: {}, env: { A: canary }, args: [canary] }],
  ])('of %s', (name, result) => {
    const schema = operationByName.get(name)!.output;
    const hidden = hidePrivate(schema, schema.parse(result));
    expect(JSON.stringify(hidden)).not.toContain(canary);
    // What is hidden has the same form, and what can hold no password is shown.
    expect(schema.safeParse(hidden).success).toBe(true);
    if (name === 'config.getProject')
      expect(hidden).toMatchObject({ overrides: { PHP_VERSION: '8.4', TARGET: HIDDEN } });
  });

  it('are every field of the contract that holds an environment, overrides or arguments', () => {
    const named = /"(env|overrides|args)":/;
    const schemas = [
      ...operations.map(({ name, output, access }) => [name, output, access] as const),
      ...events.map(({ name, data }) => [name, data, 'read'] as const),
    ];
    const open = schemas.filter(
      ([name, schema, access]) =>
        access !== 'admin' &&
        // The arguments there are Kojibox's own, from the signed list of runtimes.
        !/^runtime[.:]/.test(name) &&
        named.test(JSON.stringify(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }))) &&
        !holdsPrivate(schema),
    );
    expect(open.map(([name]) => name)).toEqual([]);
  });

  it('that come back hidden stay as they are stored', () => {
    expect(keepHidden({ A: HIDDEN, B: 'new' }, { A: 'old', C: 'gone' })).toEqual({ A: 'old', B: 'new' });
    expect(keepHidden([HIDDEN, 'new'], ['old', 'x'])).toEqual(['old', 'new']);
    expect(keepHidden({ A: HIDDEN }, undefined)).toBeNull();
    expect(keepHidden<Record<string, string>>({ toString: HIDDEN }, { A: 'x' })).toBeNull();
  });
});
