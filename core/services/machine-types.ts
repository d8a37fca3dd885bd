/** What the state machine of a service is made of: phases, events, effects. One type per phase, with only the data that is valid in it. */
import type { KojiboxError } from '../../contract/errors.ts';
import type { RestartPolicy } from '../../contract/services.ts';

/** What follows once no process is left: rest (or a new start, when that is wanted by then), or what the restart policy says. */
export type Next = { readonly then: 'rest' } | { readonly then: 'retry'; readonly failure: KojiboxError };

export type Phase =
  /** No process, none wanted. */
  | { readonly name: 'stopped' }
  /** Installing, writing files, initialising. `aborted`: it was told to give up, but has not ended yet. */
  | { readonly name: 'preparing'; readonly aborted: boolean }
  /** Prepared; what it depends on is not ready yet. */
  | { readonly name: 'waiting' }
  /** The driver was asked to launch and has not answered. */
  | { readonly name: 'launching' }
  /** A process is there and does not answer probes yet; it has until the deadline (monotonic ms). */
  | {
      readonly name: 'starting';
      readonly deadlineAt: number;
      /** What passes a probe before this time (monotonic ms) may still end at once: it does not count yet. */
      readonly settledAt: number;
    }
  | { readonly name: 'running'; readonly readyAt: number; readonly failedProbes: number }
  /** The graceful signal was sent; the grace period runs. */
  | { readonly name: 'stopping'; readonly next: Next }
  /** The rest of the group is being killed; also after the main process ended by itself. */
  | { readonly name: 'killing'; readonly next: Next; readonly attempt: number }
  /** No process; the next try comes at `until` (monotonic ms). */
  | { readonly name: 'backoff'; readonly until: number; readonly failure: KojiboxError }
  /** Given up. `alive`: a process is left that could not be killed, so nothing may be launched before it is gone. */
  | { readonly name: 'failed'; readonly failure: KojiboxError; readonly alive: boolean };

export type PhaseName = Phase['name'];
export type PhaseOf<N extends PhaseName> = Extract<Phase, { readonly name: N }>;

export interface MachineState {
  readonly phase: Phase;
  readonly desired: 'up' | 'down';
  /** Grows with each phase entered; a timer of another generation does nothing. */
  readonly generation: number;
  /** Restarts since it was last stable. */
  readonly tries: number;
  /** Restarts since someone asked for the start. */
  readonly restarts: number;
  /** It was ready since someone asked for the start. Before that a failure is final: who asked is waiting and learns the reason at once. */
  readonly proven: boolean;
}

/** Facts. */
export type MachineEvent =
  | { readonly type: 'start-requested' }
  | { readonly type: 'stop-requested' }
  | { readonly type: 'adopted' }
  /** An earlier daemon gave it up, and no person has started or stopped it since. */
  | { readonly type: 'recalled'; readonly failure: KojiboxError; readonly restarts: number }
  | { readonly type: 'prepared' }
  | { readonly type: 'prepare-failed'; readonly failure: KojiboxError }
  | { readonly type: 'dependencies-ready' }
  | { readonly type: 'dependency-failed'; readonly failure: KojiboxError }
  | { readonly type: 'launched' }
  | { readonly type: 'launch-failed'; readonly failure: KojiboxError }
  | { readonly type: 'probe-passed' }
  | { readonly type: 'probe-failed'; readonly text: string }
  /** The main process ended; `how` is "code 1" or "SIGKILL". */
  | { readonly type: 'exited'; readonly how: string }
  /** The graceful signal could not be sent. */
  | { readonly type: 'signal-failed' }
  /** No process of the group is left. `portLost`: it was never ready, and someone else has a port of it by now. */
  | { readonly type: 'gone'; readonly portLost?: KojiboxError }
  | { readonly type: 'kill-failed'; readonly failure: KojiboxError }
  | { readonly type: 'timer'; readonly generation: number };

export type EventName = MachineEvent['type'];
export type EventOf<N extends EventName> = Extract<MachineEvent, { readonly type: N }>;

/** Orders. Each but `abort-prepare`, `signal` and `arm-timer` is answered by an event; see `ANSWERS` in the tests. */
export type Effect =
  | { readonly type: 'prepare' }
  | { readonly type: 'abort-prepare' }
  | { readonly type: 'await-dependencies' }
  | { readonly type: 'launch' }
  | { readonly type: 'signal' }
  | { readonly type: 'kill' }
  | { readonly type: 'arm-timer'; readonly afterMs: number; readonly generation: number };

export interface MachinePolicy {
  /** For messages. */
  readonly name: string;
  readonly restart: RestartPolicy;
  readonly restartWhenUnhealthy: boolean;
  readonly startDeadlineMs: number;
  readonly stopGraceMs: number;
  /** How long it must stay up before the first probe counts, for a probe that only sees that it runs. 0: at once. */
  readonly settleMs: number;
  /** Drawn again for each event, between 0 and 1. */
  readonly jitter: number;
}

export interface Transition {
  readonly state: MachineState;
  readonly effects: readonly Effect[];
}
