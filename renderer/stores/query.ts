/** The answer of a query, asked again when an event says that it may have changed. Never by a timer. */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import type { EventName, InputOf, OperationName, OutputOf } from '../../contract/index.ts';
import { useStack } from './stack.ts';

export interface Query<T> {
  /** Null before the first answer. */
  readonly data: Readonly<ShallowRef<T | null>>;
  readonly loading: Readonly<Ref<boolean>>;
  /** Resolves when `data` is as new as the question. */
  refresh(): Promise<void>;
}

export function useQuery<N extends OperationName>(
  name: N,
  params: () => InputOf<N>,
  refreshOn: readonly EventName[] = [],
): Query<OutputOf<N>> {
  const stack = useStack();
  const data: ShallowRef<OutputOf<N> | null> = shallowRef(null);
  const loading = ref(false);
  let latest = 0;
  let newest = Promise.resolve();

  async function ask(mine: number): Promise<void> {
    loading.value = true;
    const answer: OutputOf<N> | null = await stack.call(name, params());
    if (mine !== latest) return; // A newer question is on its way.
    loading.value = false;
    if (answer !== null) data.value = answer;
  }

  async function refresh(): Promise<void> {
    newest = ask(++latest);
    // An event may ask again meanwhile: who waits for the answer gets that one.
    let waited: Promise<void>;
    do {
      waited = newest;
      await waited;
    } while (waited !== newest);
  }

  // Also after the daemon was away: what changed meanwhile was not told.
  watch(
    () => stack.connected,
    (connected) => {
      if (connected) void refresh();
    },
    { immediate: true },
  );
  onScopeDispose(
    stack.onEvent(({ event }) => {
      if (refreshOn.includes(event)) void refresh();
    }),
  );
  return { data, loading, refresh };
}
