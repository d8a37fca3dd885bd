import { createPinia, setActivePinia } from 'pinia';
import { effectScope } from 'vue';
import { expect, it } from 'vitest';
import type { Client } from '../../client/index.ts';
import type { WireEvent } from '../../contract/index.ts';
import { useQuery } from './query.ts';
import { useStack } from './stack.ts';

it('who asks anew waits for the newest answer, also when an event asks in between', async () => {
  setActivePinia(createPinia());
  const answers: ((version: string) => void)[] = [];
  let tell: (event: WireEvent) => void = () => undefined;
  const client = {
    call: () => new Promise((resolve) => answers.push((version) => resolve({ version }))),
    events: (listener: typeof tell) => {
      tell = listener;
      return { update: () => undefined, close: () => undefined };
    },
  } as unknown as Client;
  const stack = useStack();
  stack.begin(client);
  const scope = effectScope();
  const query = scope.run(() => useQuery('daemon.info', () => ({}), ['service:metrics']));
  if (query === undefined) throw new Error('the scope has ended');

  let isDone = false;
  const asked = query.refresh().then(() => (isDone = true));
  tell({ event: 'service:metrics', data: [], seq: 1 });
  expect(answers).toHaveLength(2);
  answers[0]?.('old');
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  expect([isDone, query.data.value]).toEqual([false, null]);
  answers[1]?.('new');
  await asked;
  expect(query.data.value).toEqual({ version: 'new' });
  scope.stop();
});
