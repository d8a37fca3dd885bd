/** Programs of projects that the user stopped: they stay stopped over `koji up` and over restarts, until the user starts them. */
import { z } from 'zod';
import type { JsonStore } from '../config/json-store.ts';

/** Ids of services. */
export const HeldServicesSchema = z.array(z.string());

export interface HeldServices {
  isHeld(id: string): boolean;
  hold(id: string): Promise<void>;
  /** Does nothing for one that is not held. */
  free(id: string): Promise<void>;
}

export function createHeldServices(
  store: JsonStore<string[]>,
  /** Whether it is one that can be held: what all projects need comes up with the stack. */
  isHoldable: (id: string) => boolean,
): HeldServices {
  const isHeld: HeldServices['isHeld'] = (id) => store.get().includes(id);
  return {
    isHeld,
    async hold(id) {
      if (isHoldable(id) && !isHeld(id)) await store.update((all) => [...all, id]);
    },
    async free(id) {
      if (isHeld(id)) await store.update((all) => all.filter((other) => other !== id));
    },
  };
}
