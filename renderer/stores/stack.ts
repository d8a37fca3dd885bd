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
import type { Site } from '../../contract/stack.ts';

const KEPT_SAMPLES = 30;

/** Something to be told once: a failure with its cure, or that something was done. */
export interface Notice {
  readonly id: number;
  readonly error: KojiboxError | null;
  readonly text: string;
  /** Takes back what was done. */
  readonly undo: (() => Promise<unknown>) | null;
}

const TOLD_MS = 6000;
/** Long enough to read it, see the mistake and reach the button. */
const UNDO_MS = 15_000;

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
  const notices = reactive<Notice[]>([]);
  const pending = reactive(new Set<string>());
  let stream: EventStream | null = null;
  let onLog: ((entry: LogEntry) => void) | null = null;
  let nextNotice = 1;
  let stateChanges = 0;
  const listeners = new Set<(event: WireEvent) => void>();

  const all = computed(() => [...services.values()]);
  /** Those that should run: what is switched off is not missed. */
  const wantedCount = computed(() => all.value.filter(({ desired }) => desired === 'up').length);
  const readyCount = computed(
    () => all.value.filter(({ state, health }) => state === 'running' && health === 'healthy').length,
  );
  const running = computed(() => [...changes.values()].filter(({ status }) => status === 'running'));
  const failed = computed(
    () => [...changes.values()].filter(({ status, kind }) => status === 'failed' && kind === 'stack.up').at(-1) ?? null,
  );

  function receive(event: WireEvent): void {
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
        if (event.data.status !== 'running') void refreshSites();
        break;
      case 'config:changed':
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
    for (const listener of listeners) listener(event);
  }

  async function refreshSites(): Promise<void> {
    const before = stateChanges;
    const status = await call('stack.status', {});
    // What an event told meanwhile may be newer than the answer.
    if (before !== stateChanges) return refreshSites();
    if (status !== null) {
      sites.value = status.sites;
      remarks.value = status.notices;
      // A service that nobody needs any more has no event of its own.
      const there = new Set(status.services.map(({ id }) => id));
      for (const service of status.services) services.set(service.id, service);
      for (const id of services.keys()) if (!there.has(id)) services.delete(id);
    }
  }

  function begin(next: Client): void {
    client.value = next;
    stream = next.events(receive, (status) => (connected.value = status === 'connected'));
    stream.update({ logs: [], metrics: true });
  }

  /** Failures become notices with their cure; the result is then null. */
  async function call<N extends OperationName>(name: N, params: InputOf<N>): Promise<OutputOf<N> | null> {
    try {
      return (await client.value?.call(name, params)) ?? null;
    } catch (error) {
      const known =
        error instanceof KojiboxError
          ? error
          : new KojiboxError('INTERNAL', 'cannot finish this', { detail: String(error), source: 'ui' });
      // Who has just said no in the desktop app need not be told.
      const isRefusal = known.code === 'CANCELLED' && known.source === 'electron';
      if (!isRefusal) notices.push({ id: nextNotice++, error: known, text: '', undo: null });
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
      return { result: await client.value.call(name, params), error: null };
    } catch (error) {
      if (error instanceof KojiboxError) return { result: null, error };
      return {
        result: null,
        error: new KojiboxError('INTERNAL', 'cannot finish this', { detail: String(error), source: 'ui' }),
      };
    }
  }

  /** The same for questions asked while somebody types: a failure is no news. */
  async function quietly<N extends OperationName>(name: N, params: InputOf<N>): Promise<OutputOf<N> | null> {
    return (await client.value?.call(name, params).catch(() => null)) ?? null;
  }

  /** Shows what went wrong, until it is dismissed. */
  const complain = (error: KojiboxError): void => void notices.push({ id: nextNotice++, error, text: '', undo: null });

  /** Says that something was done, with a way back where there is one; goes away by itself. */
  function say(text: string, undo: (() => Promise<unknown>) | null = null): void {
    const id = nextNotice++;
    notices.push({ id, error: null, text, undo });
    setTimeout(() => dismiss(id), undo === null ? TOLD_MS : UNDO_MS);
  }

  /** @returns a function that ends it */
  function onEvent(listener: (event: WireEvent) => void): () => void {
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

  const dismiss = (id: number): void => {
    const at = notices.findIndex((notice) => notice.id === id);
    if (at !== -1) notices.splice(at, 1);
  };

  return {
    connected,
    known,
    daemon,
    services,
    all,
    wantedCount,
    readyCount,
    changes,
    running,
    failed,
    sites,
    remarks,
    metrics,
    notices,
    pending,
    begin,
    call,
    attempt,
    quietly,
    command,
    follow,
    dismiss,
    say,
    complain,
    onEvent,
  };
});
