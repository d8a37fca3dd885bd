/** What the daemon says: a snapshot, then events. No polling, no rules of its own. */
import { defineStore } from 'pinia';
import { computed, reactive, ref, shallowRef } from 'vue';
import type { Client, EventStream } from '../../client/index.ts';
import type { Change } from '../../contract/changes.ts';
import type { DaemonInfo } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { InputOf, OperationName, OutputOf, WireEvent } from '../../contract/index.ts';
import type { LogEntry } from '../../contract/logs.ts';
import type { ServiceMetrics, ServiceState } from '../../contract/services.ts';
import { overallStatus, serviceReadiness, type SiteState } from '../../contract/site-status.ts';
import type { Site } from '../../contract/stack.ts';
import { bringsNews } from './brings-news.ts';
import { coalesce } from './coalesce.ts';
import { useNotices } from './notices.ts';
import { now } from './now.ts';
import type { Begun } from './pending-failures.ts';

const KEPT_SAMPLES = 30;

/** `isNews` is false when only the evidence, the progress or the time of what was known is newer. */
export type EventListener = (event: WireEvent, isNews: boolean) => void;

export const useStack = defineStore('stack', () => {
  const client = shallowRef<Client | null>(null);
  const connected = ref(false);
  /** True once a snapshot came: before that there is nothing to show. */
  const known = ref(false);
  const daemon = shallowRef<DaemonInfo | null>(null);
  const services = reactive(new Map<string, ServiceState>());
  const changes = reactive(new Map<string, Change>());
  const sites = shallowRef<readonly Site[]>([]);
  const remarks = shallowRef<readonly string[]>([]);
  const metrics = reactive(new Map<string, ServiceMetrics[]>());
  const { say, complain } = useNotices();
  const pending = reactive(new Set<string>());
  /** Changes that an open dialog shows itself. */
  const followed = reactive(new Set<string>());
  /** Calls of this window that began a change, by its id. */
  const begun = new Map<string, Begun>();
  const heardAt = ref<string | null>(null);
  let stream: EventStream | null = null;
  let onLog: ((entry: LogEntry) => void) | null = null;
  let stateChanges = 0;
  const listeners = new Set<EventListener>();

  const all = computed(() => [...services.values()]);
  const running = computed(() => [...changes.values()].filter(({ status }) => status === 'running'));
  /** What a person can use now; the same words everywhere come from this. */
  const overall = computed(() =>
    overallStatus({
      answers: connected.value,
      heardAt: heardAt.value,
      services: all.value,
      sites: sites.value,
      now: now.value,
    }),
  );
  const readinessOf = (service: ServiceState): SiteState =>
    connected.value ? serviceReadiness(service, now.value) : 'unknown';

  /** To the second: it is shown, and everything that depends on it is computed again each time. */
  function hear(): void {
    const at = Date.now();
    if (heardAt.value === null || at - Date.parse(heardAt.value) >= 1000) heardAt.value = new Date(at).toISOString();
  }

  function receive(event: WireEvent): void {
    hear();
    const isNews = bringsNews(event, services, changes);
    switch (event.event) {
      case 'snapshot':
        daemon.value = event.data.daemon;
        sites.value = event.data.sites;
        remarks.value = event.data.notices;
        services.clear();
        for (const service of event.data.services) services.set(service.id, service);
        changes.clear();
        for (const change of event.data.changes) changes.set(change.id, change);
        known.value = true;
        break;
      case 'service:stateChanged':
        stateChanges++;
        services.set(event.data.id, event.data);
        break;
      case 'change:updated':
        changes.set(event.data.id, event.data);
        // Sites get their links while the stack comes up.
        if (isNews && event.data.status !== 'running') void refreshSites();
        break;
      case 'config:changed':
      case 'problems:changed':
        void refreshSites();
        break;
      case 'service:metrics':
        for (const sample of event.data)
          metrics.set(sample.id, [...(metrics.get(sample.id) ?? []), sample].slice(-KEPT_SAMPLES));
        break;
      case 'service:logLine':
        onLog?.(event.data);
        break;
      default:
    }
    for (const listener of listeners) listener(event, isNews);
  }

  const refreshSites = coalesce(async (): Promise<void> => {
    const before = stateChanges;
    const status = await call('stack.status', {});
    // What an event said in the meantime may be newer than the answer: it is asked once more.
    if (before !== stateChanges) return void refreshSites();
    if (status !== null) {
      sites.value = status.sites;
      remarks.value = status.notices;
      // A service that no one needs any more has no event of its own.
      const there = new Set(status.services.map(({ id }) => id));
      for (const service of status.services) services.set(service.id, service);
      for (const id of services.keys()) if (!there.has(id)) services.delete(id);
    }
  });

  function begin(next: Client): void {
    client.value = next;
    stream = next.events(receive, (status) => (connected.value = status === 'connected'));
    stream.update({ logs: [], metrics: true });
  }

  /** Keeps what was asked, so that a failed change can be begun once more. */
  function remember<T>(name: OperationName, params: object, result: T): T {
    if (typeof result === 'object' && result !== null && 'id' in result && 'tasks' in result)
      begun.set(String(result.id), { name, params });
    return result;
  }

  /** Failures become notices with their cure; the result is then null. */
  async function call<N extends OperationName>(name: N, params: InputOf<N>): Promise<OutputOf<N> | null> {
    try {
      return remember(name, params, (await client.value?.call(name, params)) ?? null);
    } catch (error) {
      const known =
        error instanceof KojiboxError
          ? error
          : new KojiboxError('INTERNAL', 'cannot finish this', { detail: String(error), source: 'ui' });
      // Who has just said no in the desktop app need not be told.
      const isRefusal = known.code === 'CANCELLED' && known.source === 'electron';
      if (!isRefusal) complain(known);
      return null;
    }
  }

  /** For who shows a failure where it belongs, such as at a field. */
  async function attempt<N extends OperationName>(
    name: N,
    params: InputOf<N>,
  ): Promise<
    { readonly result: OutputOf<N>; readonly error: null } | { readonly result: null; readonly error: KojiboxError }
  > {
    try {
      if (client.value === null)
        throw new KojiboxError('DAEMON_UNREACHABLE', 'Kojibox does not answer', { source: 'ui' });
      return { result: remember(name, params, await client.value.call(name, params)), error: null };
    } catch (error) {
      if (error instanceof KojiboxError) return { result: null, error };
      return {
        result: null,
        error: new KojiboxError('INTERNAL', 'cannot finish this', { detail: String(error), source: 'ui' }),
      };
    }
  }

  /** The same for questions asked while someone types: a failure is no news. */
  async function quietly<N extends OperationName>(name: N, params: InputOf<N>): Promise<OutputOf<N> | null> {
    return (await client.value?.call(name, params).catch(() => null)) ?? null;
  }

  /** @returns a function that ends it */
  function onEvent(listener: EventListener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** A command on one service, shown as under way until it is answered. */
  async function command(name: 'services.start' | 'services.stop' | 'services.restart', id: string): Promise<void> {
    pending.add(id);
    await call(name, { id });
    pending.delete(id);
  }

  function follow(ids: readonly string[], listener: ((entry: LogEntry) => void) | null): void {
    onLog = listener;
    stream?.update({ logs: [...ids], metrics: true });
  }

  return {
    connected,
    known,
    daemon,
    services,
    all,
    changes,
    running,
    sites,
    remarks,
    metrics,
    pending,
    begun,
    followed,
    overall,
    readinessOf,
    begin,
    call,
    attempt,
    quietly,
    command,
    follow,
    say,
    complain,
    onEvent,
  };
});
