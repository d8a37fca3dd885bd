/** The contract as its author wrote it (tests/fixtures/given-contract.md): every method, event, field and request example of the document. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { events, operationByName, operations } from '../../contract/index.ts';
import { ErrorCodeSchema } from '../../contract/errors.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const document = readFileSync(new URL('../fixtures/given-contract.md', import.meta.url), 'utf8');
const section = (title: string): string => document.split(`\n## ${title}`)[1]?.split('\n## ')[0] ?? '';
const methods = [...section('API Contract (Backend)').matchAll(/^- ([a-z]+\.[A-Za-z]+)\(/gm)].map(
  ([, name = '']) => name,
);
const examples = [
  ...section('API Request/Response Examples').matchAll(
    /^([a-z]+\.[A-Za-z]+):\nRequest:\n```json\n(.*)\n```\nResponse:\n```json\n(.*)\n```/gm,
  ),
].map(([, name = '', request = '', response = '']) => ({
  name,
  request,
  result: (JSON.parse(response) as { result: unknown }).result,
}));

/** Names of the document's types, with their fields. */
const types = new Map(
  section('Shared Data Models')
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const [name = '', ...fields] = block.split('\n');
      return [name.replace(':', ''), fields.map((line) => line.replace(/^- (\w+):.*/, '$1'))] as const;
    }),
);
/** Where each type is seen: the result of this method has it. */
const SEEN_IN: Readonly<Record<string, string>> = {
  ServiceState: 'services.list',
  HealthCheck: 'services.health',
  AppConfig: 'config.getApp',
  ServiceConfig: 'config.getService',
  ProjectConfig: 'config.getProject',
  DomainMapping: 'domains.list',
  ProxyRule: 'proxy.rules',
  CertMeta: 'certs.generate',
  DiagnosticsBundle: 'diagnostics.create',
  MetricsSnapshot: 'metrics.snapshot',
  RuntimeManifest: 'runtime.getManifest',
  ServiceBinary: 'runtime.ensureService',
  LogEntry: 'logs.query',
};

describe('the given contract', () => {
  it('has 32 methods, and so have we', () => {
    expect(methods).toHaveLength(32);
    expect(methods.filter((name) => !operationByName.has(name))).toEqual([]);
  });

  it('has 7 events, and so have we', () => {
    const names = [...section('Event Contract (UI subscription)').matchAll(/^- ([a-z]+:[A-Za-z]+) ->/gm)].map(
      ([, name]) => name,
    );
    expect(names).toHaveLength(7);
    const known = new Set<string>(events.map(({ name }) => name));
    expect(names.filter((name) => !known.has(name ?? ''))).toEqual([]);
  });

  it('has error codes that we have', () => {
    const codes = [...section('Error Response Examples').matchAll(/"code": "([A-Z_]+)"/g)].map(([, code]) => code);
    expect(codes).toHaveLength(5);
    for (const code of codes) expect(ErrorCodeSchema.options).toContain(code);
  });

  it.each(Object.entries(SEEN_IN))('%s has all its fields in %s', (type, method) => {
    const output = operationByName.get(method)?.output as z.ZodType;
    const element = 'element' in output ? (output.element as z.ZodObject) : (output as z.ZodObject);
    expect(Object.keys(element.shape)).toEqual(
      expect.arrayContaining(types.get(type) ?? ['no such type in the document']),
    );
  });
});

describe('every request example', () => {
  let world: StackWorld;
  let user: string;
  beforeAll(async () => {
    // Trust is added in the user's home folder: not in that of the user who runs the tests.
    user = mkdtempSync(join(tmpdir(), 'kojibox-user-'));
    world = createStackWorld({ HOME: user });
    mkdirSync(join(world.root, 'my-app'));
    // The parts of the example's world: its project, its secret, its service.
    await upPrepared(world.home, () => world.koji('up', '--json'));
    await world.call('config.setProject', {
      id: 'proj-1',
      name: 'my-app',
      path: join(world.root, 'my-app'),
      domain: 'my-app.test',
      stack: 'php',
    });
    await world.call('secrets.set', { key: 'db-password', scope: 'service', value: 'secret-value' });
    await world.call('domains.upsert', { domain: 'other.test', projectId: 'proj-1', targetPort: 3000 });
  });
  afterAll(async () => {
    await world.koji('certs', 'untrust');
    world.remove();
    rmSync(user, { recursive: true });
  });

  /** Answers that this machine cannot give; then the error has the document's form. */
  const REFUSED: Readonly<Record<string, string>> = {
    // Debian has PHP 8.2 and 8.4.
    'runtime.ensureService': 'RUNTIME_UNSUPPORTED',
    // No feed offers 1.1.0 to a checkout.
    'updater.apply': 'NOT_FOUND',
  };

  it('is in the document once for each method', () => {
    expect(examples.map(({ name }) => name).sort()).toEqual([...methods].sort());
  });

  it.each(examples)('$name is answered in the given form', async ({ name, request, result }) => {
    const answer = await world.rpc(request.replace('/home/user/projects/my-app', join(world.root, 'my-app')));
    const refused = REFUSED[name];
    if (refused !== undefined) {
      expect(answer.body.error).toMatchObject({
        code: refused,
        message: expect.any(String),
        detail: expect.any(String),
        retryable: expect.any(Boolean),
        source: expect.any(String),
        ts: expect.any(String),
      });
      return;
    }
    expect(answer.body.error).toBeUndefined();
    expectForm(answer.body.result, result, name);
  });

  it('leaves out nothing that was declared', () => expect(operations.length).toBeGreaterThanOrEqual(32));
});

/** Same kinds, all fields of the example there; of lists the first element counts. */
function expectForm(actual: unknown, example: unknown, path: string): void {
  if (Array.isArray(example)) {
    expect(Array.isArray(actual), path).toBe(true);
    const [first] = actual as unknown[];
    if (first !== undefined && example[0] !== undefined) expectForm(first, example[0], `${path}[0]`);
  } else if (typeof example === 'object' && example !== null) {
    for (const [key, value] of Object.entries(example)) {
      expect(actual, path).toHaveProperty([key]);
      const field = (actual as Record<string, unknown>)[key];
      // Maps of the user's own names, and what may be null.
      if (field !== null && !['env', 'fields', 'overrides', 'ports'].includes(key))
        expectForm(field, value, `${path}.${key}`);
    }
  } else {
    expect(typeof actual, path).toBe(typeof example);
  }
}
