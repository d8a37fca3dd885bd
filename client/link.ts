/** A link carries calls and events between a client and the daemon. All links mean the same; only the wire differs. */
import type { WireEvent } from '../contract/index.ts';
import type { AccessLevel } from '../contract/define.ts';
import type { Subscription } from '../contract/daemon.ts';

export type LinkStatus = 'connected' | 'disconnected';

export interface EventStream {
  /** Replaces what is asked for: which logs to follow, whether resource use is sent. */
  update(subscription: Subscription): void;
  close(): void;
}

export interface ClientLink {
  /**
   * @param allow the level that this call may have, where that is less than the caller's: the daemon refuses and hides accordingly
   * @returns the raw result. Rejects with a KojiboxError: the daemon's own, or DAEMON_UNREACHABLE.
   */
  call(method: string, params: unknown, allow?: AccessLevel): Promise<unknown>;
  /**
   * Live events; the first is always `snapshot`. Reconnects by itself with backoff, and subscribes again after a gap in `seq`,
   * so a snapshot may come at any time and replaces all that was known.
   */
  subscribe(listener: (event: WireEvent) => void, onStatus: (status: LinkStatus) => void): EventStream;
  close(): void;
}
