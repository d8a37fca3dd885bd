/** Typed client of the daemon, derived from the contract. */
import type { AccessLevel } from '../contract/define.ts';
import type { InputOf, OperationName, OutputOf, WireEvent } from '../contract/index.ts';
import type { ClientLink, EventStream, LinkStatus } from './link.ts';

export interface Client {
  /**
   * Rejects with a KojiboxError. The output was validated by the daemon.
   * @param allow the level that this call may have, where that is less than the caller's
   */
  call<N extends OperationName>(name: N, params: InputOf<N>, allow?: AccessLevel): Promise<OutputOf<N>>;
  events(listener: (event: WireEvent) => void, onStatus?: (status: LinkStatus) => void): EventStream;
  close(): void;
}

export function createClient(link: ClientLink): Client {
  return {
    call: async (name, params, allow) => (await link.call(name, params, allow)) as OutputOf<typeof name>,
    events: (listener, onStatus = () => undefined) => link.subscribe(listener, onStatus),
    close: () => link.close(),
  };
}

export type { ClientLink, EventStream, LinkStatus } from './link.ts';
export { createHttpLink, createPageLink } from './http-link.ts';
export { createPageAuth, takeSession, type PageAuth } from './page-session.ts';
export { createMessagePortLink, type PortLike } from './message-port-link.ts';
