/** What the daemon tells everybody, less what was put away in this window. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { keyOf, sortRemarks } from './sort-remarks.ts';
import { useStack } from './stack.ts';
import { readStoredKeys, storeKeys } from './stored-keys.ts';

const KEY = 'kojibox-dismissed';

export const useRemarks = defineStore('remarks', () => {
  const stack = useStack();
  const dismissed = ref<readonly string[]>(readStoredKeys(KEY));
  const sorted = computed(() => sortRemarks(stack.remarks, new Set(dismissed.value)));

  function dismiss(texts: readonly string[]): void {
    dismissed.value = storeKeys(KEY, [...dismissed.value, ...texts.map(keyOf)]);
  }
  return { sorted, dismiss };
});
