/** Hands events to subscribers: a snapshot first, then live, each numbered. Nothing is collected unless somebody asked for it. */
import { ClientMessageSchema, HEARTBEAT_MS, type Snapshot, type Subscription } from '../../contract/daemon.ts';
import type { EventData, EventName } from '../../contract/index.ts';

/** A subscriber that has more than this waiting gets no more events until it drained; the gap in `seq` tells it so. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface Subscriber {
  send(text: string): void;
  /** Bytes accepted but not yet written to the wire. */
  waitingBytes(): number;
}

export interface SubscriberHandle {
  /** A message of the client; what is not a valid subscription is refused with false. */
  receive(text: string): boolean;
  close(): void;
}

export interface EventHub {
  publish<N extends EventName>(event: N, data: EventData<N>): void;
  subscribe(subscriber: Subscriber): SubscriberHandle;
  readonly subscribers: number;
}

export interface EventHubOptions {
  snapshot(): Snapshot;
  /** The union of what all subscribers want; called when it changes. */
  onDemand(demand: { readonly logs: ReadonlySet<string>; readonly metrics: boolean }): void;
}

interface Entry {
  readonly subscriber: Subscriber;
  wants: Subscription | null;
  seq: number;
}

export function createEventHub(options: EventHubOptions): EventHub {
  const entries = new Set<Entry>();
  let lastDemand = '';

  const refreshDemand = (): void => {
    const logs = new Set<string>();
    let metrics = false;
    for (const { wants } of entries) {
      for (const id of wants?.logs ?? []) logs.add(id);
      metrics ||= wants?.metrics ?? false;
    }
    const key = JSON.stringify([[...logs].sort(), metrics]);
    if (key === lastDemand) return;
    lastDemand = key;
    options.onDemand({ logs, metrics });
  };

  const deliver = (entry: Entry, event: string, json: string): void => {
    entry.seq += 1;
    if (entry.subscriber.waitingBytes() > MAX_WAITING_BYTES) return;
    entry.subscriber.send(`{"event":${JSON.stringify(event)},"data":${json},"seq":${entry.seq}}`);
  };

  /** Only while somebody listens. */
  let heart: ReturnType<typeof setInterval> | undefined;
  const refreshHeart = (): void => {
    if (entries.size === 0) {
      clearInterval(heart);
      heart = undefined;
      return;
    }
    heart ??= setInterval(() => publish('daemon:heartbeat', { at: new Date().toISOString() }), HEARTBEAT_MS);
    heart.unref();
  };

  const publish: EventHub['publish'] = (event, data) => {
    if (entries.size === 0) return;
    let json: string | undefined;
    for (const entry of entries) {
      if (entry.wants === null) continue;
      if (event === 'service:metrics' && !entry.wants.metrics) continue;
      if (event === 'service:logLine' && !entry.wants.logs.includes((data as EventData<'service:logLine'>).service))
        continue;
      json ??= JSON.stringify(data);
      deliver(entry, event, json);
    }
  };

  return {
    get subscribers() {
      return entries.size;
    },

    publish,

    subscribe(subscriber) {
      const entry: Entry = { subscriber, wants: null, seq: 0 };
      entries.add(entry);
      refreshHeart();
      return {
        receive(text) {
          let message: unknown;
          try {
            message = JSON.parse(text);
          } catch {
            return false; // Not JSON: the transport closes the connection.
          }
          const parsed = ClientMessageSchema.safeParse(message);
          if (!parsed.success) return false;
          const first = entry.wants === null;
          entry.wants = parsed.data.subscribe;
          if (first || parsed.data.snapshot === true) deliver(entry, 'snapshot', JSON.stringify(options.snapshot()));
          refreshDemand();
          return true;
        },
        close() {
          entries.delete(entry);
          refreshHeart();
          refreshDemand();
        },
      };
    },
  };
}
