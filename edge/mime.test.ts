import { expect, test } from 'vitest';
import { mediaTypeOf } from './mime.ts';

test.each(['a.constructor', 'a.__proto__', 'a.toString', 'a.hasOwnProperty', 'a', 'a.'])(
  '%s is of no known type',
  (file) => expect(mediaTypeOf(file)).toBe('application/octet-stream'),
);

test('text has its character set', () => expect(mediaTypeOf('/x/A.HTML')).toBe('text/html; charset=utf-8'));
