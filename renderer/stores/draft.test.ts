import { expect, it } from 'vitest';
import { nextTick, shallowRef } from 'vue';
import { useDraft } from './draft.ts';

it('follows what is stored, until a person has changed it, and again when that is stored', async () => {
  const stored = shallowRef([{ name: 'A', value: '1' }]);
  const { draft, isTouched } = useDraft(() => stored.value);
  stored.value = [{ name: 'A', value: '2' }];
  await nextTick();
  expect(draft.value).toEqual([{ name: 'A', value: '2' }]);

  draft.value = [...draft.value, { name: 'B', value: 'typed' }];
  expect(isTouched.value).toBe(true);
  stored.value = [{ name: 'A', value: '2' }];
  await nextTick();
  stored.value = [{ name: 'A', value: '3' }];
  await nextTick();
  expect(draft.value.at(-1)).toEqual({ name: 'B', value: 'typed' });

  stored.value = [...draft.value];
  await nextTick();
  expect(isTouched.value).toBe(false);
  stored.value = [];
  await nextTick();
  expect(draft.value).toEqual([]);
});
