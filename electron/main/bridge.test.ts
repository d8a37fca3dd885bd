import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Client } from '../../client/index.ts';
import type { AccessLevel, Operation } from '../../contract/define.ts';
import { accessFor, isAllowed } from '../../contract/define.ts';
import { ErrorBodySchema, KojiboxError } from '../../contract/errors.ts';
import { operationByName, operations } from '../../contract/index.ts';
import { createBridge } from './bridge.ts';
import { createConsent } from './consent.ts';

interface Options {
  readonly call?: (name: string) => Promise<unknown>;
  readonly role?: AccessLevel;
  readonly mayElevate?: boolean;
  readonly ask?: () => Promise<boolean>;
}

function setUp({ call = () => Promise.resolve('ok'), role = 'operate', mayElevate = false, ask }: Options = {}) {
  const sent: Record<string, unknown>[] = [];
  let time = 0;
  const update = vi.fn();
  const closeStream = vi.fn();
  const asked = vi.fn(ask ?? (() => Promise.resolve(false)));
  const client = { call: vi.fn(call), events: vi.fn(() => ({ update, close: closeStream })), close: vi.fn() };
  const now = (): number => time;
  const bridge = createBridge({
    client: client as unknown as Client,
    port: { postMessage: (message) => sent.push(message as Record<string, unknown>) },
    consent: createConsent({ role, mayElevate, ask: asked, now }),
    now,
  });
  return { sent, update, closeStream, client, asked, bridge, pass: (ms: number) => void (time += ms) };
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const codeOf = (message: unknown): unknown => (message as { error?: { code?: unknown } }).error?.code;

describe('the bridge of the window', () => {
  it('passes calls on and answers by id', async () => {
    const { bridge, sent } = setUp();
    bridge.receive({ id: 7, method: 'services.list', params: {} });
    await settle();
    expect(sent).toEqual([{ id: 7, result: 'ok' }]);
  });

  it('passes errors on in their wire form, and nothing of unexpected ones', async () => {
    const { bridge, sent } = setUp({
      call: (name) =>
        Promise.reject(
          name === 'stack.up' ? new Error('secret path /root/x') : new KojiboxError('NOT_FOUND', 'no', { source: 'x' }),
        ),
    });
    bridge.receive({ id: 1, method: 'services.start', params: { id: 'x' } });
    bridge.receive({ id: 2, method: 'stack.up', params: {} });
    await settle();
    expect(sent).toMatchObject([
      { id: 1, error: { code: 'NOT_FOUND' } },
      { id: 2, error: { code: 'INTERNAL' } },
    ]);
    expect(JSON.stringify(sent)).not.toContain('secret path');
  });

  it.each([
    null,
    7,
    'x',
    [],
    {},
    { id: 'x', method: 'services.list' },
    { id: 1 },
    { id: 1, method: {}, params: {} },
    { id: 1, method: 'x'.repeat(1000), params: {} },
    { subscribe: { logs: 'all' } },
    { subscribe: { logs: Array.from({ length: 501 }, () => 'x'), metrics: true } },
    { id: -1, method: 'services.list', params: {} },
    { id: 2 ** 60, method: 'services.list', params: {} },
    { id: 1, method: 'services.list', params: {}, extra: true },
  ])('drops %j', async (message) => {
    const { bridge, sent, client } = setUp();
    bridge.receive(message);
    await settle();
    expect(sent).toEqual([]);
    expect(client.call).not.toHaveBeenCalled();
    expect(client.events).not.toHaveBeenCalled();
  });

  it('keeps one subscription, whatever the page asks for', () => {
    const { bridge, client, update } = setUp();
    bridge.receive({ subscribe: { logs: ['redis'], metrics: true } });
    bridge.receive({ subscribe: { logs: [], metrics: false } });
    expect(client.events).toHaveBeenCalledTimes(1);
    expect(update).toHaveBeenCalledTimes(2);
  });

  it('tells the shell what the daemon answered', async () => {
    const onResult = vi.fn();
    const client = { call: () => Promise.resolve({ url: 'https://x.test' }) } as unknown as Client;
    const consent = createConsent({ role: 'admin', mayElevate: false, ask: () => Promise.resolve(true), now: () => 0 });
    const bridge = createBridge({ client, port: { postMessage: () => undefined }, consent, now: () => 0, onResult });
    bridge.receive({ id: 1, method: 'services.list' });
    await settle();
    expect(onResult).toHaveBeenCalledWith('services.list', { url: 'https://x.test' });
  });
});

describe('a window that was taken over', () => {
  it('reaches no operation that the contract does not have', async () => {
    const { bridge, sent, client } = setUp();
    const methods = ['__proto__', 'constructor', 'toString', 'fs.readFile', 'SERVICES.LIST', 'services.list ', ''];
    methods.forEach((method, id) => bridge.receive({ id, method, params: {} }));
    await settle();
    expect(client.call).not.toHaveBeenCalled();
    expect(sent.map(codeOf)).toEqual(methods.map(() => 'METHOD_UNKNOWN'));
  });

  const valid = operations.map((operation: Operation) => [operation.name, operation] as const);
  it.each(valid)('%s: does what each role may, and asks before what is destructive', async (name, operation) => {
    for (const role of ['read', 'operate', 'admin'] as const) {
      const { bridge, sent, client, asked } = setUp({ role });
      bridge.receive({ id: 1, method: name, params: operation.example ?? {} });
      await settle();
      const isWithin = isAllowed(accessFor(operation, operation.input.parse(operation.example ?? {})), role);
      const isFree = isWithin && operation.destructive !== true;
      expect(client.call).toHaveBeenCalledTimes(isFree ? 1 : 0);
      // No one is asked about what the role excludes: there is nothing to decide.
      expect(asked).toHaveBeenCalledTimes(isWithin && !isFree ? 1 : 0);
      expect(codeOf(sent[0])).toBe(isFree ? undefined : isWithin ? 'CANCELLED' : 'PERMISSION_DENIED');
    }
  });

  it('gets nothing but well-formed answers and reaches nothing but valid operations, whatever it sends', async () => {
    const names = fc.oneof(fc.constantFrom(...operationByName.keys()), fc.string(), fc.constant('__proto__'));
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: true,
      maxDepth: 4,
    });
    const message = fc.oneof(
      anything,
      fc.record({ id: fc.oneof(fc.nat(20), anything), method: fc.oneof(names, anything), params: anything }),
      fc.record({ id: fc.nat(20), method: names, params: fc.jsonValue() }),
      fc.record({ subscribe: anything }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 20 }), async (messages) => {
        const { bridge, sent, client } = setUp({ role: 'read' });
        for (const each of messages) bridge.receive(each);
        await settle();
        for (const [name, params] of client.call.mock.calls as unknown as [string, unknown][]) {
          const operation = operationByName.get(name);
          expect(operation?.access).toBe('read');
          expect(operation?.input.safeParse(params).success).toBe(true);
        }
        for (const answer of sent) {
          expect(Number.isSafeInteger(answer['id'])).toBe(true);
          if ('error' in answer) ErrorBodySchema.parse(answer['error']);
          expect(JSON.stringify(answer).length).toBeLessThan(4000);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, () => unknown]>([
    ['nested ten thousand deep', () => Array.from({ length: 10_000 }).reduce<unknown>((inner) => [inner], [])],
    ['twelve million characters', () => ({ id: 'x'.repeat(12_000_000) })],
    ['a million values', () => ({ id: Array.from({ length: 1_000_000 }, () => 0) })],
    ['a sparse array', () => ({ id: Object.assign([], { length: 4_000_000_000 }) })],
    [
      'itself',
      () => {
        const self: Record<string, unknown> = {};
        self['id'] = self;
        return self;
      },
    ],
    ['an own __proto__', () => JSON.parse('{"id":"redis","__proto__":{"polluted":true}}') as unknown],
    ['a constructor', () => ({ id: 'redis', constructor: { prototype: { polluted: true } } })],
    ['a map', () => ({ id: new Map([['a', 1]]) })],
    ['a buffer', () => new Uint8Array(100)],
    ['a function', () => ({ id: () => 'redis' })],
  ])('is refused parameters that are %s', async (_, params) => {
    const { bridge, sent, client } = setUp();
    bridge.receive({ id: 1, method: 'services.start', params: params() });
    await settle();
    expect(sent.map(codeOf)).toEqual(['VALIDATION_FAILED']);
    expect(client.call).not.toHaveBeenCalled();
    expect('polluted' in {}).toBe(false);
  });

  it('is not served beyond the rate, and is served again later', async () => {
    const { bridge, sent, client, pass } = setUp();
    for (let id = 0; id < 5000; id++) {
      bridge.receive({ id, method: 'services.list', params: {} });
      if (id % 50 === 0) await settle();
    }
    await settle();
    expect(client.call.mock.calls.length).toBeLessThanOrEqual(300);
    expect(sent.filter((answer) => codeOf(answer) === 'UNAVAILABLE').length).toBeGreaterThan(4000);
    pass(1000);
    sent.length = 0;
    bridge.receive({ id: 9999, method: 'services.list', params: {} });
    await settle();
    expect(sent).toEqual([{ id: 9999, result: 'ok' }]);
  });

  it('has no more than 256 requests under way', async () => {
    const { bridge, sent, client } = setUp({ call: () => new Promise(() => undefined) });
    for (let id = 0; id < 300; id++) bridge.receive({ id, method: 'services.list', params: {} });
    await settle();
    expect(client.call).toHaveBeenCalledTimes(256);
    expect(sent.map(codeOf)).toEqual(Array.from({ length: 44 }, () => 'UNAVAILABLE'));
  });

  it('gets one answer per number, also when it uses one twice', async () => {
    let finish: (value: string) => void = () => undefined;
    const { bridge, sent, client } = setUp({ call: () => new Promise((resolve) => (finish = resolve)) });
    bridge.receive({ id: 1, method: 'services.list', params: {} });
    bridge.receive({ id: 1, method: 'stack.down', params: {} });
    await settle();
    finish('first');
    await settle();
    expect(client.call).toHaveBeenCalledTimes(1);
    expect(sent).toEqual([{ id: 1, result: 'first' }]);
  });

  it('hears nothing more once its port is closed, and nothing is begun', async () => {
    const answers: ((value: unknown) => void)[] = [];
    const later = (): Promise<unknown> => new Promise((resolve) => answers.push(resolve));
    const { bridge, sent, client, closeStream } = setUp({
      call: later,
      role: 'admin',
      ask: later as () => Promise<boolean>,
    });
    bridge.receive({ subscribe: { logs: [], metrics: false } });
    bridge.receive({ id: 1, method: 'services.list', params: {} });
    bridge.receive({ id: 2, method: 'projects.remove', params: { id: 'shop' } });
    await settle();
    bridge.close();
    bridge.receive({ id: 3, method: 'services.list', params: {} });
    bridge.receive({ subscribe: { logs: [], metrics: true } });
    // The person agrees to a question of a window that is gone.
    for (const answer of answers) answer(true);
    await settle();
    expect(client.call.mock.calls.map(([name]) => name)).toEqual(['services.list']);
    expect(client.events).toHaveBeenCalledTimes(1);
    expect(closeStream).toHaveBeenCalledTimes(1);
    expect(sent).toEqual([]);
  });
});
