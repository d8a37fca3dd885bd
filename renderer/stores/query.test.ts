import { createPinia, setActivePinia } from 'pinia';
import { effectScope } from 'vue';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Client } from '../../client/index.ts';
import type { WireEvent } from '../../contract/index.ts';
import { useQuery, type Query } from './query.ts';
import { useStack } from './stack.ts';

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
});
afterEach(() => vi.useRealTimers());

/** A query whose answers the test gives, one by one. */
function begin(event: 'service:stateChanged' | 'config:changed') {
  const answers: ((version: string) => void)[] = [];
  let say: (event: WireEvent) => void = () => undefined;
  const client = {
    call: () => new Promise((resolve) => answers.push((version) => resolve({ version }))),
    events: (listener: typeof say) => {
      say = listener;
      return { update: () => undefined, close: () => undefined };
    },
  } as unknown as Client;
  useStack().begin(client);
  const scope = effectScope();
  const query = scope.run(() => useQuery('daemon.info', () => ({}), [event])) as Query<unknown>;
  return { answers, query, scope, say: (given: object) => say({ seq: 1, ...given } as WireEvent) };
}
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

it('a question waits for an answer that is newer than itself, and never asks twice at the same time', async () => {
  const { answers, query, scope } = begin('config:changed');
  let isDone = false;
  const first = query.refresh();
  const second = query.refresh().then(() => (isDone = true));
  void query.refresh();
  expect(answers).toHaveLength(1);
  answers[0]?.('old');
  await first;
  await turns();
  expect([isDone, query.data.value, answers.length]).toEqual([false, { version: 'old' }, 2]);
  answers[1]?.('new');
  await second;
  expect(query.data.value).toEqual({ version: 'new' });
  scope.stop();
});

it('two hundred events of services are one question a second, and events that say nothing new are none', async () => {
  const { answers, scope, say } = begin('service:stateChanged');
  const service = (id: number, state: string, at: number): object => ({
    event: 'service:stateChanged',
    data: {
      id: String(id),
      state,
      evidence: { text: 'it answered', latencyMs: 1, at: String(at) },
      lastUpdated: String(at),
    },
  });
  for (let id = 0; id < 200; id++) say(service(id, 'running', 0));
  expect(answers).toHaveLength(1);
  answers[0]?.('1');
  await vi.advanceTimersByTimeAsync(1000);
  expect(answers).toHaveLength(2);
  answers[1]?.('2');
  await vi.advanceTimersByTimeAsync(5000);
  // Probes: the same states with newer evidence.
  for (let second = 1; second <= 20; second++) {
    for (let id = 0; id < 200; id++) say(service(id, 'running', second));
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(answers).toHaveLength(2);
  // News each 50 ms for ten seconds, answered at once.
  const before = answers.length;
  for (let step = 0; step < 200; step++) {
    say(service(step, step % 2 ? 'running' : 'stopped', step));
    answers.at(-1)?.('n');
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(answers.length - before).toBeLessThanOrEqual(11);
  expect(answers.length - before).toBeGreaterThan(5);
  scope.stop();
  await vi.advanceTimersByTimeAsync(5000);
  expect(vi.getTimerCount()).toBe(0);
});
