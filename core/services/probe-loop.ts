/** Asks one service again and again: quickly while it starts, seldom while it runs. */
import type { Clock } from '../system/clock.ts';
import type { ProbeResult, ProbeRunner, ProbeSpec } from './health.ts';

/** Most services are ready within 20 to 150 ms, and a start is short: the one time when polling faster than a second is right. */
const START_STEPS_MS = [1, 2, 3, 5, 8, 13, 20, 25];
/** A start that takes longer than this is not going to be felt faster by asking often. */
const LONG_START_MS = 5_000;
const LONG_START_STEP_MS = 100;
const START_TIMEOUT_MS = 1_000;
const TIMEOUT_MS = 3_000;
const MIN_INTERVAL_MS = 1_000;
/** After a failed probe the next comes sooner, so that a short silence is told from a broken service. */
const CONFIRM_INTERVAL_MS = 2_000;

export interface ProbeLoop {
  /** From now on, until it is changed or ended. A result that comes later than the next call is dropped. */
  untilReady(spec: ProbeSpec): void;
  /** @param timeoutMs default 3000 */
  regularly(spec: ProbeSpec, intervalMs: number, timeoutMs?: number): void;
  /** An extra probe of a running service; resolves when its result was handed on. */
  now(): Promise<void>;
  end(): void;
}

export function createProbeLoop(options: {
  readonly clock: Clock;
  readonly probes: ProbeRunner;
  random(): number;
  onResult(result: ProbeResult): void;
}): ProbeLoop {
  const { clock, probes, random, onResult } = options;
  let round = 0;
  let cancel: (() => void) | undefined;
  let current: {
    readonly spec: ProbeSpec;
    readonly schedule: (failed: boolean) => number;
    readonly timeoutMs: number;
  } | null = null;

  const ask = async (): Promise<void> => {
    const mine = round;
    const asked = current;
    if (asked === null) return;
    cancel?.();
    const result = await probes.probe(asked.spec, asked.timeoutMs);
    if (mine !== round) return;
    onResult(result);
    // The result may have ended this round or begun another.
    if (mine !== round) return;
    cancel?.();
    cancel = clock.after(asked.schedule(!result.ok), () => void ask());
  };

  const begin = (next: NonNullable<typeof current>, firstMs: number): void => {
    end();
    current = next;
    cancel = clock.after(firstMs, () => void ask());
  };

  const end = (): void => {
    round += 1;
    cancel?.();
    cancel = undefined;
    current = null;
  };

  return {
    untilReady(spec) {
      const began = clock.monotonic();
      let step = 0;
      const schedule = (): number => {
        if (clock.monotonic() - began > LONG_START_MS) return LONG_START_STEP_MS;
        step = Math.min(step + 1, START_STEPS_MS.length - 1);
        return START_STEPS_MS[step] ?? LONG_START_STEP_MS;
      };
      begin({ spec, schedule, timeoutMs: START_TIMEOUT_MS }, START_STEPS_MS[0] ?? 1);
    },
    regularly(spec, intervalMs, timeoutMs = TIMEOUT_MS) {
      const interval = Math.max(MIN_INTERVAL_MS, intervalMs);
      const spread = (ms: number): number => Math.max(MIN_INTERVAL_MS, Math.round(ms * (0.9 + 0.2 * random())));
      const schedule = (failed: boolean): number => spread(failed ? Math.min(interval, CONFIRM_INTERVAL_MS) : interval);
      // The first one anywhere in the interval: services that became ready together do not probe together.
      begin({ spec, schedule, timeoutMs }, Math.max(MIN_INTERVAL_MS, Math.round(interval * random())));
    },
    now: ask,
    end,
  };
}
