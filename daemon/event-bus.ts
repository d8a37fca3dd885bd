/** Events of the daemon. Its parts come into being one after the other; each hears what is published from then on. */
import type { EventData, EventName } from '../contract/index.ts';

export type EventListener = <N extends EventName>(event: N, data: EventData<N>) => void;

export interface EventBus {
  readonly publish: EventListener;
  listen(listener: EventListener): void;
}

export function createEventBus(): EventBus {
  const listeners: EventListener[] = [];
  return {
    publish: (event, data) => {
      for (const listener of listeners) listener(event, data);
    },
    listen: (listener) => void listeners.push(listener),
  };
}
