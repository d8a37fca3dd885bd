/** What every driver must do, whatever it runs services on. Each driver, and the fake, passes this one suite. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LaunchSpec, ServiceDriver, ServiceHandle } from '../../core/services/driver.ts';

export interface DriverUnderTest {
  readonly driver: ServiceDriver;
  /** A spec that runs until it is told to end. */
  spec(id: string, behaviour?: 'obedient' | 'ignores-signals' | 'missing'): LaunchSpec;
  /** Resolves when the service can be talked to, i.e. has set up its signal handlers. */
  ready(spec: LaunchSpec): Promise<void>;
  /** A driver for the same machine, as a new daemon would make it. */
  successor(): ServiceDriver;
  /** Ends the service from outside, with no chance to clean up. */
  crash(handle: ServiceHandle): void;
  isAlive(handle: ServiceHandle): boolean;
}

export function describeDriver(name: string, setUp: () => DriverUnderTest): void {
  describe(`driver: ${name}`, () => {
    let cleanUp: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const task of cleanUp.reverse()) await task();
      cleanUp = [];
    });

    const launch = async (under: DriverUnderTest, id: string, behaviour?: 'obedient' | 'ignores-signals') => {
      const spec = under.spec(id, behaviour);
      const handle = await under.driver.start(spec);
      cleanUp.push(async () => {
        await under.driver.kill(handle);
        await under.driver.release(handle);
      });
      await under.ready(spec);
      return { spec, handle };
    };

    it('returns a handle that survives JSON, with what was asked for', async () => {
      const under = setUp();
      const { handle, spec } = await launch(under, 'a');
      expect(JSON.parse(JSON.stringify(handle))).toEqual(handle);
      expect(handle).toMatchObject({ driver: under.driver.name, id: 'a', fingerprint: spec.fingerprint });
      expect(under.isAlive(handle)).toBe(true);
    });

    it('rejects with a KojiboxError when the program cannot be launched, and leaves no record', async () => {
      const under = setUp();
      await expect(under.driver.start(under.spec('a', 'missing'))).rejects.toMatchObject({
        name: 'KojiboxError',
        code: 'START_FAILED',
      });
      expect(await under.successor().recover()).toEqual([]);
    });

    it('refuses a second launch beside a live one', async () => {
      const under = setUp();
      const { spec, handle } = await launch(under, 'a');
      await expect(under.driver.start(spec)).rejects.toMatchObject({ code: 'START_FAILED' });
      expect(under.isAlive(handle)).toBe(true);
      expect(await under.successor().recover()).toHaveLength(1);
    });

    it('tells the end as a value, to everybody who waits, also afterwards', async () => {
      const under = setUp();
      const { handle } = await launch(under, 'a');
      const waits = [under.driver.wait(handle), under.driver.wait(handle)];
      under.crash(handle);
      for (const end of await Promise.all(waits)) expect(end).toEqual({ exitCode: null, signal: 'SIGKILL' });
      expect(await under.driver.wait(handle)).toEqual({ exitCode: null, signal: 'SIGKILL' });
    });

    it('stops waiting when told to', async () => {
      const under = setUp();
      const { handle } = await launch(under, 'a');
      const abort = new AbortController();
      const waiting = under.driver.wait(handle, abort.signal);
      abort.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      expect(under.isAlive(handle)).toBe(true);
    });

    it('stops gracefully and returns at once; twice, and after the end, is fine', async () => {
      const under = setUp();
      const { handle } = await launch(under, 'a');
      await under.driver.stop(handle, 'SIGTERM');
      await under.driver.stop(handle, 'SIGTERM');
      expect(await under.driver.wait(handle)).toEqual({ exitCode: 0, signal: null });
      await under.driver.stop(handle, 'SIGTERM');
    });

    it('kills what ignores signals; twice is fine', async () => {
      const under = setUp();
      const { handle } = await launch(under, 'a', 'ignores-signals');
      await under.driver.stop(handle, 'SIGTERM');
      expect(under.isAlive(handle)).toBe(true);
      await under.driver.kill(handle);
      expect(under.isAlive(handle)).toBe(false);
      await under.driver.kill(handle);
      await under.driver.release(handle);
      await under.driver.release(handle);
    });

    it('recovers what still runs in a new daemon, which then sees its end and can end it', async () => {
      const under = setUp();
      const { handle } = await launch(under, 'a', 'ignores-signals');
      const { handle: second } = await launch(under, 'b');
      const successor = under.successor();
      const found = await successor.recover();
      expect(found.sort((one, other) => one.id.localeCompare(other.id))).toEqual([handle, second]);
      const [first] = found;
      if (first === undefined) throw new Error('nothing was recovered');
      const ended = successor.wait(second);
      await successor.stop(second, 'SIGTERM');
      await ended;
      await successor.kill(first);
      expect(under.isAlive(handle)).toBe(false);
    });

    it('does not recover what ended, and forgets its record', async () => {
      const under = setUp();
      const { handle } = await launch(under, 'a');
      under.crash(handle);
      await under.driver.wait(handle);
      expect(await under.successor().recover()).toEqual([]);
      expect(await under.successor().recover()).toEqual([]);
    });

    it('can launch again after the end', async () => {
      const under = setUp();
      const { handle, spec } = await launch(under, 'a');
      await under.driver.kill(handle);
      await under.driver.release(handle);
      const again = await under.driver.start(spec);
      cleanUp.push(() => under.driver.kill(again));
      expect(again.pid).not.toBe(handle.pid);
      expect(under.isAlive(again)).toBe(true);
    });
  });
}
