import { describe, expect, it, vi } from 'vitest';
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { createBridge } from './bridge.ts';

const setUp = (call: (name: string) => Promise<unknown> = () => Promise.resolve('ok')) => {
  const sent: unknown[] = [];
  const update = vi.fn();
  const client = { call: vi.fn(call), events: vi.fn(() => ({ update, close: vi.fn() })), close: vi.fn() };
  return {
    sent,
    update,
    client,
    bridge: createBridge(client as unknown as Client, { postMessage: (message) => sent.push(message) }),
  };
};
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the bridge of the window', () => {
  it('passes calls on and answers by id', async () => {
    const { bridge, sent } = setUp();
    bridge.receive({ id: 7, method: 'services.list', params: {} });
    await settle();
    expect(sent).toEqual([{ id: 7, result: 'ok' }]);
  });

  it('passes errors on in their wire form, and nothing of unexpected ones', async () => {
    const { bridge, sent } = setUp((name) =>
      Promise.reject(
        name === 'stack.up' ? new Error('secret path /root/x') : new KojiboxError('NOT_FOUND', 'no', { source: 'x' }),
      ),
    );
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
    { id: -1, method: 'services.list', params: {} },
    { id: 1, method: 'services.list', params: {}, extra: true },
  ])('drops %j', async (message) => {
    const { bridge, sent, client } = setUp();
    bridge.receive(message);
    await settle();
    expect(sent).toEqual([]);
    expect(client.call).not.toHaveBeenCalled();
    expect(client.events).not.toHaveBeenCalled();
  });

  it('calls no operation that the contract does not have', async () => {
    const { bridge, sent, client } = setUp();
    for (const method of ['__proto__', 'constructor', 'fs.readFile']) bridge.receive({ id: 1, method, params: {} });
    await settle();
    expect(client.call).not.toHaveBeenCalled();
    expect(sent).toHaveLength(3);
  });

  it('keeps one subscription, whatever the page asks for', () => {
    const { bridge, client, update } = setUp();
    bridge.receive({ subscribe: { logs: ['redis'], metrics: true } });
    bridge.receive({ subscribe: { logs: [], metrics: false } });
    expect(client.events).toHaveBeenCalledTimes(1);
    expect(update).toHaveBeenCalledTimes(2);
  });
});
