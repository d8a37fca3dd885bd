import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Operation } from '../../contract/define.ts';
import { COMMON_ERRORS, ErrorBodySchema, KojiboxError } from '../../contract/errors.ts';
import { operations, type Handlers } from '../../contract/index.ts';
import { createDispatcher } from '../../daemon/transports/dispatcher.ts';
import { anyValue, FUZZ_RUNS, malformedInput } from './malformed-input.ts';

const all = operations.map((operation: Operation) => [operation.name, operation] as const);
const MOST_DETAIL = 2000;

/** The real dispatcher and schemas; every handler answers with `reached`. */
function dispatcherThat(reached: () => never) {
  const handlers = Object.fromEntries(all.map(([name]) => [name, async () => reached()])) as unknown as Handlers;
  const ignore = (): void => undefined;
  return createDispatcher({
    handlers,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    onCall: ignore,
  });
}

describe(`malformed parameters, ${FUZZ_RUNS} of each kind per operation`, () => {
  it.each(all)('%s refuses them', { timeout: 600_000 }, async (name, operation) => {
    const dispatcher = dispatcherThat(() => {
      throw new Error('a handler was called with malformed parameters');
    });
    await fc.assert(
      fc.asyncProperty(malformedInput(operation), async (params) => {
        const reply = await dispatcher.dispatch(name, params, 'http');
        const error = ErrorBodySchema.parse('error' in reply ? reply.error : null);
        expect(error.code).toBe('VALIDATION_FAILED');
        expect(error.detail).not.toBe('');
        expect(error.detail.length).toBeLessThanOrEqual(MOST_DETAIL);
      }),
      { numRuns: FUZZ_RUNS },
    );
  });

  it.each(all)('%s answers anything with a code of its own', { timeout: 600_000 }, async (name, operation) => {
    const declared = [...COMMON_ERRORS, ...operation.errors].filter((code) => code !== 'INTERNAL');
    const dispatcher = dispatcherThat(() => {
      throw new KojiboxError('UNAVAILABLE', 'it was valid', { source: 'test' });
    });
    await fc.assert(
      fc.asyncProperty(anyValue, async (params) => {
        const reply = await dispatcher.dispatch(name, params, 'http');
        const error = ErrorBodySchema.parse('error' in reply ? reply.error : null);
        expect(declared).toContain(error.code);
      }),
      { numRuns: FUZZ_RUNS },
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('the dispatcher', () => {
  it('knows no operation by any other name', async () => {
    const dispatcher = dispatcherThat(() => {
      throw new Error('a handler was called');
    });
    const names = new Set(all.map(([name]) => name));
    const known = fc.constantFrom(...names);
    const unknown = fc.oneof(
      anyValue,
      fc.string(),
      known.map((name) => `${name} `),
      known.map((name) => name.toUpperCase()),
      fc.constantFrom('__proto__', 'constructor', 'toString'),
    );
    await fc.assert(
      fc.asyncProperty(
        unknown.filter((method) => !names.has(method as string)),
        async (method) => {
          const reply = await dispatcher.dispatch(method, {}, 'http');
          const error = ErrorBodySchema.parse('error' in reply ? reply.error : null);
          expect(error.code).toBe(typeof method === 'string' ? 'METHOD_UNKNOWN' : 'MALFORMED_REQUEST');
        },
      ),
      { numRuns: FUZZ_RUNS },
    );
  });

  it.each(all)(
    '%s: a megabyte in any field, or a hundred thousand fields, is refused at once',
    async (name, operation) => {
      const dispatcher = dispatcherThat(() => {
        throw new KojiboxError('UNAVAILABLE', 'it was valid', { source: 'test' });
      });
      const example = (operation.example ?? {}) as Record<string, unknown>;
      const texts = ['a', 'a-', 'a.', '-', ' ', '9'].map((text) => text.repeat(1_000_000 / text.length));
      const huge = Object.keys(example).flatMap((field) => texts.map((text) => ({ ...example, [field]: text })));
      const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`field${index}`, index]));
      for (const params of [...huge, many, { [texts[0]!]: 1 }]) {
        // Processor time: other programs of a busy machine interrupt it.
        const before = process.threadCpuUsage();
        const reply = await dispatcher.dispatch(name, params, 'http');
        const { user, system } = process.threadCpuUsage(before);
        expect((user + system) / 1000).toBeLessThan(1000);
        const error = ErrorBodySchema.parse('error' in reply ? reply.error : null);
        expect(['VALIDATION_FAILED', 'UNAVAILABLE']).toContain(error.code);
        expect(error.detail.length).toBeLessThanOrEqual(MOST_DETAIL);
      }
    },
  );
});
