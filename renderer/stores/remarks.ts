/** What the daemon tells everybody, less what was put away in this window. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { keyOf, sortRemarks } from './sort-remarks.ts';
import { useStack } from './stack.ts';

const KEY = 'kojibox-dismissed';
const KEPT = 100;

export const useRemarks = defineStore('remarks', () => {
  const stack = useStack();
  const dismissed = ref<readonly string[]>(readStored());
  const sorted = computed(() => sortRemarks(stack.remarks, new Set(dismissed.value)));

  function dismiss(texts: readonly string[]): void {
    dismissed.value = [...new Set([...dismissed.value, ...texts.map(keyOf)])].slice(-KEPT);
    localStorage.setItem(KEY, JSON.stringify(dismissed.value));
  }
  return { sorted, dismiss };
});

function readStored(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((key) => typeof key === 'string') : [];
  } catch {
    return []; // Not ours: what was put away is shown once more.
  }
}
