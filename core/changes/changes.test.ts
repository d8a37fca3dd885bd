import { describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import type { Change } from '../../contract/changes.ts';
import type { Clock } from '../system/clock.ts';
import { createChanges } from './changes.ts';

function clockByHand(): Clock & { advance(ms: number): void } {
  let now = 0;
  let timers: { at: number; run(): void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { run } of due) run();
    },
  };
}

const setUp = () => {
  const clock = clockByHand();
  const published: Change[] = [];
  const changes = createChanges({
    clock,
    publish: (change) => published.push(change),
    toError: (error) =>
      error instanceof KojiboxError ? error : new KojiboxError('INTERNAL', 'cannot go on', { source: 'test' }),
  });
  return { clock, published, changes };
};

describe('changes', () => {
  it('reports tasks, speed, progress and the end', async () => {
    const { clock, published, changes } = setUp();
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const running = changes.run('runtime.install', 'install php', async ({ task }) => {
      const php = task('php', 'php 8.2');
      php.step('fetch');
      clock.advance(1000);
      php.bytes(0, 2000);
      clock.advance(1000);
      php.bytes(1000, 2000);
      await gate;
      php.done();
    });
    expect(running.change.status).toBe('running');
    await Promise.resolve();
    clock.advance(100);
    const half = published.at(-1);
    expect(half?.tasks[0]).toMatchObject({ status: 'running', step: 'fetch', doneBytes: 1000, totalBytes: 2000 });
    expect(half?.tasks[0]?.bytesPerSecond).toBeGreaterThan(800);
    expect(half?.progress).toBeCloseTo(0.425, 2);
    expect(half?.remainingMs).toBeGreaterThan(0);
    go();
    const ended = await running.ended;
    expect(ended).toMatchObject({ status: 'done', progress: 1, error: null });
    expect(published.at(-1)).toEqual(ended);
  });

  it('publishes at most once in 100 ms', async () => {
    const { clock, published, changes } = setUp();
    const running = changes.run('stack.up', 'x', async ({ task }) => {
      const reporter = task('a', 'a');
      for (let index = 0; index < 1000; index++) reporter.bytes(index, 1000);
      clock.advance(100);
      reporter.done();
      await Promise.resolve();
    });
    await running.ended;
    expect(published.length).toBe(2);
  });

  it('has nothing under way once it has ended, whatever still reports', async () => {
    const { clock, changes } = setUp();
    let late = (): void => undefined;
    const failing = changes.run('stack.up', 'start', async ({ task }) => {
      const [php, site] = [task('php', 'PHP 8.2'), task('site', 'HTTPS')];
      php.step('start');
      site.step('certificates');
      late = () => {
        site.step('request');
        site.bytes(1, 2);
        site.done('https://hello.test answers 200');
        clock.advance(1000);
      };
      php.fail('it ended');
      throw new Error('it ended');
    });
    await expect(failing.ended).rejects.toThrow();
    const statuses = (): string[] => changes.get(failing.change.id).tasks.map(({ status }) => status);
    expect(statuses()).toEqual(['failed', 'skipped']);
    late();
    expect(statuses()).toEqual(['failed', 'skipped']);
    expect(changes.get(failing.change.id).status).toBe('failed');
  });

  it('fails what was under way when nothing else says that it did', async () => {
    const { changes } = setUp();
    const failing = changes.run('runtime.install', 'install node', async ({ task }) => {
      task('node', 'Node 22').step('fetch');
      throw new Error('no network');
    });
    await expect(failing.ended).rejects.toThrow();
    expect(changes.get(failing.change.id).tasks.map(({ status }) => status)).toEqual(['failed']);
  });

  it('keeps the code of a failure, and calls a cancelled one cancelled', async () => {
    const { changes } = setUp();
    const failed = changes.run('stack.up', 'x', () =>
      Promise.reject(new KojiboxError('DISK_FULL', 'cannot unpack', { source: 'runtime' })),
    );
    await expect(failed.ended).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(changes.get(failed.change.id)).toMatchObject({ status: 'failed', error: { code: 'DISK_FULL' } });

    const waiting = changes.run(
      'stack.down',
      'z',
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    await Promise.resolve();
    expect(changes.running('stack.down')).toBeDefined();
    changes.cancel(waiting.change.id);
    await expect(waiting.ended).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(changes.get(waiting.change.id).status).toBe('cancelled');
    expect(() => changes.get('nothing')).toThrow(/no change/);
  });
});
