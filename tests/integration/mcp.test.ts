import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
import { atMost } from '../figures.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
const clients: Client[] = [];

beforeAll(() => {
  world = createStackWorld();
});
afterAll(async () => {
  for (const client of clients) await client.close();
  world.remove();
});

const environment = (): Record<string, string> => ({
  ...(process.env as Record<string, string>),
  KOJIBOX_HOME: world.home,
  KOJIBOX_HOSTS_FILE: join(world.root, 'hosts'),
});

/** The official client: what it accepts, hosts accept. It checks structured results against the output schemas. */
async function connect(...args: string[]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({ command: './koji', args: ['mcp', ...args], env: environment(), stderr: 'inherit' }),
  );
  clients.push(client);
  return client;
}

type Result = Awaited<ReturnType<Client['callTool']>>;
const textOf = (result: Result): unknown => JSON.parse((result.content as [{ text: string }])[0].text) as unknown;

/** Sends the lines as they are, closes stdin, and gives all of stdout. */
async function pipe(lines: readonly string[], ...args: string[]): Promise<{ code: number | null; stdout: string }> {
  const child = spawn('./koji', ['mcp', ...args], { env: environment(), stdio: ['pipe', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout };
}

const HANDSHAKE = [
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}',
  '{"jsonrpc":"2.0","method":"notifications/initialized"}',
];

describe('koji mcp', () => {
  it('lists tools and answers pings before any daemon runs', async () => {
    const client = await connect();
    await client.ping();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('services_list');
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true);
    expect((await world.kojiResult('status')).code).toBe(5);
  });

  it('runs every tool that needs no parameters, each as its schema says', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    const simple = tools.filter(({ inputSchema }) => (inputSchema.required ?? []).length === 0);
    expect(simple.length).toBeGreaterThan(8);
    for (const { name } of simple) {
      const answer = await client.callTool({ name });
      // Nothing is installed in this home, and PHP alone is asked about a program of its own.
      if (name === 'php_settings') expect(textOf(answer)).toMatchObject({ code: 'RUNTIME_MISSING' });
      else expect(answer.isError ?? false, name).toBe(false);
    }
  });

  it('refuses what the level does not include, and gives nothing that opens more', async () => {
    const client = await connect();
    const refused = await client.callTool({ name: 'stack_up' });
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toMatchObject({ code: 'PERMISSION_DENIED' });
    const status = JSON.stringify(await client.callTool({ name: 'stack_status' }));
    expect(status).toContain('uiUrl');
    expect(status).not.toContain(world.daemonFile().token);
    const resource = JSON.stringify(await client.readResource({ uri: 'kojibox://status' }));
    expect(resource).not.toContain(world.daemonFile().token);
    const admin = await connect('--allow', 'admin');
    const names = (await admin.listTools()).tools.map(({ name }) => name);
    for (const secret of ['secrets_get', 'secrets_set', 'programs_resolve', 'databases_connection'])
      expect(names).not.toContain(secret);
    await expect(
      admin.callTool({ name: 'secrets_get', arguments: { key: 'postgres-password', scope: 'service' } }),
    ).rejects.toMatchObject({ code: -32602 });
  });

  it('gives errors with their remedy', async () => {
    const client = await connect();
    const result = await client.callTool({ name: 'services_health', arguments: { id: 'nobody' } });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatchObject({ code: 'NOT_FOUND', detail: expect.any(String), remedy: expect.any(String) });
    const wrong = await client.callTool({ name: 'services_health', arguments: { id: 7, more: true } });
    expect(textOf(wrong)).toMatchObject({ code: 'VALIDATION_FAILED', detail: expect.stringContaining('id') });
  });

  it('waits for an installation, reports its progress, and offers the logs', async () => {
    const client = await connect('--allow', 'operate');
    const progress: number[] = [];
    const result = await client.callTool({ name: 'runtime_install', arguments: { name: 'redis' } }, undefined, {
      onprogress: (update) => progress.push(update.progress),
      timeout: 120_000,
    });
    expect(result.structuredContent).toMatchObject({ status: 'done', progress: 1 });
    expect(progress.length).toBeGreaterThan(1);
    expect(progress).toEqual([...new Set(progress)].sort((a, b) => a - b));
    // The last one comes with the answer; a client that reads both at once drops it.
    expect(progress.at(-1)).toBeGreaterThan(0);

    const started = await client.callTool({ name: 'services_start', arguments: { id: 'redis' } });
    expect(started.structuredContent).toMatchObject({ id: 'redis', state: 'running' });
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining(['kojibox://status', 'kojibox://logs/redis']),
    );
    const { contents } = await client.readResource({ uri: 'kojibox://logs/redis' });
    expect((contents[0] as { text: string }).text).toContain('Ready to accept connections');
    await expect(client.readResource({ uri: 'kojibox://logs/nobody' })).rejects.toMatchObject({ code: -32002 });
    await expect(client.readResource({ uri: 'file:///etc/passwd' })).rejects.toMatchObject({ code: -32002 });
  });

  it('a cancelled call cancels its change', async () => {
    const client = await connect('--allow', 'operate');
    const stop = new AbortController();
    const call = client.callTool({ name: 'runtime_install', arguments: { name: 'node', version: '22' } }, undefined, {
      signal: stop.signal,
      onprogress: () => stop.abort(),
    });
    await expect(call).rejects.toThrow();
    await expect
      .poll(async () => {
        const changes = await world.call<Change[]>('changes.list');
        return changes.find(({ summary }) => summary.includes('node'))?.status;
      })
      .toBe('cancelled');
  });

  it('ends at once when it is told to, and what it began goes on', async () => {
    const child = spawn('./koji', ['mcp', '--allow', 'operate'], {
      env: environment(),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const install =
      '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"runtime_install","arguments":{"name":"node","version":"24"},"_meta":{"progressToken":"p"}}}';
    const began = new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('notifications/progress')) resolve();
      });
    });
    child.stdin.write([...HANDSHAKE, install, ''].join('\n'));
    await began;
    const told = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(performance.now() - told).toBeLessThan(atMost(2000));
    await expect
      .poll(
        async () => {
          const changes = await world.call<Change[]>('changes.list');
          return changes.find(({ summary }) => summary.includes('node 24'))?.status;
        },
        { timeout: 60_000, interval: 500 },
      )
      .toBe('done');
  });

  it('starts the daemon again when it has ended meanwhile', async () => {
    const client = await connect();
    await client.callTool({ name: 'daemon_info' });
    await world.koji('quit');
    const results = await Promise.all([1, 2, 3].map(() => client.callTool({ name: 'daemon_info' })));
    const pids = results.map(({ structuredContent }) => (structuredContent as { pid: number }).pid);
    expect(pids).toEqual([pids[0], pids[0], pids[0]]);
  });

  it('writes nothing but messages, survives what is none, and answers before it ends with its input', async () => {
    const { code, stdout } = await pipe([
      ...HANDSHAKE,
      'not json',
      '{"jsonrpc":"1.0","id":9}',
      '[]',
      '{"jsonrpc":"2.0","id":2,"method":"no/such"}',
      '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":7}}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}',
      '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"doctor_run"}}',
      '{"jsonrpc":"2.0","id":5,"method":"ping"}',
    ]);
    expect(code).toBe(0);
    expect(stdout.endsWith('\n')).toBe(true);
    const messages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { jsonrpc: string; id: number; error?: { code: number } });
    expect(messages.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    expect(messages.map(({ id }) => id).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(messages.find(({ id }) => id === 2)?.error?.code).toBe(-32601);
  });

  it('wrong use says so on stderr, not on stdout', async () => {
    for (const args of [['--allow', 'root'], ['--json', 'x'], ['--no-such']])
      expect(await pipe([], ...args)).toEqual({ code: 2, stdout: '' });
  });
});
