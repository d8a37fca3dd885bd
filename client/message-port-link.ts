/** Link over a MessagePort: the window of the desktop app talks to its main process, which talks to the daemon. */
import type { WireEvent } from '../contract/index.ts';
import type { ClientLink, LinkStatus } from './link.ts';
import { resultOf, unreachable } from './replies.ts';

/** What a browser's, Node's and Electron's ports have in common. */
export interface PortLike {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  start?(): void;
  close(): void;
}

/** Messages to the main process. */
export type PortRequest =
  | { readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly subscribe: { readonly logs: readonly string[]; readonly metrics: boolean } };

/** Messages from the main process: a reply by id, an event, or the state of its own link. */
export type PortMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: unknown }
  | WireEvent
  | { readonly status: LinkStatus };

export function createMessagePortLink(port: PortLike): ClientLink {
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let nextId = 1;
  let listeners: { event(event: WireEvent): void; status(status: LinkStatus): void }[] = [];

  port.onmessage = ({ data }) => {
    if (typeof data !== 'object' || data === null) return;
    if ('id' in data && typeof data.id === 'number') {
      const call = pending.get(data.id);
      pending.delete(data.id);
      try {
        call?.resolve(resultOf(data));
      } catch (error) {
        call?.reject(error);
      }
    } else if ('event' in data) {
      for (const listener of listeners) listener.event(data as WireEvent);
    } else if ('status' in data) {
      for (const listener of listeners) listener.status(data.status as LinkStatus);
    }
  };
  port.start?.();

  return {
    call(method, params) {
      return new Promise((resolve, reject) => {
        const id = nextId++;
        pending.set(id, { resolve, reject });
        port.postMessage({ id, method, params } satisfies PortRequest);
      });
    },
    subscribe(event, status) {
      const mine = { event, status };
      listeners.push(mine);
      port.postMessage({ subscribe: { logs: [], metrics: false } } satisfies PortRequest);
      return {
        update: (subscription) => port.postMessage({ subscribe: subscription } satisfies PortRequest),
        close: () => {
          listeners = listeners.filter((other) => other !== mine);
        },
      };
    },
    close() {
      for (const call of pending.values()) call.reject(unreachable('the connection was closed'));
      pending.clear();
      port.close();
    },
  };
}
