import { expect, it } from 'vitest';
import { compareNames, matchesFilter } from './filter.ts';

it('sorts numbers in names as numbers', () => {
  const names = ['Project 10', 'project 2', 'Project 1', 'alpha', 'Älpler', 'zeta'];
  expect(names.sort((a, b) => compareNames(a, b, 'en'))).toEqual([
    'alpha',
    'Älpler',
    'Project 1',
    'project 2',
    'Project 10',
    'zeta',
  ]);
});

it('finds every word, in any of the texts', () => {
  expect(matchesFilter('', ['Shop'])).toBe(true);
  expect(matchesFilter('SHOP 8.4', ['shop', 'php 8.4', null])).toBe(true);
  expect(matchesFilter('shop 8.5', ['shop', 'php 8.4', undefined])).toBe(false);
});
