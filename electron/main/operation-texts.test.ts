import { describe, expect, it } from 'vitest';
import { operations } from '../../contract/index.ts';
import type { Operation } from '../../contract/define.ts';
import { textsIn } from './texts.ts';

const all: readonly Operation[] = operations;
/** See consent.ts: the window's own level is `operate`. */
const asked = all.filter(
  ({ access, destructive, reaches }) => access === 'admin' || destructive === true || reaches !== undefined,
);

describe.each(['de', 'id'])('questions in %s', (language) => {
  const { operations: texts, ask } = textsIn(language);

  it('have words for every operation that can ask, and for no other', () => {
    expect(Object.keys(texts).sort()).toEqual(asked.map(({ name }) => name).sort());
  });

  it('are no English', () => {
    for (const { name, summary } of asked) expect(texts[name], name).not.toBe(summary);
    expect(new Set(Object.values(texts)).size).toBe(asked.length);
    expect(ask.message(texts['projects.remove'] ?? '')).not.toMatch(/Forget a project/);
  });
});
