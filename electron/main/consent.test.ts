import { describe, expect, it, vi } from 'vitest';
import type { Operation } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { operationByName } from '../../contract/index.ts';
import { createConsent, type Question } from './consent.ts';

function setUp(answer: () => boolean | Promise<boolean> = () => true, mayElevate = true) {
  let time = 0;
  const asked: Question[] = [];
  const ask = vi.fn(async (question: Question) => {
    asked.push(question);
    return answer();
  });
  const consent = createConsent({ role: 'operate', mayElevate, ask, now: () => time });
  const tryIt = async (name: string, params: unknown = {}): Promise<string> => {
    const operation = operationByName.get(name) as Operation | undefined;
    if (operation === undefined) throw new Error(`no ${name}`);
    try {
      await consent.check(operation, params);
      return 'done';
    } catch (error) {
      if (error instanceof KojiboxError) return error.code;
      throw error;
    }
  };
  return { tryIt, asked, pass: (ms: number) => void (time += ms) };
}

describe('what the window may do', () => {
  it('what its role includes, without a question', async () => {
    const { tryIt, asked } = setUp();
    expect(await tryIt('services.list')).toBe('done');
    expect(await tryIt('services.stop', { id: 'redis' })).toBe('done');
    expect(asked).toEqual([]);
  });

  it('what needs more, after a question, for five minutes', async () => {
    const { tryIt, asked, pass } = setUp();
    expect(await tryIt('config.setApp', {})).toBe('done');
    pass(299_000);
    expect(await tryIt('config.setApp', { telemetryOptIn: false })).toBe('done');
    expect(asked).toHaveLength(1);
    pass(2000);
    expect(await tryIt('config.setApp')).toBe('done');
    expect(asked).toHaveLength(2);
    // A grant is for one operation, not for the level.
    expect(await tryIt('certs.trust', { domain: 'hello.test' })).toBe('done');
    expect(asked).toHaveLength(3);
  });

  it('what needs more, not at all where that is not offered', async () => {
    const { tryIt, asked } = setUp(() => true, false);
    expect(await tryIt('config.setApp')).toBe('PERMISSION_DENIED');
    expect(asked).toEqual([]);
  });

  it('what reaches files or programs again only with the same parameters, which it sees', async () => {
    const { tryIt, asked } = setUp();
    const project = { id: 'a', name: 'A', path: '/code/a', domain: 'a.test', stack: 'node', overrides: {} };
    const padded = { ...project, name: 'x'.repeat(100), overrides: { COMMAND: 'run-this' } };
    expect(await tryIt('config.setProject', project)).toBe('done');
    expect(await tryIt('config.setProject', project)).toBe('done');
    expect(asked).toHaveLength(1);
    expect(await tryIt('config.setProject', padded)).toBe('done');
    expect(asked).toHaveLength(2);
    expect(asked[1]?.detail).toContain('run-this');
    // By its parameters alone: the same operation does without a question what reaches nothing.
    expect(await tryIt('projects.update', { id: 'a', name: 'B', overrides: { PHP_VERSION: '8.4' }, unset: [] })).toBe(
      'done',
    );
    expect(asked).toHaveLength(2);
    expect(await tryIt('projects.update', { id: 'a', overrides: { NODE_OPTIONS: '-r x' }, unset: [] })).toBe('done');
    expect(asked).toHaveLength(3);
  });

  it('what removes something, after a question each time', async () => {
    const { tryIt, asked } = setUp();
    expect(await tryIt('projects.remove', { id: 'a' })).toBe('done');
    expect(await tryIt('projects.remove', { id: 'a' })).toBe('done');
    expect(asked).toHaveLength(2);
    expect(asked[0]).toEqual({
      name: 'projects.remove',
      summary: 'Forget a project; its folder is not touched.',
      detail: 'projects.remove {"id":"a"}',
      isDestructive: true,
    });
  });

  it('a secret again only when it is the same one, and its parameters are not shown', async () => {
    const { tryIt, asked } = setUp();
    await tryIt('secrets.get', { key: 'a' });
    await tryIt('secrets.get', { key: 'a' });
    expect(asked).toHaveLength(1);
    await tryIt('secrets.get', { key: 'b' });
    expect(asked.map(({ detail }) => detail)).toEqual(['secrets.get', 'secrets.get']);
  });

  it('is asked one question at a time', async () => {
    let decide: (yes: boolean) => void = () => undefined;
    const { tryIt, asked } = setUp(() => new Promise((resolve) => (decide = resolve)));
    const first = tryIt('projects.remove', { id: 'a' });
    expect(await tryIt('projects.remove', { id: 'b' })).toBe('PERMISSION_DENIED');
    decide(true);
    expect(await first).toBe('done');
    expect(asked).toHaveLength(1);
  });

  it('wears nobody down: after three refusals it is not listened to for a minute', async () => {
    const { tryIt, asked, pass } = setUp(() => false);
    for (let round = 0; round < 3; round++) expect(await tryIt('projects.remove', { id: 'a' })).toBe('CANCELLED');
    expect(await tryIt('projects.remove', { id: 'a' })).toBe('PERMISSION_DENIED');
    expect(asked).toHaveLength(3);
    pass(60_001);
    expect(await tryIt('projects.remove', { id: 'a' })).toBe('CANCELLED');
  });

  it('cannot make its question look like another one', async () => {
    const { tryIt, asked } = setUp();
    await tryIt('projects.remove', { id: `a\u202e\u200b\n${'x'.repeat(1000)}` });
    expect(asked[0]?.detail).not.toMatch(/[\u202e\u200b\n]/);
    expect(asked[0]?.detail.length).toBeLessThanOrEqual(301);
  });

  it('a question that fails leaves no other one blocked', async () => {
    let fail = true;
    const { tryIt } = setUp(() => {
      if (fail) throw new KojiboxError('INTERNAL', 'no dialog', { source: 'test' });
      return true;
    });
    expect(await tryIt('projects.remove', { id: 'a' })).toBe('INTERNAL');
    fail = false;
    expect(await tryIt('projects.remove', { id: 'a' })).toBe('done');
  });
});
