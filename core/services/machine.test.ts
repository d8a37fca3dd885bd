import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import { INITIAL_STATE, UNHEALTHY_AFTER, machineDiagram, serviceMachine, transition } from './machine.ts';
import type { Effect, EventName, MachineEvent, MachinePolicy, MachineState, PhaseName } from './machine-types.ts';
import { STABLE_AFTER_MS } from './restart-policy.ts';

const policy: MachinePolicy = {
  name: 'Test',
  restart: { maxRetries: 3, backoffMs: 100 },
  restartWhenUnhealthy: true,
  startDeadlineMs: 1000,
  stopGraceMs: 500,
  settleMs: 0,
  jitter: 0.5,
};
const failure = new KojiboxError('START_FAILED', 'cannot start', { source: 'test' });

/** Runs events in order; `timer` without a generation is the present one. */
function play(events: readonly (MachineEvent | EventName)[], from: MachineState = INITIAL_STATE, at = 0) {
  let state = from;
  let effects: readonly Effect[] = [];
  for (const item of events) {
    const event = typeof item === 'string' ? eventNamed(item, state) : item;
    ({ state, effects } = transition(state, event, policy, at));
  }
  return { state, effects, phase: state.phase.name };
}

function eventNamed(name: EventName, state: MachineState): MachineEvent {
  switch (name) {
    case 'timer':
      return { type: name, generation: state.generation };
    case 'exited':
      return { type: name, how: 'code 1' };
    case 'probe-failed':
      return { type: name, text: 'no answer' };
    case 'recalled':
      return { type: name, failure, restarts: 3 };
    case 'prepare-failed':
    case 'launch-failed':
    case 'dependency-failed':
    case 'kill-failed':
      return { type: name, failure };
    default:
      return { type: name };
  }
}

const toRunning: EventName[] = ['start-requested', 'prepared', 'dependencies-ready', 'launched', 'probe-passed'];
const running = play(toRunning).state;

describe('service machine', () => {
  it('starts: prepare, wait for dependencies, launch, probe', () => {
    const seen = toRunning.map((_, index) => play(toRunning.slice(0, index + 1)).phase);
    expect(seen).toEqual(['preparing', 'waiting', 'launching', 'starting', 'running']);
    expect(play(toRunning.slice(0, 4)).effects).toEqual([{ type: 'arm-timer', afterMs: 1000, generation: 4 }]);
  });

  it('a program that only has to run is ready when it stayed up, later with each restart', () => {
    const launched = toRunning.slice(0, 4);
    const slow = { ...policy, settleMs: 100 };
    const probe = (state: MachineState, at: number) => transition(state, { type: 'probe-passed' }, slow, at).state;
    let state = INITIAL_STATE;
    for (const name of launched) ({ state } = transition(state, eventNamed(name, state), slow, 0));
    expect(probe(state, 99)).toBe(state);
    expect(probe(state, 100).phase.name).toBe('running');
    expect(transition(state, eventNamed('exited', state), slow, 50).state.phase).toMatchObject({
      name: 'killing',
      next: { then: 'retry' },
    });
    // The second try in a row.
    let again: MachineState = { ...state, tries: 2, phase: { name: 'launching' } };
    ({ state: again } = transition(again, { type: 'launched' }, slow, 1000));
    expect(probe(again, 1399)).toBe(again);
    expect(probe(again, 1400).phase.name).toBe('running');
    // What is taken over runs already.
    const adopted = transition(INITIAL_STATE, { type: 'adopted' }, slow, 0).state;
    expect(probe(adopted, 0).phase.name).toBe('running');
  });

  it('stops: signal, grace period, then the whole group', () => {
    const stopping = play(['stop-requested'], running);
    expect(stopping.effects).toMatchObject([{ type: 'signal' }, { type: 'arm-timer', afterMs: 500 }]);
    expect(play(['exited', 'gone'], stopping.state)).toMatchObject({ phase: 'stopped' });
    const killing = play(['timer'], stopping.state);
    expect(killing).toMatchObject({ phase: 'killing', effects: [{ type: 'kill' }] });
    expect(play(['gone'], killing.state).phase).toBe('stopped');
    expect(play(['signal-failed'], stopping.state).phase).toBe('killing');
  });

  it('restarts at once after the first crash, then backs off, then gives up with the reason', () => {
    let state = play(['exited', 'gone'], running).state;
    expect(state).toMatchObject({ phase: { name: 'preparing' }, tries: 1, restarts: 1 });
    const crash: EventName[] = ['prepared', 'dependencies-ready', 'launched', 'probe-passed', 'exited', 'gone'];
    for (const wait of [100, 200]) {
      const crashed = play(crash, state);
      expect(crashed.phase).toBe('backoff');
      expect(crashed.effects).toMatchObject([{ type: 'arm-timer', afterMs: wait }]);
      state = play(['timer'], crashed.state).state;
    }
    expect(play(crash, state).state.phase).toMatchObject({
      name: 'failed',
      failure: { code: 'SERVICE_EXITED', detail: expect.stringContaining('code 1') as string },
    });
  });

  it('gives the tries back to a service that was stable', () => {
    const worn = { ...running, tries: 3 };
    expect(play(['exited', 'gone'], worn, STABLE_AFTER_MS).state).toMatchObject({
      phase: { name: 'preparing' },
      tries: 1,
    });
    expect(play(['exited', 'gone'], worn, STABLE_AFTER_MS - 1).phase).toBe('failed');
  });

  it('fails at once when the start that somebody asked for fails, and tries again when a restart does', () => {
    const starting = play(toRunning.slice(0, 4)).state;
    expect(play(['exited', 'gone'], starting).state.phase).toMatchObject({
      name: 'failed',
      failure: { code: 'START_FAILED' },
    });
    expect(play(['timer', 'exited', 'gone'], starting).state.phase).toMatchObject({
      name: 'failed',
      failure: { code: 'START_TIMEOUT' },
    });
    const again = play(['exited', 'gone', 'prepared', 'dependencies-ready', 'launched', 'exited', 'gone'], running);
    expect(again.phase).toBe('backoff');
    expect(play(['start-requested', 'prepare-failed']).phase).toBe('failed');
    expect(play(['start-requested', 'prepared', 'dependency-failed']).phase).toBe('failed');
    expect(play(['start-requested', 'prepared', 'dependencies-ready', 'launch-failed']).phase).toBe('failed');
  });

  it('takes another port at once when somebody was faster, three times, and not for what had its port already', () => {
    const portLost = new KojiboxError('PORT_CONFLICT', 'cannot have the port', { source: 'config' });
    const launch: EventName[] = ['prepared', 'dependencies-ready', 'launched', 'exited'];
    const lose = (from: MachineState): MachineState =>
      transition(play(launch, from).state, { type: 'gone', portLost }, policy, 0).state;
    let state = play(['start-requested']).state;
    for (let time = 1; time <= 3; time++) {
      state = lose(state);
      expect(state).toMatchObject({ phase: { name: 'preparing' }, restarts: 0, tries: time });
    }
    expect(lose(state).phase).toMatchObject({ name: 'failed', failure: { code: 'PORT_CONFLICT' } });
    expect(transition(play(['exited'], running).state, { type: 'gone', portLost }, policy, 0).state).toMatchObject({
      phase: { name: 'preparing' },
      restarts: 1,
    });
  });

  it('restarts what does not answer when the policy says so', () => {
    const failed = Array<EventName>(UNHEALTHY_AFTER).fill('probe-failed');
    expect(play(failed.slice(1), running).phase).toBe('running');
    expect(play(failed, running).phase).toBe('stopping');
    expect(play([...failed.slice(1), 'probe-passed', ...failed.slice(1)], running).phase).toBe('running');
    expect(play([...failed, 'exited', 'gone'], running).phase).toBe('preparing');
    let state = running;
    for (let index = 0; index < 9; index++) {
      ({ state } = transition(
        state,
        { type: 'probe-failed', text: 'x' },
        { ...policy, restartWhenUnhealthy: false },
        0,
      ));
    }
    expect(state.phase).toMatchObject({ name: 'running', failedProbes: 9 });
  });

  it('obeys the last wish', () => {
    const aborted = play(['start-requested', 'stop-requested']);
    expect(aborted).toMatchObject({ phase: 'preparing', effects: [{ type: 'abort-prepare' }] });
    expect(play(['prepared'], aborted.state).phase).toBe('stopped');
    expect(play(['prepare-failed'], aborted.state).phase).toBe('stopped');
    expect(play(['start-requested', 'prepare-failed'], aborted.state)).toMatchObject({
      phase: 'preparing',
      effects: [{ type: 'prepare' }],
    });
    expect(play(['stop-requested', 'start-requested', 'exited', 'gone'], running).phase).toBe('preparing');
    const launching = play(toRunning.slice(0, 3)).state;
    expect(play(['stop-requested', 'launched'], launching).phase).toBe('stopping');
    expect(play(['stop-requested', 'launch-failed'], launching).phase).toBe('stopped');
    expect(play(['exited', 'stop-requested', 'gone'], running).phase).toBe('stopped');
  });

  it('launches nothing beside a process that cannot be killed', () => {
    const stuck = play(
      ['stop-requested', 'timer', 'kill-failed', 'timer', 'kill-failed', 'timer', 'kill-failed'],
      running,
    );
    expect(stuck.state.phase).toMatchObject({ name: 'failed', alive: true });
    expect(play(['start-requested'], stuck.state)).toMatchObject({ phase: 'killing', effects: [{ type: 'kill' }] });
    expect(play(['start-requested', 'gone'], stuck.state).phase).toBe('preparing');
  });

  it('ignores late timers', () => {
    const late = { type: 'timer', generation: running.generation - 1 } as const;
    expect(play([late], running).state).toBe(running);
    expect(play(['stop-requested', late], running).phase).toBe('stopping');
  });

  it('adopts a live service as one that was ready before', () => {
    expect(play(['adopted', 'probe-passed']).state).toMatchObject({
      phase: { name: 'running' },
      desired: 'up',
      proven: true,
    });
  });

  it('draws every phase', () => {
    const diagram = machineDiagram();
    const names = new Set(serviceMachine.map(({ from }) => from));
    expect(names.size).toBe(10);
    for (const name of names) expect(diagram).toContain(`${name} -->`);
    expect(diagram).toContain('running --> killing: exited');
  });
});

/** The events that may answer an order. */
const ANSWERS: Partial<Record<Effect['type'], readonly EventName[]>> = {
  prepare: ['prepared', 'prepare-failed'],
  'await-dependencies': ['dependencies-ready', 'dependency-failed'],
  launch: ['launched', 'launch-failed'],
  kill: ['gone', 'kill-failed'],
};
const RESTING: readonly PhaseName[] = ['stopped', 'running', 'failed'];

/** A world that answers orders in any order, lets processes die whenever it likes, and delivers late timers. */
class World {
  state = INITIAL_STATE;
  pending: Effect['type'][] = [];
  armed: number | null = null;
  alive = false;
  now = 0;
  readonly declared = new Map(serviceMachine.map(({ from, on, to }) => [`${from}/${on}`, to]));

  send(event: MachineEvent): void {
    const before = this.state;
    const { state, effects } = transition(before, event, policy, this.now);
    const isVoid = event.type === 'timer' && event.generation !== before.generation;
    if (!isVoid && state !== before)
      expect(this.declared.get(`${before.phase.name}/${event.type}`)).toContain(state.phase.name);
    if (state.generation !== before.generation) this.armed = null;
    this.state = state;
    for (const effect of effects) {
      if (effect.type === 'arm-timer') this.armed = effect.generation;
      else if (effect.type in ANSWERS) {
        expect(this.pending).not.toContain(effect.type);
        if (effect.type === 'launch') expect(this.alive).toBe(false);
        this.pending.push(effect.type);
      }
    }
    if (state.phase.name === 'waiting' || !this.pending.includes('await-dependencies')) return;
    this.pending = this.pending.filter((type) => type !== 'await-dependencies'); // The supervisor only looks at those that wait.
  }

  /** What can happen now, as choices. */
  choices(): (() => void)[] {
    const found: (() => void)[] = [];
    for (const type of this.pending) {
      for (const answer of ANSWERS[type] ?? []) {
        found.push(() => {
          this.pending = this.pending.filter((other) => other !== type);
          if (answer === 'launched') this.alive = true;
          if (answer === 'gone') this.alive = false;
          this.send(eventNamed(answer, this.state));
        });
        if (answer === 'gone')
          found.push(() => {
            this.pending = this.pending.filter((other) => other !== type);
            this.alive = false;
            this.send({ type: 'gone', portLost: failure });
          });
      }
    }
    const { armed } = this;
    if (armed !== null)
      found.push(() => {
        this.armed = null;
        this.send({ type: 'timer', generation: armed });
      });
    return found;
  }

  check(): void {
    const { name } = this.state.phase;
    if (!RESTING.includes(name)) expect(this.armed !== null || this.pending.length > 0, `stuck in ${name}`).toBe(true);
    if (['starting', 'running', 'stopping'].includes(name)) expect(this.pending).toEqual([]);
    if (name === 'stopped' || name === 'backoff') expect(this.alive).toBe(false);
  }
}

describe('service machine, any sequence of events', () => {
  const step = fc.record({ kind: fc.nat(9), pick: fc.nat(1000), after: fc.nat(7000) });
  const outside: ((world: World) => void)[] = [
    (world) => world.send({ type: 'start-requested' }),
    (world) => world.send({ type: 'stop-requested' }),
    (world) => world.send({ type: 'timer', generation: world.state.generation - 1 }),
    (world) => world.send({ type: 'probe-passed' }),
    (world) => world.send({ type: 'probe-failed', text: 'x' }),
    (world) => {
      if (world.alive) world.send({ type: 'exited', how: 'code 1' });
    },
    (world) => {
      if (world.state.phase.name === 'stopping') world.send({ type: 'signal-failed' });
    },
  ];

  it('never gets stuck, never launches twice, and keeps to its table', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world = new World();
        for (const { kind, pick, after } of steps) {
          world.now += after;
          const choices = world.choices();
          const chosen = kind < outside.length ? outside[kind] : choices[pick % Math.max(1, choices.length)];
          chosen?.(world);
          world.check();
        }
        // Left alone with a world that works, it comes to rest where it was wanted.
        const down = world.state.desired === 'down';
        for (let index = 0; index < 50 && !RESTING.includes(world.state.phase.name); index++) {
          if (world.state.phase.name === 'starting' && world.alive) world.send({ type: 'probe-passed' });
          else world.choices()[0]?.();
          world.check();
        }
        expect(RESTING).toContain(world.state.phase.name);
        if (down && world.state.phase.name !== 'failed') expect(world.state.phase.name).toBe('stopped');
      }),
      { numRuns: 2000 },
    );
  });
});
