/** Hands events to subscribers: a snapshot first, then live, each numbered. Nothing is collected unless someone asked for it. */
import { ClientMessageSchema, HEARTBEAT_MS, type Snapshot, type Subscription } from '../../contract/daemon.ts';
import { isAllowed, type AccessLevel } from '../../contract/define.ts';
import { events, type EventData, type EventName } from '../../contract/index.ts';
import { hidePrivate, holdsPrivate } from '../../contract/private-values.ts';

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
  /** @param granted what the subscriber may see; without it all, as on the socket, which only its owner can open */
  subscribe(subscriber: Subscriber, granted?: AccessLevel): SubscriberHandle;
  readonly subscribers: number;
}

export interface EventHubOptions {
  snapshot(): Snapshot;
  /** The union of what all subscribers want; called when it changes. */
  onDemand(demand: { readonly logs: ReadonlySet<string>; readonly metrics: boolean }): void;
}

interface Entry {
  readonly subscriber: Subscriber;
  readonly granted: AccessLevel;
  wants: Subscription | null;
  seq: number;
}

const schemas = new Map(events.map(({ name, data }) => [name as string, data]));

/** An event's data as JSON; for who is not `admin` without private values. */
function textOf(event: EventName, data: unknown, granted: AccessLevel): string {
  const schema = schemas.get(event);
  return JSON.stringify(schema === undefined || isAllowed('admin', granted) ? data : hidePrivate(schema, data));
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

  /** Only while there is a listener. */
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
    // One text for all, but for those few events that hold what not everyone sees.
    const texts = new Map<AccessLevel, string>();
    const schema = schemas.get(event);
    const differs = schema !== undefined && holdsPrivate(schema);
    for (const entry of entries) {
      if (entry.wants === null) continue;
      if (event === 'service:metrics' && !entry.wants.metrics) continue;
      if (event === 'service:logLine' && !entry.wants.logs.includes((data as EventData<'service:logLine'>).service))
        continue;
      const level = differs ? entry.granted : 'admin';
      const text = texts.get(level) ?? textOf(event, data, level);
      texts.set(level, text);
      deliver(entry, event, text);
    }
  };

  return {
    get subscribers() {
      return entries.size;
    },

    publish,

    subscribe(subscriber, granted = 'admin') {
      const entry: Entry = { subscriber, granted, wants: null, seq: 0 };
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
          if (first || parsed.data.snapshot === true)
            deliver(entry, 'snapshot', textOf('snapshot', options.snapshot(), granted));
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
