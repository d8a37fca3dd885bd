/** What is kept for a project beside its settings, taken out when it is gone. */
import type { DomainMapping } from '../../contract/domains.ts';
import type { Ports } from '../ports/ports.ts';
import type { Sharing } from '../proxy/sharing.ts';
import type { HeldServices } from '../services/held-services.ts';
import type { Leftovers } from './leftovers.ts';
import type { Store } from './store.ts';

/** @returns takes out the domains that the project served, its share, the port of its program, and the note that the user stopped it */
export const createForget =
  (
    domains: Store<DomainMapping[]>,
    ports: Pick<Ports, 'release'>,
    held: Pick<HeldServices, 'free'>,
    sharing: Pick<Sharing, 'forget'>,
    leftovers: Pick<Leftovers, 'note'>,
  ) =>
  async (id: string): Promise<void> => {
    const isServed = ({ projectId, targetPort }: DomainMapping): boolean => projectId === id && targetPort === 0;
    const served = domains.get().filter(isServed);
    await leftovers.note(served.map(({ domain }) => ({ projectId: null, domain })));
    if (served.length > 0) await domains.update((all) => all.filter((mapping) => !isServed(mapping)));
    await ports.release(`app-${id}.http`);
    await held.free(`app-${id}`);
    await sharing.forget(id);
  };
