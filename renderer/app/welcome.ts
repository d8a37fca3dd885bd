/** Who comes for the first time sees the setup; who left it half-way finds it where it was. It can be left at once. */
import type { Router } from 'vue-router';
import type { Client } from '../../client/index.ts';

/** A daemon that does not answer is told of elsewhere. */
export async function welcome(client: Client, router: Router): Promise<void> {
  const status = await client.call('firstRun.status', {}).catch(() => null);
  await router.isReady();
  const isOpen = status !== null && ['new', 'open', 'applying'].includes(status.state);
  if (isOpen && router.currentRoute.value.path === '/') await router.push('/setup');
}
