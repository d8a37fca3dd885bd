/**
 * The life of one service as a pure function: `transition(state, event, policy) → { state, effects }`.
 *
 * Effects are orders to the supervisor; what comes of them returns as events, failures included, so that no failure can leave a state stuck.
 * Every state that is not at rest has an effect under way or a timer armed. Timers carry the generation of the state that armed them.
 */
import type { KojiboxError } from '../../contract/errors.ts';
import type { RestartPolicy } from '../../contract/services.ts';
import { restartDelay, STABLE_AFTER_MS } from './restart-policy.ts';
import type { ServiceHandle } from '../services/driver.ts';

export type TimerName = 'deadline' | 'grace' | 'backoff' | 'stable';

/** What to do once the process group is gone. */
export type AfterEnd =
  | { readonly type: 'rest' }
  | { readonly type: 'restart'; readonly delayMs: number }
  | { readonly type: 'fail'; readonly error: KojiboxError };

interface Common {
  readonly desired: 'up' | 'down';
  /** Rises with every change of phase; effects and timers of an older one are ignored. */
  readonly generation: number;
  /** Restarts since it was last stable. */
  readonly tries: number;
  /** It was ready once since somebody asked for it: from then on it is kept up. */
  readonly proven: boolean;
}

export type MachineState = Common &
  (
    | { readonly phase: 'stopped' }
    | { readonly phase: 'waiting' }
    | { readonly phase: 'preparing' }
    | { readonly phase: 'launching' }
    | { readonly phase: 'starting'; readonly handle: ServiceHandle }
    | { readonly phase: 'running'; readonly handle: ServiceHandle }
    | { readonly phase: 'stopping'; readonly handle: ServiceHandle; readonly after: AfterEnd }
    | { readonly phase: 'killing'; readonly handle: ServiceHandle; readonly after: AfterEnd }
    | { readonly phase: 'backoff'; readonly delayMs: number }
    | { readonly phase: 'failed'; readonly error: KojiboxError }
  );
export type Phase = MachineState['phase'];

export type MachineEvent =
  | { readonly type: 'start-requested' }
  | { readonly type: 'stop-requested' }
  | { readonly type: 'restart-requested' }
  | { readonly type: 'adopted'; readonly handle: ServiceHandle }
  | { readonly type: 'dependencies-ready'; readonly generation: number }
  | { readonly type: 'dependency-failed'; readonly generation: number; readonly error: KojiboxError }
  | { readonly type: 'prepared'; readonly generation: number }
  | { readonly type: 'prepare-failed'; readonly generation: number; readonly error: KojiboxError }
  | { readonly type: 'launched'; readonly generation: number; readonly handle: ServiceHandle }
  | { readonly type: 'launch-failed'; readonly generation: number; readonly error: KojiboxError }
  | { readonly type: 'ready'; readonly generation: number }
  | { readonly type: 'unresponsive'; readonly generation: number; readonly error: KojiboxError }
  | { readonly type: 'exited'; readonly handle: ServiceHandle; readonly error: KojiboxError }
  | { readonly type: 'group-gone'; readonly generation: number }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly generation: number; readonly error: KojiboxError };

export type Effect =
  | { readonly type: 'await-dependencies' }
  | { readonly type: 'prepare' }
  | { readonly type: 'launch' }
  | { readonly type: 'watch'; readonly handle: ServiceHandle }
  | { readonly type: 'probe-until-ready' }
  | { readonly type: 'probe-regularly' }
  | { readonly type: 'signal'; readonly handle: ServiceHandle }
  | { readonly type: 'kill-group'; readonly handle: ServiceHandle }
  | { readonly type: 'arm'; readonly timer: TimerName; readonly ms: number };

export interface MachinePolicy {
  readonly restart: RestartPolicy;
  readonly startDeadlineMs: number;
  readonly stopGraceMs: number;
  /** 0 to 1, drawn anew for each event. */
  readonly random: number;
}

export interface Transition {
  readonly state: MachineState;
  readonly effects: readonly Effect[];
}

export const initialState: MachineState = { phase: 'stopped', desired: 'down', generation: 0, tries: 0, proven: false };

type Handler = (state: MachineState, event: MachineEvent, policy: MachinePolicy) => Transition | null;
type PhaseData = { [P in Phase]: Omit<Extract<MachineState, { phase: P }>, keyof Common> }[Phase];

const move = (
  state: MachineState,
  data: PhaseData,
  effects: readonly Effect[],
  common: Partial<Common> = {},
): Transition => {
  const { desired, generation, tries, proven } = { ...state, ...common };
  return { state: { ...data, desired, generation: generation + 1, tries, proven }, effects };
};

const wish = (state: MachineState, common: Partial<Common>): Transition => ({
  state: { ...state, ...common },
  effects: [],
});

const begin = (state: MachineState): Transition =>
  move(state, { phase: 'waiting' }, [{ type: 'await-dependencies' }], { desired: 'up', tries: 0, proven: false });

const kill = (state: MachineState, handle: ServiceHandle, after: AfterEnd): Transition =>
  move(state, { phase: 'killing', handle, after }, [{ type: 'kill-group', handle }]);

const askToStop = (
  state: MachineState,
  handle: ServiceHandle,
  after: AfterEnd,
  policy: MachinePolicy,
  common: Partial<Common> = {},
): Transition =>
  move(
    state,
    { phase: 'stopping', handle, after },
    [
      { type: 'signal', handle },
      { type: 'arm', timer: 'grace', ms: policy.stopGraceMs },
    ],
    common,
  );

const run = (state: MachineState, handle: ServiceHandle): Transition =>
  move(
    state,
    { phase: 'running', handle },
    [{ type: 'probe-regularly' }, { type: 'arm', timer: 'stable', ms: STABLE_AFTER_MS }],
    { proven: true },
  );

const rest = (state: MachineState): Transition => move(state, { phase: 'stopped' }, [], { desired: 'down', tries: 0 });
const fail = (state: MachineState, error: KojiboxError): Transition => move(state, { phase: 'failed', error }, []);
const prepare = (state: MachineState): Transition => move(state, { phase: 'preparing' }, [{ type: 'prepare' }]);

/** It ended or must end although it is wanted: again, if it ever worked and has tries left. */
function afterLoss(
  state: MachineState,
  policy: MachinePolicy,
  error: KojiboxError,
): { after: AfterEnd; tries: number } {
  if (state.desired === 'down') return { after: { type: 'rest' }, tries: 0 };
  const delayMs = state.proven ? restartDelay(policy.restart, state.tries, policy.random) : null;
  if (delayMs === null) return { after: { type: 'fail', error }, tries: state.tries };
  return { after: { type: 'restart', delayMs }, tries: state.tries + 1 };
}

function lose(state: MachineState, handle: ServiceHandle, policy: MachinePolicy, error: KojiboxError): Transition {
  const { after, tries } = afterLoss(state, policy, error);
  return kill({ ...state, tries }, handle, after);
}

/** A start that went wrong before there was a process. */
function loseEarly(state: MachineState, policy: MachinePolicy, error: KojiboxError): Transition {
  const { after, tries } = afterLoss(state, policy, error);
  return conclude({ ...state, tries }, after);
}

function conclude(state: MachineState, after: AfterEnd): Transition {
  if (after.type === 'fail' && state.desired === 'up') return fail(state, after.error);
  if (after.type === 'restart' && state.desired === 'up') {
    if (after.delayMs === 0) return prepare(state);
    return move(state, { phase: 'backoff', delayMs: after.delayMs }, [
      { type: 'arm', timer: 'backoff', ms: after.delayMs },
    ]);
  }
  return state.desired === 'up' ? begin(state) : rest(state);
}

/** One handler per phase; null means that the event changes nothing there. */
const handlers: { readonly [P in Phase]: Handler } = {
  stopped(state, event) {
    if (event.type === 'start-requested' || event.type === 'restart-requested') return begin(state);
    if (event.type === 'adopted') {
      const adopted = run({ ...state, desired: 'up' }, event.handle);
      return { ...adopted, effects: [{ type: 'watch', handle: event.handle }, ...adopted.effects] };
    }
    return null;
  },
  failed(state, event) {
    if (event.type === 'start-requested' || event.type === 'restart-requested') return begin(state);
    if (event.type === 'stop-requested') return rest(state);
    return null;
  },
  waiting(state, event) {
    if (event.type === 'stop-requested') return rest(state);
    if (event.type === 'dependencies-ready') return prepare(state);
    if (event.type === 'dependency-failed') return fail(state, event.error);
    return null;
  },
  preparing(state, event, policy) {
    // Preparation cannot be cut short; what was wished for meanwhile is done when it ends.
    if (event.type === 'stop-requested') return wish(state, { desired: 'down' });
    if (event.type === 'start-requested') return wish(state, { desired: 'up' });
    if (event.type === 'prepared')
      return state.desired === 'up' ? move(state, { phase: 'launching' }, [{ type: 'launch' }]) : rest(state);
    if (event.type === 'prepare-failed') return loseEarly(state, policy, event.error);
    return null;
  },
  launching(state, event, policy) {
    if (event.type === 'stop-requested') return wish(state, { desired: 'down' });
    if (event.type === 'start-requested') return wish(state, { desired: 'up' });
    if (event.type === 'launch-failed') return loseEarly(state, policy, event.error);
    if (event.type === 'launched') {
      const watch: Effect = { type: 'watch', handle: event.handle };
      const next =
        state.desired === 'down'
          ? askToStop(state, event.handle, { type: 'rest' }, policy)
          : move(state, { phase: 'starting', handle: event.handle }, [
              { type: 'probe-until-ready' },
              { type: 'arm', timer: 'deadline', ms: policy.startDeadlineMs },
            ]);
      return { ...next, effects: [watch, ...next.effects] };
    }
    return null;
  },
  starting(state, event, policy) {
    if (state.phase !== 'starting') return null;
    if (event.type === 'stop-requested')
      return askToStop(state, state.handle, { type: 'rest' }, policy, { desired: 'down' });
    if (event.type === 'restart-requested')
      return askToStop(state, state.handle, { type: 'restart', delayMs: 0 }, policy);
    if (event.type === 'ready') return run(state, state.handle);
    if (event.type === 'exited') return lose(state, state.handle, policy, event.error);
    if (event.type === 'timer' && event.timer === 'deadline') return lose(state, state.handle, policy, event.error);
    return null;
  },
  running(state, event, policy) {
    if (state.phase !== 'running') return null;
    if (event.type === 'stop-requested')
      return askToStop(state, state.handle, { type: 'rest' }, policy, { desired: 'down' });
    if (event.type === 'restart-requested')
      return askToStop(state, state.handle, { type: 'restart', delayMs: 0 }, policy, { desired: 'up', tries: 0 });
    if (event.type === 'exited') return lose(state, state.handle, policy, event.error);
    if (event.type === 'unresponsive') return lose(state, state.handle, policy, event.error);
    if (event.type === 'timer' && event.timer === 'stable') return wish(state, { tries: 0 });
    return null;
  },
  stopping(state, event) {
    if (state.phase !== 'stopping') return null;
    if (event.type === 'start-requested' || event.type === 'restart-requested')
      return wish({ ...state, after: { type: 'restart', delayMs: 0 } }, { desired: 'up' });
    if (event.type === 'stop-requested') return wish({ ...state, after: { type: 'rest' } }, { desired: 'down' });
    // The main process may be gone while children of it are not.
    if (event.type === 'exited' || (event.type === 'timer' && event.timer === 'grace'))
      return kill(state, state.handle, state.after);
    return null;
  },
  killing(state, event) {
    if (state.phase !== 'killing') return null;
    if (event.type === 'start-requested' || event.type === 'restart-requested')
      return wish({ ...state, after: { type: 'restart', delayMs: 0 } }, { desired: 'up' });
    if (event.type === 'stop-requested') return wish({ ...state, after: { type: 'rest' } }, { desired: 'down' });
    if (event.type === 'group-gone') return conclude(state, state.after);
    return null;
  },
  backoff(state, event) {
    if (event.type === 'stop-requested') return rest(state);
    if (event.type === 'start-requested' || event.type === 'restart-requested') return begin(state);
    if (event.type === 'timer' && event.timer === 'backoff') return prepare(state);
    return null;
  },
};

/** Events that only mean something in the generation that caused them. */
const isLate = (state: MachineState, event: MachineEvent): boolean =>
  ('generation' in event && event.generation !== state.generation) ||
  (event.type === 'exited' && (!('handle' in state) || state.handle !== event.handle));

/** Never throws; an event that means nothing in this state returns the same state and no effects. */
export function transition(state: MachineState, event: MachineEvent, policy: MachinePolicy): Transition {
  const nothing: Transition = { state, effects: [] };
  return isLate(state, event) ? nothing : (handlers[state.phase](state, event, policy) ?? nothing);
}
