import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dependentsOf, resolveLanes } from './dependency-graph.ts';

const graph = (edges: Record<string, string[]>): Map<string, string[]> => new Map(Object.entries(edges));
const stack = graph({ edge: ['php', 'node'], php: ['postgres', 'redis'], node: ['redis'], postgres: [], redis: [] });

describe('dependency graph', () => {
  it('puts what may start together into one lane', () => {
    expect(resolveLanes(stack, ['edge'])).toEqual([['postgres', 'redis'], ['php', 'node'], ['edge']]);
    expect(resolveLanes(stack, ['node'])).toEqual([['redis'], ['node']]);
  });

  it('prints the cycle, without the way that led to it', () => {
    const circle = graph({ start: ['a'], a: ['b'], b: ['c'], c: ['a'] });
    expect(() => resolveLanes(circle, ['start'])).toThrow(
      expect.objectContaining({ code: 'DEPENDENCY_CYCLE', detail: 'a → b → c → a' }) as Error,
    );
    expect(() => resolveLanes(graph({ a: ['a'] }), ['a'])).toThrow(
      expect.objectContaining({ detail: 'a → a' }) as Error,
    );
  });

  it('names the dependency that does not exist and who wants it', () => {
    expect(() => resolveLanes(graph({ php: ['mongo'] }), ['php'])).toThrow(/cannot start php: it depends on "mongo"/);
    expect(() => resolveLanes(stack, ['nothing'])).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }) as Error);
  });

  it('stops those first that nothing else needs', () => {
    expect(dependentsOf(stack, 'redis')).toEqual(['edge', 'php', 'node']);
    expect(dependentsOf(stack, 'edge')).toEqual([]);
    expect(dependentsOf(graph({ a: ['b', 'unknown'], b: ['a'] }), 'b')).toEqual(['a']);
  });

  it('puts every service after all it needs, in any graph without a cycle', () => {
    const anyGraph = fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { minLength: 1, maxLength: 20 }).map(
      (rows) =>
        // Only smaller numbers are needed: no cycle can arise.
        new Map(
          rows.map((needs, index) => [
            `s${index}`,
            [...new Set(needs.filter((need) => need < index))].map((need) => `s${need}`),
          ]),
        ),
    );
    fc.assert(
      fc.property(anyGraph, (edges) => {
        const lanes = resolveLanes(edges, edges.keys());
        const laneOf = new Map(lanes.flatMap((lane, index) => lane.map((id) => [id, index] as const)));
        expect(laneOf.size).toBe(edges.size);
        for (const [id, needs] of edges)
          for (const need of needs) expect(laneOf.get(need)).toBeLessThan(laneOf.get(id) ?? -1);
      }),
    );
  });
});
