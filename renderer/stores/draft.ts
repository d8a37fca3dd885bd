/** What a person edits of a stored value. */
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue';

export interface Draft<T> {
  readonly draft: Ref<T>;
  /** True while it differs from what is stored. */
  readonly isTouched: ComputedRef<boolean>;
  /** Back to what is stored. */
  takeBack(): void;
}

/**
 * The draft follows the stored value, which is asked for again at every event. Once a person has changed the draft, it stays theirs until it is
 * stored or they take the change back.
 * @param stored plain data
 */
export function useDraft<T>(stored: () => T): Draft<T> {
  const textOf = (value: unknown): string => JSON.stringify(value);
  const copyOf = (value: T): T => JSON.parse(textOf(value)) as T;
  const base = ref(textOf(stored()));
  const draft = ref(copyOf(stored())) as Ref<T>;
  const isTouched = computed(() => textOf(draft.value) !== base.value);
  watch(stored, (now) => {
    const wasTouched = isTouched.value;
    base.value = textOf(now);
    if (!wasTouched) draft.value = copyOf(now);
  });
  return { draft, isTouched, takeBack: () => (draft.value = copyOf(stored())) };
}
