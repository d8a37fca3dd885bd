import { expect, it } from 'vitest';
import { chooseSeries } from './choose-version.ts';

const php = { available: ['8.4', '8.2', '8.10'], standard: '8.2', exact: false };
const node = { available: ['22', '24'], standard: '24', exact: true };

it.each([
  [null, php, null],
  ['8.1', php, null],
  ['8.2', php, null],
  ['8.3', php, '8.4'],
  ['8.5', php, '8.10'],
  ['9.0', php, null],
  ['22', node, '22'],
  ['20', node, null],
  ['24', node, null],
] as const)('for %s', (wanted, options, expected) => expect(chooseSeries(wanted, options)).toBe(expected));
