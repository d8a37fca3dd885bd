/** Looks for updates once a day: over restarts and sleep too, and never more often. */
import type { Clock } from '../system/clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** When nothing answered: the machine may be on the way, and has a network again in the evening. */
const UNREACHED_MS = 6 * HOUR_MS;
/** After the start of the daemon: not in the way of what the user is about to do. */
const FIRST_MS = 60_000;
/** So that not everybody asks in the same minute. */
const JITTER_MS = 600_000;
/** The longest wait at a time: timers stand still while a machine sleeps, the wall clock does not. */
const LOOK_EVERY_MS = HOUR_MS;

export interface LastCheck {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** False when no feed could be read at all. */
  readonly reached: boolean;
}

export interface DailyCheck {
  /** Milliseconds since 1970; null: not by itself. */
  nextAt(): number | null;
}

/**
 * @param options.random 0 to 1
 * @param options.isWanted whether there is a feed, and the user wants it
 * @param options.last the last look, by whomever; kept over restarts
 * @param options.look never rejects; afterwards `last` is that look
 */
export function startDailyCheck(options: {
  readonly clock: Clock;
  readonly random: () => number;
  isWanted(): boolean;
  last(): LastCheck | null;
  look(): Promise<void>;
}): DailyCheck {
  const { clock, random } = options;
  const startedAt = clock.now();
  let jitter = random() * JITTER_MS;
  /** Monotonic. When a look could not be noted (a full disk), it is not repeated at once. */
  let restsUntil = -Infinity;

  const dueAt = (): number => {
    const last = options.last();
    const earliest = startedAt + FIRST_MS + jitter;
    // A look in the future: the clock was wrong then, or is now.
    if (last === null || last.at > clock.now()) return earliest;
    return Math.max(earliest, last.at + (last.reached ? DAY_MS : UNREACHED_MS) + jitter);
  };

  const wait = (): void => {
    const left = options.isWanted() ? dueAt() - clock.now() : LOOK_EVERY_MS;
    const rest = Math.max(left, restsUntil - clock.monotonic(), 1000);
    clock.after(Math.min(rest, LOOK_EVERY_MS), () => {
      if (!options.isWanted() || dueAt() > clock.now() || restsUntil > clock.monotonic()) {
        wait();
        return;
      }
      jitter = random() * JITTER_MS;
      restsUntil = clock.monotonic() + HOUR_MS;
      void options.look().then(wait);
    });
  };
  wait();
  return { nextAt: () => (options.isWanted() ? dueAt() : null) };
}
