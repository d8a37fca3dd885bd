import { describe, expect, it } from 'vitest';
import { operations } from '../../contract/index.ts';
import type { Operation } from '../../contract/define.ts';
import { listTools, operationOfTool, toolNameOf } from './tools.ts';

const all: readonly Operation[] = operations;

describe('the tools', () => {
  it('are the operations that a level includes, and nothing that may hold a password', () => {
    for (const level of ['read', 'operate', 'admin'] as const) {
      const included = { read: ['read'], operate: ['read', 'operate'], admin: ['read', 'operate', 'admin'] }[level];
      const expected = all.filter(({ access, holdsSecret }) => included.includes(access) && holdsSecret !== true);
      expect(listTools(level).map(({ name }) => name)).toEqual(expected.map(({ name }) => name.replace('.', '_')));
    }
    const hidden = all.filter(({ holdsSecret }) => holdsSecret === true).map(({ name }) => name);
    expect(hidden.sort()).toEqual([
      'daemon.link',
      'databases.connection',
      'databases.openAdminer',
      'programs.environment',
      'programs.execution',
      'programs.resolve',
      'secrets.get',
      'secrets.set',
      'serverImport.inspect',
      'serverImport.start',
    ]);
    for (const name of hidden) expect(operationOfTool(name.replace('.', '_'))).toBeUndefined();
  });

  it('have names that every host takes, each once', () => {
    const names = all.flatMap((operation) => toolNameOf(operation) ?? []);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(new Set(names).size).toBe(names.length);
  });

  it('say what they take and give', () => {
    const tools = new Map(listTools('admin').map((tool) => [tool.name, tool]));
    expect(tools.get('services_start')?.inputSchema).toMatchObject({
      type: 'object',
      required: ['id'],
      additionalProperties: false,
    });
    // A default makes a parameter optional for the caller.
    expect(tools.get('services_logs')?.inputSchema.required).toEqual(['id']);
    expect(tools.get('services_logs')?.outputSchema).toBeUndefined();
    expect(tools.get('stack_status')?.outputSchema?.type).toBe('object');
  });

  it.each([
    ['services_list', true, false],
    ['services_start', false, false],
    ['runtime_remove', false, true],
    ['proxy_apply', false, true],
    ['daemon_quit', false, true],
  ])('%s: read only %s, destructive %s', (name, readOnlyHint, destructiveHint) => {
    const tool = listTools('admin').find((other) => other.name === name);
    expect(tool?.annotations).toEqual({ readOnlyHint, destructiveHint });
  });
});
