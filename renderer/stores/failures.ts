/** Failed changes that were not read yet: they stay until they are dismissed, tried again with success, or made good otherwise. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { Change } from '../../contract/changes.ts';
import { pendingFailures, retryOf } from './pending-failures.ts';
import { readStoredKeys, storeKeys } from './stored-keys.ts';
import { useStack } from './stack.ts';

const KEY = 'kojibox-dismissed-failures';

/** The same change has the same key after a reload; ids begin again with each daemon. */
const keyOf = ({ id, startedAt }: Change): string => `${id} ${startedAt}`;

export const useFailures = defineStore('failures', () => {
  const stack = useStack();
  const dismissed = ref<readonly string[]>(readStoredKeys(KEY));
  const all = computed(() =>
    pendingFailures([...stack.changes.values()]).filter(
      (change) => !dismissed.value.includes(keyOf(change)) && !stack.followed.has(change.id),
    ),
  );

  function dismiss(change: Change): void {
    dismissed.value = storeKeys(KEY, [...dismissed.value, keyOf(change)]);
  }
  /** True when the window still knows what was asked, or nothing has to be known. */
  const canRetry = (change: Change): boolean => retryOf(change, stack.begun.get(change.id)) !== null;
  async function retry(change: Change): Promise<void> {
    const again = retryOf(change, stack.begun.get(change.id));
    if (again !== null && (await stack.call(again.name, again.params)) !== null) dismiss(change);
  }
  return { all, dismiss, canRetry, retry };
});
