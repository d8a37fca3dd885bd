/** Parameters that an operation must refuse: made from its own example, each broken in one way. */
import fc from 'fast-check';
import type { z } from 'zod';
import type { Operation } from '../../contract/define.ts';
import { isLong } from '../long-form.ts';

type Params = Readonly<Record<string, unknown>>;

/** Inputs per operation; `KOJIBOX_FUZZ_RUNS=5000` asks for another number. */
export const FUZZ_RUNS = Number(process.env['KOJIBOX_FUZZ_RUNS'] ?? (isLong ? 1000 : 100));

/** Strings that broke parsers, shells and file systems elsewhere. */
const nasty = fc.constantFrom(
  '',
  ' ',
  '..',
  '../../etc/passwd',
  'a/b',
  'A',
  'ä',
  'a\u0000b',
  'a\nb',
  '-rf',
  '$(id)',
  '`id`',
  "' or 1=1",
  '{{7*7}}',
  '%2e%2e%2f',
  '\u202egnp',
  '💥',
  '\ud800',
  'constructor',
  '__proto__',
  'xn--',
  'a..b',
  'a.test.',
  'http://[::1',
  '1e999',
  'a'.repeat(300),
  '-a'.repeat(5000),
);

const anyJson = fc.oneof(
  nasty,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(-1, 0.5, 65_536, 2 ** 53, -(2 ** 31), 1e308),
);

/** `__proto__` is left out by zod before it looks for unknown keys, so it is no reason to refuse. */
const unknownKey = fc.oneof(fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'ID', ''), fc.string());

/** Everything it makes is JSON; nothing it makes is valid. */
export function malformedInput(operation: Operation): fc.Arbitrary<unknown> {
  const example = (operation.example ?? {}) as Params;
  const { shape } = operation.input as unknown as { readonly shape: Readonly<Record<string, z.ZodType>> };
  const fields = Object.keys(shape);
  const noObject = fc.oneof(
    fc.array(anyJson, { maxLength: 3 }),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  );
  const oneMore = fc
    .tuple(unknownKey, anyJson)
    .filter(([key]) => !fields.includes(key) && key !== '__proto__')
    .map(([key, value]) => ({ ...example, [key]: value }));
  const required = fields.filter((field) => shape[field]?.safeParse(undefined).success === false);
  const oneLess = required.map((field) =>
    fc.constant(Object.fromEntries(Object.entries(example).filter(([name]) => name !== field))),
  );
  const oneWrong = fields.map((field) =>
    anyJson
      .filter((value) => shape[field]?.safeParse(value).success === false)
      .map((value) => ({ ...example, [field]: value })),
  );
  return fc.oneof(noObject, oneMore, ...oneLess, ...oneWrong, ...oneWrong);
}

/** Whatever can be a value in JavaScript; some of it may be valid. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.constantFrom<unknown>(null, undefined, NaN, Symbol('x'), () => 1, JSON.parse('{"__proto__":{"polluted":true}}')),
  // Deeper than any recursion would go.
  fc.constant(null).map(() => JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown),
);
