/** Adding the local authority to the trust stores of this machine, and taking it out again. */
import { computed, ref, type ComputedRef, type Ref } from 'vue';
import type { OutputOf } from '../../../contract/index.ts';
import { useQuery, type Query } from '../../stores/query.ts';
import { useRights } from '../../stores/rights.ts';
import { useStack } from '../../stores/stack.ts';

export function useTrust(): {
  readonly stores: Query<OutputOf<'certs.stores'>>['data'];
  readonly busy: Ref<boolean>;
  /** Of the stores that this machine has. */
  readonly allTrusted: ComputedRef<boolean>;
  readonly anyTrusted: ComputedRef<boolean>;
  change(trust: boolean): Promise<void>;
} {
  const stack = useStack();
  const rights = useRights();
  const { data: stores, refresh } = useQuery('certs.stores', () => ({}), ['activity:added']);
  const busy = ref(false);
  return {
    stores,
    busy,
    allTrusted: computed(() => (stores.value ?? []).every(({ trusted, present }) => trusted || !present)),
    anyTrusted: computed(() => (stores.value ?? []).some(({ trusted }) => trusted)),
    async change(trust) {
      busy.value = true;
      if (!trust) await stack.call('certs.untrust', {});
      else if (await rights.agree({ goal: 'trust' }))
        await stack.call('certs.trust', { domain: stack.sites[0]?.domain ?? 'hello.test' });
      busy.value = false;
      await refresh();
    },
  };
}
