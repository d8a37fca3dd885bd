/** A change that an open dialog follows to its end. The panel and the list of failures leave it to the dialog until that closes. */
import { computed, onScopeDispose, ref, type ComputedRef } from 'vue';
import type { Change } from '../../contract/changes.ts';
import { outcomeOf } from './outcome.ts';
import { useStack } from './stack.ts';

export interface FollowedChange {
  readonly change: ComputedRef<Change | null>;
  /** Resolves with the change as it ended. */
  follow(begun: Change): Promise<Change | null>;
  /** Leaves it to the panel and to the list of failures. */
  release(): void;
}

export function useFollowedChange(): FollowedChange {
  const stack = useStack();
  const id = ref<string | null>(null);
  function release(): void {
    if (id.value !== null) stack.followed.delete(id.value);
  }
  onScopeDispose(release);
  return {
    change: computed(() => (id.value === null ? null : (stack.changes.get(id.value) ?? null))),
    follow(begun) {
      release();
      id.value = begun.id;
      stack.followed.add(begun.id);
      return outcomeOf(begun);
    },
    release,
  };
}
