import { describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import { settle } from './testing/hand-clock.ts';
import { setUpSupervisor } from './testing/set-up-supervisor.ts';

/** What a promise came to, without waiting for ever. */
function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; done: boolean } {
  const seen: { value?: T; error?: unknown; done: boolean } = { done: false };
  promise.then(
    (value) => Object.assign(seen, { value, done: true }),
    (error: unknown) => Object.assign(seen, { error, done: true }),
  );
  return seen;
}

describe('supervisor', () => {
  it('starts a service and says when it is ready, and why it believes so', async () => {
    const { supervisor, define, clock, statesOf, silent, answering, health } = setUpSupervisor();
    define('a');
    silent('a');
    const started = watch(supervisor.start('a'));
    await clock.advance(30);
    expect(supervisor.state('a')).toMatchObject({
      state: 'starting',
      health: 'starting',
      pid: 100,
      reason: 'waiting for its first answer',
    });
    answering('a');
    await clock.advance(25);
    expect(started.value).toMatchObject({
      state: 'running',
      health: 'healthy',
      desired: 'up',
      evidence: { text: 'answered' },
      error: null,
    });
    expect(started.value?.readyMs).toBeGreaterThan(20);
    expect(statesOf('a')).toEqual(['starting', 'running']);
    expect(health).toEqual(['a starting', 'a healthy']);
  });

  it('starts each as soon as what it needs is ready, and stops backwards', async () => {
    const { supervisor, define, clock, driver, silent, answering } = setUpSupervisor();
    define('edge', 'php');
    define('php', 'db', 'cache');
    define('db');
    define('cache');
    silent('db');
    const started = watch(supervisor.start('edge'));
    await clock.advance(100);
    expect(driver.calls).toEqual(['start db', 'start cache']);
    expect(supervisor.state('php')).toMatchObject({ state: 'starting', reason: 'waiting for db' });
    expect(supervisor.state('edge').reason).toBe('waiting for php');
    answering('db');
    await clock.advance(100);
    expect(driver.calls.slice(2)).toEqual(['start php', 'start edge']);
    expect(started.done).toBe(true);

    driver.calls.length = 0;
    driver.processOf('edge').ignoresSignals = true;
    const stopped = watch(supervisor.stop('db'));
    await clock.advance(900);
    expect(driver.calls).toEqual(['stop edge SIGTERM']);
    await clock.advance(200);
    expect(driver.calls).toEqual([
      'stop edge SIGTERM',
      'kill edge',
      'stop php SIGTERM',
      'kill php',
      'stop db SIGTERM',
      'kill db',
    ]);
    expect(stopped.value).toMatchObject({ state: 'stopped', pid: null });
    expect(supervisor.state('cache').state).toBe('running');
  });

  it('restarts a crashed service at once, backs off, and gives up with the reason and the last words', async () => {
    const { supervisor, define, clock, driver } = setUpSupervisor();
    define('a');
    await Promise.all([supervisor.start('a'), clock.advance(10)]);
    driver.crash('a');
    await clock.advance(5);
    expect(supervisor.state('a')).toMatchObject({
      state: 'running',
      restarts: 1,
      pid: 101,
      lastError: expect.stringContaining('SIGKILL') as string,
    });
    driver.crash('a', { exitCode: 3, signal: null });
    await clock.advance(50);
    expect(supervisor.state('a')).toMatchObject({
      state: 'starting',
      reason: 'restarting in 50 ms (try 2 of 3); it ended with code 3',
    });
    await clock.advance(60);
    expect(supervisor.state('a').state).toBe('running');
    driver.crash('a');
    await clock.advance(220);
    expect(supervisor.state('a')).toMatchObject({ state: 'running', restarts: 3 });
    driver.crash('a', { exitCode: 3, signal: null });
    await clock.advance(10);
    expect(supervisor.state('a')).toMatchObject({
      state: 'error',
      health: 'unhealthy',
      pid: null,
      reason: 'gave up after 3 restarts',
      error: { code: 'SERVICE_EXITED', detail: 'it ended with code 3\nlast words of a' },
    });
    await Promise.all([supervisor.start('a'), clock.advance(10)]);
    expect(supervisor.state('a')).toMatchObject({ state: 'running', restarts: 0, lastError: null });
  });

  it('forgives a service that was stable', async () => {
    const { supervisor, define, clock, driver } = setUpSupervisor();
    define('a');
    await Promise.all([supervisor.start('a'), clock.advance(10)]);
    for (let times = 0; times < 6; times++) {
      await clock.advance(6_000);
      driver.crash('a');
      await clock.advance(5);
      expect(supervisor.state('a').state).toBe('running');
    }
    expect(supervisor.state('a').restarts).toBe(6);
  });

  it('rejects a start that ends, times out, cannot be prepared or launched', async () => {
    const { supervisor, define, clock, driver, silent, resolving } = setUpSupervisor();
    define('a');
    silent('a');
    const ended = watch(supervisor.start('a'));
    await clock.advance(5);
    driver.crash('a', { exitCode: 1, signal: null });
    await clock.advance(5);
    expect(ended.error).toMatchObject({ code: 'START_FAILED', detail: 'it ended with code 1\nlast words of a' });
    expect(ended.error).toMatchObject({ remedy: expect.stringContaining('`koji logs a`') as string });
    const slow = watch(supervisor.start('a'));
    await clock.advance(5_100);
    expect(slow.error).toMatchObject({
      code: 'START_TIMEOUT',
      detail: expect.stringMatching(/5 s; seen last: /) as string,
    });
    expect([...driver.machine.processes.values()].every(({ exit }) => exit !== null)).toBe(true);
    resolving.set('a', () => Promise.reject(new KojiboxError('PORT_CONFLICT', 'taken', { source: 'ports' })));
    await expect(supervisor.start('a')).rejects.toMatchObject({ code: 'PORT_CONFLICT' });
    resolving.delete('a');
    driver.refuse('a', new KojiboxError('START_FAILED', 'no such program', { source: 'services' }));
    await expect(supervisor.start('a')).rejects.toMatchObject({ message: 'no such program' });
    await expect(supervisor.start('b')).rejects.toMatchObject({ code: 'NOT_FOUND', detail: 'there are a' });
  });

  it('tells dependents of a failure, and prints cycles', async () => {
    const { supervisor, define, clock, driver, silent } = setUpSupervisor();
    define('php', 'db');
    define('db');
    silent('db');
    const php = watch(supervisor.start('php'));
    await clock.advance(5);
    driver.crash('db', { exitCode: 1, signal: null });
    await clock.advance(5);
    expect(php.error).toMatchObject({
      code: 'DEPENDENCY_FAILED',
      detail: expect.stringContaining('last words of db') as string,
    });
    expect(driver.calls).not.toContain('start php');
    define('db', 'php');
    await expect(supervisor.start('php')).rejects.toMatchObject({ code: 'DEPENDENCY_CYCLE', detail: 'php → db → php' });
    define('db', 'nothing');
    await expect(supervisor.start('db')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('calls a silent service unhealthy and restarts it when the plan says so', async () => {
    const { supervisor, define, clock, silent, answering, health, plans, driver } = setUpSupervisor();
    define('a');
    define('b');
    plans.set('b', { restartWhenUnhealthy: false });
    await Promise.all([supervisor.startAll(['a', 'b']), clock.advance(10)]);
    silent('a');
    silent('b');
    health.length = 0;
    await clock.advance(10_000);
    expect(supervisor.state('a')).toMatchObject({
      state: 'starting',
      lastError: expect.stringContaining('3 probes in a row failed') as string,
    });
    expect(supervisor.state('b')).toMatchObject({ state: 'running', health: 'unhealthy' });
    expect(health).toEqual(['a starting', 'b unhealthy']);
    answering('a');
    answering('b');
    await clock.advance(2_500);
    expect(supervisor.state('a')).toMatchObject({ state: 'running', restarts: 1, pid: 102 });
    expect(supervisor.state('b')).toMatchObject({ health: 'healthy', pid: 101 });
    expect(driver.calls.filter((call) => call === 'start b')).toHaveLength(1);
  });

  it('probes seldom and not all at once while services run', async () => {
    const { supervisor, define, clock, probed } = setUpSupervisor();
    define('a');
    await Promise.all([supervisor.start('a'), clock.advance(10)]);
    probed.length = 0;
    await clock.advance(60_000);
    expect(probed.length).toBeGreaterThanOrEqual(5);
    expect(probed.length).toBeLessThanOrEqual(7);
    probed.length = 0;
    await supervisor.probeNow();
    expect(probed).toEqual(['a']);
  });

  it('obeys the last wish: stop during a start, start during a stop', async () => {
    const { supervisor, define, clock, silent, answering, driver, resolving } = setUpSupervisor();
    define('a');
    let signal: AbortSignal | undefined;
    let finish = (): void => undefined;
    resolving.set(
      'a',
      (context) =>
        new Promise((resolve) => {
          signal = context.signal;
          finish = resolve;
        }),
    );
    const first = watch(supervisor.start('a'));
    await settle();
    const stopped = watch(supervisor.stop('a'));
    await settle();
    expect(first.error).toMatchObject({ code: 'CANCELLED' });
    expect(signal?.aborted).toBe(true);
    expect(supervisor.state('a')).toMatchObject({ state: 'stopping' });
    finish();
    await settle();
    expect(stopped.value).toMatchObject({ state: 'stopped' });
    expect(driver.calls).toEqual([]);

    resolving.delete('a');
    silent('a');
    void watch(supervisor.start('a'));
    await clock.advance(5);
    driver.processOf('a').ignoresSignals = true;
    const stopping = watch(supervisor.stop('a'));
    await settle();
    answering('a');
    const again = watch(supervisor.start('a'));
    await clock.advance(1_100);
    expect(stopping.error).toMatchObject({ code: 'CANCELLED' });
    expect(again.value).toMatchObject({ state: 'running', pid: 101 });
  });

  it('restarts a service with the dependents that were up', async () => {
    const { supervisor, define, clock, driver } = setUpSupervisor();
    define('php', 'db');
    define('mail', 'db');
    define('db');
    await Promise.all([supervisor.start('php'), clock.advance(10)]);
    driver.calls.length = 0;
    const restarted = watch(supervisor.restart('db'));
    await clock.advance(10);
    expect(driver.calls).toEqual([
      'stop php SIGTERM',
      'kill php',
      'stop db SIGTERM',
      'kill db',
      'start db',
      'start php',
    ]);
    expect(restarted.value).toMatchObject({ state: 'running' });
    expect(supervisor.state('mail').state).toBe('stopped');
  });

  it('chooses another port when somebody was faster, and says who has it when that does not help', async () => {
    const { supervisor, define, clock, driver, plans, resolving, silent, taken } = setUpSupervisor();
    define('a');
    silent('a');
    let port = 5432;
    resolving.set('a', () => {
      plans.set('a', { ports: [{ name: 'db', port, protocol: 'tcp' }] });
      port += 1;
      return Promise.resolve();
    });
    taken.add(5432);
    const started = watch(supervisor.start('a'));
    await clock.advance(10);
    driver.crash('a', { exitCode: 1, signal: null });
    await clock.advance(10);
    expect(driver.calls).toEqual(['start a', 'kill a', 'start a']);
    expect(supervisor.state('a')).toMatchObject({
      state: 'starting',
      ports: [{ port: 5433 }],
      restarts: 0,
      error: null,
    });

    for (const more of [5433, 5434, 5435, 5436]) {
      taken.add(more);
      driver.crash('a', { exitCode: 1, signal: null });
      await clock.advance(10);
      if (supervisor.state('a').state === 'error') break;
    }
    expect(started.error).toMatchObject({ code: 'PORT_CONFLICT' });
    expect(driver.calls.filter((call) => call === 'start a')).toHaveLength(4);
  });

  it('adopts what runs, ends what is not defined, and restarts an outdated one at the next start', async () => {
    const before = setUpSupervisor();
    for (const id of ['a', 'b', 'c']) before.define(id);
    await Promise.all([before.supervisor.startAll(['a', 'b', 'c']), before.clock.advance(10)]);
    before.supervisor.detach();
    expect(before.driver.calls).toEqual(['start a', 'start b', 'start c']);

    const { supervisor, define, clock, driver, fingerprints } = setUpSupervisor(before.machine);
    define('a');
    define('b');
    fingerprints.set('b', 'v2');
    const recovered = watch(supervisor.recover());
    await clock.advance(10);
    expect(recovered.value).toEqual(['a', 'b']);
    expect(['a', 'b', 'c'].map((id) => supervisor.isOutdated(id))).toEqual([false, true, false]);
    expect(driver.calls).toEqual(['stop c SIGTERM', 'kill c']);
    expect(supervisor.state('a')).toMatchObject({
      state: 'running',
      pid: 100,
      desired: 'up',
      readyMs: null,
      evidence: { text: 'answered' },
    });
    await supervisor.start('a');
    expect(supervisor.state('a').pid).toBe(100);
    const renewed = watch(supervisor.start('b'));
    await clock.advance(10);
    expect(renewed.value).toMatchObject({ state: 'running' });
    expect(supervisor.state('b').pid).not.toBe(101);
    expect(supervisor.isOutdated('b')).toBe(false);
    driver.crash('a');
    await clock.advance(10);
    expect(supervisor.state('a')).toMatchObject({ state: 'running', restarts: 1 });
  });

  it('gives up on a process that cannot be ended, and launches nothing beside it', async () => {
    const { supervisor, define, clock, driver } = setUpSupervisor();
    define('a');
    await Promise.all([supervisor.start('a'), clock.advance(10)]);
    driver.protect('a', new KojiboxError('PERMISSION_DENIED', 'cannot end a', { source: 'services' }));
    const stopped = watch(supervisor.stop('a'));
    await clock.advance(3_000);
    expect(stopped.error).toMatchObject({ code: 'PERMISSION_DENIED' });
    const again = watch(supervisor.start('a'));
    await clock.advance(100);
    expect(driver.calls.filter((call) => call === 'start a')).toHaveLength(1);
    driver.protect('a', null);
    await clock.advance(3_000);
    expect(again.value).toMatchObject({ state: 'running', pid: 101 });
  });

  it('can resolve as soon as the start is under way, and forgets what is undefined', async () => {
    const { supervisor, define, clock } = setUpSupervisor();
    define('a');
    expect(await supervisor.start('a', { until: 'starting' })).toMatchObject({
      state: 'starting',
      reason: 'preparing',
    });
    await clock.advance(10);
    await Promise.all([supervisor.undefine('a'), clock.advance(10)]);
    expect(supervisor.states()).toEqual([]);
    await supervisor.undefine('a');
  });
});
