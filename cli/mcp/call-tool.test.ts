import { describe, expect, it, vi } from 'vitest';
import type { Client } from '../../client/index.ts';
import type { Change } from '../../contract/changes.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { callTool, type ToolCall } from './call-tool.ts';
import { createDaemonAccess } from './daemon-access.ts';

const TOKEN = 'a'.repeat(64);
type Listener = Parameters<Client['events']>[0];

const change = (progress: number, status: Change['status'] = 'running'): Change => ({
  id: 'stack-up-1',
  kind: 'stack.up',
  summary: 'Starting the stack',
  status,
  progress,
  remainingMs: null,
  tasks: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  error: null,
});

function setUp(answer: (name: string) => unknown) {
  const call = vi.fn(async (name: string) => answer(name));
  let listener: Listener = () => undefined;
  const events = vi.fn((next: Listener) => {
    listener = next;
    return { update: vi.fn(), close: vi.fn() };
  });
  const client = { call, events, close: vi.fn() };
  const daemon = createDaemonAccess({ ensureDaemon: async () => client as unknown as Client, token: () => TOKEN });
  const cancelled = new AbortController();
  const progress: number[] = [];
  const run = (name: string, allow: 'read' | 'operate' | 'admin' = 'read') =>
    callTool(
      {
        name,
        arguments: {},
        signal: cancelled.signal,
        onProgress: (value) => progress.push(value),
      } satisfies ToolCall,
      allow,
      daemon,
    );
  const updated = (data: Change): void => listener({ event: 'change:updated', data, seq: 1 });
  return { call, client, run, progress, cancelled, updated };
}

const textOf = (result: { content: unknown }): unknown =>
  JSON.parse((result.content as [{ text: string }])[0].text) as unknown;

describe('a tool call', () => {
  it('gives objects in both forms, lists as text', async () => {
    const { run, client } = setUp((name) => (name === 'services.list' ? [1] : { ready: true }));
    expect(await run('stack_status')).toEqual({
      content: [{ type: 'text', text: '{"ready":true}' }],
      structuredContent: { ready: true },
    });
    expect(await run('services_list')).toEqual({ content: [{ type: 'text', text: '[1]' }] });
    expect(client.close).toHaveBeenCalledTimes(2);
  });

  it('never shows the token of the daemon', async () => {
    const { run } = setUp(() => ({ uiUrl: `http://127.0.0.1:1/#token=${TOKEN}` }));
    const result = await run('stack_status');
    expect(JSON.stringify(result)).not.toContain(TOKEN);
    expect(result.structuredContent).toEqual({ uiUrl: 'http://127.0.0.1:1/#token=HIDDEN' });
  });

  it('above the level is refused before the daemon is asked', async () => {
    const { run, call } = setUp(() => 'ok');
    const result = await run('services_start');
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatchObject({ code: 'PERMISSION_DENIED', remedy: expect.stringContaining('operate') });
    expect(call).not.toHaveBeenCalled();
  });

  it.each(['secrets_get', 'secrets.get', 'programs_resolve', 'no_such', '__proto__'])(
    '%s is no tool, at any level',
    async (name) => {
      await expect(setUp(() => 'ok').run(name, 'admin')).rejects.toMatchObject({ code: -32602 });
    },
  );

  it('shows an error of the contract with its remedy, and nothing of another', async () => {
    const { run } = setUp((name) => {
      if (name === 'services.list') throw new Error('secret path');
      throw new KojiboxError('NOT_FOUND', 'no', { detail: 'why', source: 'x', remedy: 'do this' });
    });
    const known = await run('stack_status');
    expect(known.isError).toBe(true);
    expect(textOf(known)).toEqual({ code: 'NOT_FOUND', message: 'no', detail: 'why', remedy: 'do this' });
    const unknown = await run('services_list');
    expect(textOf(unknown)).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(unknown)).not.toContain('secret path');
  });

  it('waits for a change, and reports progress that only rises', async () => {
    const { run, updated, progress, call } = setUp(() => change(0));
    const result = run('stack_up', 'operate');
    await vi.waitFor(() => expect(call).toHaveBeenCalled());
    for (const value of [0, 0.5, 0.5, 0.4, 0.9]) updated(change(value));
    updated(change(1, 'done'));
    expect((await result).structuredContent).toMatchObject({ status: 'done' });
    expect(progress).toEqual([0, 0.5, 0.9, 1]);
  });

  it('cancels its change when it is cancelled', async () => {
    const { run, updated, cancelled, call } = setUp(() => change(0));
    const result = run('stack_up', 'operate');
    await vi.waitFor(() => expect(call).toHaveBeenCalled());
    cancelled.abort();
    await vi.waitFor(() => expect(call).toHaveBeenCalledWith('changes.cancel', { id: 'stack-up-1' }));
    const error = new KojiboxError('CANCELLED', 'cancelled', { source: 'x' }).toBody('2026-01-01T00:00:00.000Z');
    updated({ ...change(0.1, 'cancelled'), error });
    expect(textOf(await result)).toMatchObject({ code: 'CANCELLED' });
  });
});

describe('the connections', () => {
  it('are opened one after the other, so that two calls do not start two daemons', async () => {
    let opening = 0;
    let most = 0;
    const client = { call: async () => 'ok', events: vi.fn(), close: vi.fn() } as unknown as Client;
    const daemon = createDaemonAccess({
      token: () => null,
      async ensureDaemon() {
        most = Math.max(most, ++opening);
        await Promise.resolve();
        opening -= 1;
        return client;
      },
    });
    await Promise.all([1, 2, 3].map(() => daemon.use(async () => 1)));
    expect(most).toBe(1);
  });

  it('a failed start does not stop the next', async () => {
    const ensureDaemon = vi.fn(async (): Promise<Client> => {
      throw new KojiboxError('DAEMON_UNREACHABLE', 'no', { source: 'x' });
    });
    const daemon = createDaemonAccess({ token: () => null, ensureDaemon });
    const results = await Promise.allSettled([1, 2].map(() => daemon.use(async () => 1)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(ensureDaemon).toHaveBeenCalledTimes(2);
  });
});
