import { expect, it } from 'vitest';
import { reasonIn } from './reason-in.ts';

it('is the last error with what explains it, however much that is', () => {
  const context = [
    'CONTEXT:  SQL statement "copy (select 1) to program \'x\'"',
    'PL/pgSQL function public.f(integer) line 1 at SQL statement',
    'COPY t, line 1: "1"',
  ];
  const output = ['NOTICE:  first', 'psql:<stdin>:9: ERROR:  permission denied', 'HINT:  ask', ...context].join('\n');
  expect(reasonIn(output)).toMatch(
    /^psql:<stdin>:9: ERROR: {2}permission denied HINT: {2}ask CONTEXT: .*SQL statement$/,
  );
  expect(reasonIn('ERROR 1045 (28000): Access denied\n')).toBe('ERROR 1045 (28000): Access denied');
});

it('is the last lines where no error is named, and nothing where nothing was said', () => {
  expect(reasonIn('a\nb\n\nc\nd\n')).toBe('b c d');
  expect(reasonIn('\n')).toBe('');
});
