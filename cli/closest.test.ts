import { describe, expect, it } from 'vitest';
import { closest } from './closest.ts';

describe('what may have been meant', () => {
  const words = ['status', 'start', 'stop', 'project create', 'project remove', 'db list'];
  it.each([
    ['statsu', 'status'],
    ['strat', 'start'],
    ['STATUS', 'status'],
    ['project crate', 'project create'],
    ['project remvoe', 'project remove'],
  ])('%s: first of all %s', (text, meant) => expect(closest(text, words)[0]).toBe(meant));
  it('is nothing where nothing is near', () => expect(closest('frobnicate', words)).toEqual([]));
});
