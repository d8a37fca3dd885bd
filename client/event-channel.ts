/** Keeps one event subscription alive over any reconnecting channel: backoff, gap detection, silence, status. */
import type { WireEvent } from '../contract/index.ts';
import type { Subscription } from '../contract/daemon.ts';
import type { EventStream, LinkStatus } from './link.ts';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 3000;
/** A daemon that said that it lives, and has said nothing for this long, hangs. It says so every two seconds. */
const SILENT_AFTER_MS = 4500;
const LOOK_EVERY_MS = 500;

/** One connected channel: `send` passes a subscription, `close` ends it. */
export interface OpenChannel {
  send(text: string): void;
  close(): void;
}

export interface ChannelEvents {
  opened(): void;
  message(text: string): void;
  /** Called exactly once, also when the channel never opened. */
  closed(): void;
}

/** @param open begins to connect and reports through `events`; called again after each loss until the stream is closed */
export function openEventStream(
  open: (events: ChannelEvents) => OpenChannel,
  listener: (event: WireEvent) => void,
  onStatus: (status: LinkStatus) => void,
): EventStream {
  let wanted: Subscription = { logs: [], metrics: false };
  let channel: OpenChannel | null = null;
  let isOpen = false;
  let closed = false;
  let retryMs = FIRST_RETRY_MS;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let lastSeq = 0;
  let heardAt = 0;
  let lookedAt = 0;
  let isAlive = false;

  const lost = (): void => {
    channel = null;
    isOpen = false;
    isAlive = false;
    if (closed) return;
    onStatus('disconnected');
    retryTimer = setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  };

  /** Notices silence. A look that comes late says nothing of the daemon: this program was itself asleep. */
  const look = (): void => {
    const now = Date.now();
    if (now - lookedAt > 4 * LOOK_EVERY_MS) heardAt = now;
    lookedAt = now;
    if (!isAlive || channel === null || now - heardAt < SILENT_AFTER_MS) return;
    const silent = channel;
    lost();
    silent.close();
  };
  const lookTimer = setInterval(look, LOOK_EVERY_MS);

  const connect = (): void => {
    isOpen = false;
    const mine = open({
      opened() {
        if (channel !== mine) return;
        isOpen = true;
        mine.send(JSON.stringify({ subscribe: wanted }));
      },
      message(text) {
        if (channel === mine) receive(text);
      },
      closed() {
        if (channel === mine) lost();
      },
    });
    channel = mine;
  };

  const receive = (text: string): void => {
    // The daemon is trusted once authenticated and validates what it sends; parsing each event again here would double the cost.
    const event = JSON.parse(text) as WireEvent;
    heardAt = Date.now();
    if (typeof event.event !== 'string' || typeof event.seq !== 'number') return;
    if (event.event === 'daemon:heartbeat') isAlive = true;
    if (event.event === 'snapshot') {
      retryMs = FIRST_RETRY_MS;
      onStatus('connected');
    } else if (event.seq !== lastSeq + 1) {
      // A gap: something was dropped on the way. Only a new snapshot makes it whole.
      channel?.send(JSON.stringify({ subscribe: wanted, snapshot: true }));
    }
    lastSeq = event.seq;
    listener(event);
  };

  connect();
  return {
    update(subscription) {
      wanted = subscription;
      if (isOpen) channel?.send(JSON.stringify({ subscribe: wanted }));
    },
    close() {
      closed = true;
      clearTimeout(retryTimer);
      clearInterval(lookTimer);
      channel?.close();
    },
  };
}
