/** The answer of a query, asked again when an event says that it may have changed. Never by a timer alone. */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import type { EventName, InputOf, OperationName, OutputOf } from '../../contract/index.ts';
import { coalesce } from './coalesce.ts';
import { useStack } from './stack.ts';

export interface Query<T> {
  /** Null before the first answer. */
  readonly data: Readonly<ShallowRef<T | null>>;
  readonly loading: Readonly<Ref<boolean>>;
  /** Resolves when `data` is as new as the question. */
  refresh(): Promise<void>;
}

/** Events ask again at most this often, in ms: two hundred services can have news in the same second. */
const PAUSE_MS = 1000;

export function useQuery<N extends OperationName>(
  name: N,
  params: () => InputOf<N>,
  refreshOn: readonly EventName[] = [],
): Query<OutputOf<N>> {
  const stack = useStack();
  const data: ShallowRef<OutputOf<N> | null> = shallowRef(null);
  const loading = ref(false);
  let askedAt = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const refresh = coalesce(async () => {
    clearTimeout(timer);
    timer = undefined;
    askedAt = performance.now();
    loading.value = true;
    const answer: OutputOf<N> | null = await stack.call(name, params());
    loading.value = false;
    if (answer !== null && !isOver) data.value = answer;
  });

  /** At once when the last question was long ago, else at the end of the pause. */
  function refreshSoon(): void {
    if (timer !== undefined) return;
    const wait = askedAt + PAUSE_MS - performance.now();
    if (wait <= 0) void refresh();
    else timer = setTimeout(() => void refresh(), wait);
  }

  // Also after the daemon was away: what changed in that time was not said.
  watch(
    () => stack.connected,
    (connected) => {
      if (connected) void refresh();
    },
    { immediate: true },
  );
  const stop = stack.onEvent(({ event }, isNews) => {
    if (isNews && refreshOn.includes(event)) refreshSoon();
  });
  onScopeDispose(() => {
    isOver = true;
    clearTimeout(timer);
    stop();
  });
  return { data, loading, refresh };
}
