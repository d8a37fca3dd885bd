/**
 * The life of one service as a table: in which phase which event leads where. Pure; the supervisor carries out the effects
 * and feeds their results back as events. An event that has no rule in the present phase changes nothing.
 */
import type { KojiboxError } from '../../contract/errors.ts';
import { exited, startFailed, startTimeout, unhealthy } from './machine-failures.ts';
import { restartDelayMs, triesAfter } from './restart-policy.ts';
import type {
  Effect,
  EventName,
  EventOf,
  MachineEvent,
  MachinePolicy,
  MachineState,
  Next,
  Phase,
  PhaseName,
  PhaseOf,
  Transition,
} from './machine-types.ts';

/** Failed probes in a row that make a running service unhealthy. */
export const UNHEALTHY_AFTER = 3;
const KILL_ATTEMPTS = 3;
const KILL_RETRY_MS = 1000;
/** How often another port is tried when someone was faster. */
const PORT_TRIES = 3;
const LONGEST_SETTLE_MS = 10_000;

export const INITIAL_STATE: MachineState = {
  phase: { name: 'stopped' },
  desired: 'down',
  generation: 0,
  tries: 0,
  restarts: 0,
  proven: false,
};

interface Context {
  readonly state: MachineState;
  readonly policy: MachinePolicy;
  readonly now: number;
}

interface Rule {
  readonly from: PhaseName;
  readonly on: EventName;
  /** Every phase this rule can lead to; the diagram is drawn from it and a test holds the rule to it. */
  readonly to: readonly PhaseName[];
  readonly run: (phase: Phase, event: MachineEvent, context: Context) => Transition;
}

function rule<P extends PhaseName, E extends EventName>(
  from: P,
  on: E,
  to: readonly PhaseName[],
  run: (phase: PhaseOf<P>, event: EventOf<E>, context: Context) => Transition,
): Rule {
  // `transition` looks a rule up by phase and event, so `run` only ever sees its own.
  return { from, on, to, run: run as Rule['run'] };
}

/** Enters a phase: timers armed before are void from here on. */
function enter(state: MachineState, phase: Phase, effects: readonly Effect[] = [], timerMs?: number): Transition {
  const generation = state.generation + 1;
  const timer: Effect[] = timerMs === undefined ? [] : [{ type: 'arm-timer', afterMs: timerMs, generation }];
  return { state: { ...state, phase, generation }, effects: [...effects, ...timer] };
}

/** Stays in the phase (its timer continues) with other data. */
const stay = (state: MachineState, effects: readonly Effect[] = []): Transition => ({ state, effects });

const up = (state: MachineState): MachineState => ({ ...state, desired: 'up' });
const down = (state: MachineState): MachineState => ({ ...state, desired: 'down' });
/** Someone asked for the start: the history of automatic restarts begins again. */
const asked = (state: MachineState): MachineState => ({
  ...state,
  desired: 'up',
  tries: 0,
  restarts: 0,
  proven: false,
});

const rest = (state: MachineState): Transition => enter(state, { name: 'stopped' });
const prepare = (state: MachineState): Transition =>
  enter(state, { name: 'preparing', aborted: false }, [{ type: 'prepare' }]);
const kill = (state: MachineState, next: Next): Transition =>
  enter(state, { name: 'killing', next, attempt: 1 }, [{ type: 'kill' }]);
const fail = (state: MachineState, failure: KojiboxError, alive = false): Transition =>
  enter(state, { name: 'failed', failure, alive });
const stop = (state: MachineState, policy: MachinePolicy, next: Next): Transition =>
  enter(state, { name: 'stopping', next }, [{ type: 'signal' }], policy.stopGraceMs);
/** @param settleMs 0 for what runs already */
const probeUntilDeadline = (state: MachineState, { policy, now }: Context, settleMs: number): Transition =>
  enter(
    state,
    { name: 'starting', deadlineAt: now + policy.startDeadlineMs, settledAt: now + settleMs },
    [],
    policy.startDeadlineMs,
  );
/** Longer with each restart, so that a program which ends again and again is not called ready in between. */
const settleTime = ({ tries }: MachineState, { settleMs }: MachinePolicy): number =>
  Math.min(settleMs * 2 ** tries, Math.max(settleMs, LONGEST_SETTLE_MS));

/** No process is there and one is wanted: try again by policy, or give up. */
function retry({ state, policy, now }: Context, failure: KojiboxError): Transition {
  if (!state.proven) return fail(state, failure);
  const tries = state.tries + 1;
  const delayMs = restartDelayMs(policy.restart, tries, policy.jitter);
  if (delayMs === null) return fail(state, failure);
  const counted = { ...state, tries, restarts: state.restarts + 1 };
  return delayMs === 0
    ? prepare(counted)
    : enter(counted, { name: 'backoff', until: now + delayMs, failure }, [], delayMs);
}

/** No process is left: what is wanted by now counts more than what had been planned. */
function afterGone(next: Next, portLost: KojiboxError | undefined, context: Context): Transition {
  const { state } = context;
  if (state.desired === 'down') return rest(state);
  if (next.then === 'rest') return prepare(state);
  if (portLost === undefined || state.proven) return retry(context, next.failure);
  // Between the choice of the port and the launch another program took it: the next one is chosen at once.
  return state.tries < PORT_TRIES ? prepare({ ...state, tries: state.tries + 1 }) : fail(state, portLost);
}

const RETRY_OUTCOMES = ['preparing', 'backoff', 'failed'] as const;

const rules: readonly Rule[] = [
  rule('stopped', 'start-requested', ['preparing'], (_, __, { state }) => prepare(asked(state))),
  rule('stopped', 'adopted', ['starting'], (_, __, context) =>
    probeUntilDeadline({ ...asked(context.state), proven: true }, context, 0),
  ),
  rule('stopped', 'recalled', ['failed'], (_, { failure, restarts }, { state }) =>
    fail({ ...up(state), restarts }, failure),
  ),

  rule('preparing', 'prepared', ['waiting', 'stopped'], (_, __, { state }) =>
    state.desired === 'up' ? enter(state, { name: 'waiting' }, [{ type: 'await-dependencies' }]) : rest(state),
  ),
  rule('preparing', 'prepare-failed', ['stopped', ...RETRY_OUTCOMES], (phase, { failure }, context) => {
    if (context.state.desired === 'down') return rest(context.state);
    return phase.aborted ? prepare(context.state) : retry(context, failure);
  }),
  // Two preparations at once would fight over the same files, so an aborted one is waited for.
  rule('preparing', 'stop-requested', ['preparing'], (phase, _, { state }) =>
    stay({ ...down(state), phase: { ...phase, aborted: true } }, phase.aborted ? [] : [{ type: 'abort-prepare' }]),
  ),
  rule('preparing', 'start-requested', ['preparing'], (_, __, { state }) => stay(up(state))),

  rule('waiting', 'dependencies-ready', ['launching'], (_, __, { state }) =>
    enter(state, { name: 'launching' }, [{ type: 'launch' }]),
  ),
  rule('waiting', 'dependency-failed', ['failed'], (_, { failure }, { state }) => fail(state, failure)),
  rule('waiting', 'stop-requested', ['stopped'], (_, __, { state }) => rest(down(state))),

  rule('launching', 'launched', ['starting', 'stopping'], (_, __, context) =>
    context.state.desired === 'up'
      ? probeUntilDeadline(context.state, context, settleTime(context.state, context.policy))
      : stop(context.state, context.policy, { then: 'rest' }),
  ),
  rule('launching', 'launch-failed', ['stopped', ...RETRY_OUTCOMES], (_, { failure }, context) =>
    context.state.desired === 'up' ? retry(context, failure) : rest(context.state),
  ),
  rule('launching', 'stop-requested', ['launching'], (_, __, { state }) => stay(down(state))),
  rule('launching', 'start-requested', ['launching'], (_, __, { state }) => stay(up(state))),

  rule('starting', 'probe-passed', ['starting', 'running'], (phase, __, { state, now }) =>
    now < phase.settledAt
      ? stay(state)
      : enter({ ...state, proven: true }, { name: 'running', readyAt: now, failedProbes: 0 }),
  ),
  rule('starting', 'exited', ['killing'], (_, { how }, { state, policy }) =>
    kill(state, { then: 'retry', failure: startFailed(policy, how) }),
  ),
  rule('starting', 'timer', ['stopping'], (_, __, { state, policy }) =>
    stop(state, policy, { then: 'retry', failure: startTimeout(policy) }),
  ),
  rule('starting', 'stop-requested', ['stopping'], (_, __, { state, policy }) =>
    stop(down(state), policy, { then: 'rest' }),
  ),

  rule('running', 'probe-passed', ['running'], (phase, _, { state }) =>
    stay({ ...state, phase: { ...phase, failedProbes: 0 } }),
  ),
  rule('running', 'probe-failed', ['running', 'stopping'], (phase, { text }, { state, policy, now }) => {
    const failedProbes = phase.failedProbes + 1;
    if (failedProbes < UNHEALTHY_AFTER || !policy.restartWhenUnhealthy)
      return stay({ ...state, phase: { ...phase, failedProbes } });
    const tries = triesAfter(state.tries, now - phase.readyAt);
    return stop({ ...state, tries }, policy, { then: 'retry', failure: unhealthy(policy, text, failedProbes) });
  }),
  rule('running', 'exited', ['killing'], (phase, { how }, { state, policy, now }) =>
    kill(
      { ...state, tries: triesAfter(state.tries, now - phase.readyAt) },
      { then: 'retry', failure: exited(policy, how) },
    ),
  ),
  rule('running', 'stop-requested', ['stopping'], (_, __, { state, policy }) =>
    stop(down(state), policy, { then: 'rest' }),
  ),

  rule('stopping', 'exited', ['killing'], (phase, _, { state }) => kill(state, phase.next)),
  rule('stopping', 'signal-failed', ['killing'], (phase, _, { state }) => kill(state, phase.next)),
  rule('stopping', 'timer', ['killing'], (phase, _, { state }) => kill(state, phase.next)),
  rule('stopping', 'stop-requested', ['stopping'], (_, __, { state }) => stay(down(state))),
  rule('stopping', 'start-requested', ['stopping'], (phase, _, { state }) =>
    stay({ ...asked(state), phase: { ...phase, next: { then: 'rest' } } }),
  ),

  rule('killing', 'gone', ['stopped', ...RETRY_OUTCOMES], (phase, { portLost }, context) =>
    afterGone(phase.next, portLost, context),
  ),
  rule('killing', 'kill-failed', ['killing', 'failed'], (phase, { failure }, { state }) =>
    phase.attempt >= KILL_ATTEMPTS
      ? fail(state, failure, true)
      : enter(state, { ...phase, attempt: phase.attempt + 1 }, [], KILL_RETRY_MS),
  ),
  rule('killing', 'timer', ['killing'], (_, __, { state }) => stay(state, [{ type: 'kill' }])),
  rule('killing', 'stop-requested', ['killing'], (_, __, { state }) => stay(down(state))),
  rule('killing', 'start-requested', ['killing'], (phase, _, { state }) =>
    stay({ ...asked(state), phase: { ...phase, next: { then: 'rest' } } }),
  ),

  rule('backoff', 'timer', ['preparing'], (_, __, { state }) => prepare(state)),
  rule('backoff', 'start-requested', ['preparing'], (_, __, { state }) => prepare(asked(state))),
  rule('backoff', 'stop-requested', ['stopped'], (_, __, { state }) => rest(down(state))),

  rule('failed', 'start-requested', ['preparing', 'killing'], (phase, _, { state }) =>
    phase.alive ? kill(asked(state), { then: 'rest' }) : prepare(asked(state)),
  ),
  rule('failed', 'stop-requested', ['stopped', 'killing'], (phase, _, { state }) =>
    phase.alive ? kill(down(state), { then: 'rest' }) : rest(down(state)),
  ),
];

const table = new Map(rules.map((entry) => [`${entry.from}/${entry.on}`, entry]));

/** The next state and what has to be done for it. @param now monotonic milliseconds */
export function transition(state: MachineState, event: MachineEvent, policy: MachinePolicy, now: number): Transition {
  if (event.type === 'timer' && event.generation !== state.generation) return { state, effects: [] };
  const found = table.get(`${state.phase.name}/${event.type}`);
  return found === undefined ? { state, effects: [] } : found.run(state.phase, event, { state, policy, now });
}

/** The table as data: for the diagram, and for the test that holds every rule to what it declares. */
export const serviceMachine: readonly Pick<Rule, 'from' | 'on' | 'to'>[] = rules.map(({ from, on, to }) => ({
  from,
  on,
  to,
}));

/** Mermaid text of the state diagram, drawn from the table. */
export function machineDiagram(): string {
  const lines = serviceMachine.flatMap(({ from, on, to }) =>
    to.filter((target) => target !== from).map((target) => `  ${from} --> ${target}: ${on}`),
  );
  return ['stateDiagram-v2', '  [*] --> stopped', ...lines, ''].join('\n');
}
