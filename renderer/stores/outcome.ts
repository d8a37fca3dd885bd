/** The end of a change that this window began. A failure is shown by the list of failures, wherever the user is by then. */
import { watch } from 'vue';
import type { Change } from '../../contract/changes.ts';
import { useStack } from './stack.ts';

/** @returns the change as it ended; null when there was none, e.g. because it could not be begun */
export function outcomeOf(begun: Change | null): Promise<Change | null> {
  if (begun === null) return Promise.resolve(null);
  const stack = useStack();
  return new Promise((resolve) => {
    const stop = watch(
      () => stack.changes.get(begun.id) ?? begun,
      (change) => {
        if (change.status === 'running') return;
        queueMicrotask(() => stop());
        resolve(change);
      },
      { immediate: true },
    );
  });
}
