/** Resource use of the host and of services: every 5 s for the history, every 2 s for those who look. One look serves both. */
import type { ServiceMetrics, ServiceState } from '../../contract/services.ts';
import type { Clock } from '../system/clock.ts';
import type { Processes } from '../system/processes.ts';
import { sampleBetween, type Reading, type Sample } from './sample.ts';

const RECORD_EVERY_MS = 5000;
const PUBLISH_EVERY_MS = 2000;

export interface MetricsSampler {
  /** The last sample; taken now when there is none yet. */
  latest(): Promise<Sample>;
  /** Whether someone looks. */
  setActive(active: boolean): void;
  stop(): void;
}

/** Starts at once. `record` must not throw. */
export function createMetricsSampler(options: {
  readonly clock: Clock;
  readonly processes: Processes;
  states(): readonly ServiceState[];
  publish(metrics: ServiceMetrics[]): void;
  record(sample: Sample): void;
}): MetricsSampler {
  const { clock, processes } = options;
  let recorded: Reading | null = null;
  let published: Reading | null = null;
  let last: Sample | null = null;
  /** Monotonic ms; Infinity while no one looks. */
  let publishAt = Infinity;
  let recordAt = clock.monotonic() + RECORD_EVERY_MS;
  let cancel: (() => void) | undefined;
  let stopped = false;

  const read = async (): Promise<Reading> => {
    const states = options.states();
    const alive = states.flatMap(({ id, pid }) => (pid === null ? [] : [{ id, pid }]));
    const [usages, host] = await Promise.all([processes.usages(alive.map(({ pid }) => pid)), processes.hostUsage()]);
    return {
      ts: clock.now(),
      at: clock.monotonic(),
      host,
      services: new Map(
        alive.flatMap(({ id, pid }) => {
          const usage = usages.get(pid);
          return usage === undefined ? [] : [[id, { ...usage, pid }] as const];
        }),
      ),
      restarts: new Map(states.map(({ id, restarts }) => [id, restarts])),
    };
  };

  /** Idempotent: there is one timer, for whatever is due first. */
  const schedule = (): void => {
    cancel?.();
    if (stopped) return;
    cancel = clock.after(Math.max(0, Math.min(publishAt, recordAt) - clock.monotonic()), () => void tick());
  };

  const tick = async (): Promise<void> => {
    // Without a reading (no descriptor left, say) this beat is left out.
    const reading = await read().catch(() => null);
    if (stopped) return;
    const at = clock.monotonic();
    if (at >= publishAt) {
      publishAt = at + PUBLISH_EVERY_MS;
      if (reading !== null) publish(reading);
    }
    if (at >= recordAt) {
      // On the same beat as before, but what a sleeping machine missed is not made up for.
      recordAt = at - recordAt < RECORD_EVERY_MS ? recordAt + RECORD_EVERY_MS : at + RECORD_EVERY_MS;
      if (reading !== null) record(reading);
    }
    schedule();
  };

  const publish = (reading: Reading): void => {
    last = sampleBetween(published, reading);
    published = reading;
    const ts = new Date(last.ts).toISOString();
    options.publish(last.services.map(({ id, cpuPercent, memMB }) => ({ id, cpuPercent, memMB, ts })));
  };

  const record = (reading: Reading): void => {
    last = sampleBetween(recorded, reading);
    recorded = reading;
    options.record(last);
  };

  void read().then(
    (reading) => (recorded ??= reading),
    () => undefined, // The first beat is the beginning then.
  );
  schedule();

  return {
    async latest() {
      if (last !== null) return last;
      const before = recorded;
      return sampleBetween(before, await read());
    },
    setActive(active) {
      const wasActive = publishAt < Infinity;
      if (active === wasActive) return;
      published = active ? recorded : null;
      publishAt = active ? clock.monotonic() : Infinity;
      schedule();
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
