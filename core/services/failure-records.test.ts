import { describe, expect, it } from 'vitest';
import { setUpSupervisor } from './testing/set-up-supervisor.ts';

describe('a failure of an earlier daemon', () => {
  const failedBefore = async () => {
    const before = setUpSupervisor();
    before.define('a');
    before.define('b');
    await Promise.all([before.supervisor.startAll(['a', 'b']), before.clock.advance(10)]);
    for (let crashes = 0; crashes < 4; crashes++) {
      before.driver.crash('a');
      await before.clock.advance(1_000);
    }
    const failed = before.supervisor.state('a');
    expect(failed).toMatchObject({ state: 'error', restarts: 3 });
    return { before, failed };
  };
  const next = async ({ machine, failures }: ReturnType<typeof setUpSupervisor>) => {
    const after = setUpSupervisor(machine, failures);
    after.define('a');
    after.define('b');
    await Promise.all([after.supervisor.recover(), after.clock.advance(60_000)]);
    return after;
  };

  it('is said by the next one, with its reason and time, until the service is started', async () => {
    const { before, failed } = await failedBefore();
    before.supervisor.detach();
    const after = await next(before);
    const { state, error, reason, restarts, desired } = failed;
    expect(after.supervisor.state('a')).toMatchObject({ state, error, reason, restarts, desired });
    expect(after.published.some(({ id, error: said }) => id === 'a' && said?.ts === error?.ts)).toBe(true);
    expect(after.supervisor.state('b')).toMatchObject({ state: 'running', error: null });
    after.supervisor.detach();

    const third = await next(after);
    expect(third.supervisor.state('a').error).toEqual(error);
    await Promise.all([third.supervisor.start('a'), third.clock.advance(10)]);
    expect(third.supervisor.state('a').state).toBe('running');
    third.supervisor.detach();
    expect((await next(third)).supervisor.state('a')).toMatchObject({ state: 'running', error: null });
  });

  it('is forgotten when a person stops the service, not when Kojibox ends with all services', async () => {
    const { before, failed } = await failedBefore();
    await Promise.all([before.supervisor.stopAll(), before.clock.advance(10)]);
    before.supervisor.detach();
    const after = await next(before);
    expect(after.supervisor.state('a').error).toEqual(failed.error);
    await Promise.all([after.supervisor.stop('a'), after.clock.advance(10)]);
    after.supervisor.detach();
    expect((await next(after)).supervisor.state('a')).toMatchObject({ state: 'stopped', error: null });
    expect(after.failures.get()).toEqual({});
  });
});
