import { describe, expect, it } from 'vitest';
import type { ServiceMetrics, ServiceState } from '../../contract/services.ts';
import { createHandClock, settle, type HandClock } from '../services/testing/hand-clock.ts';
import type { Processes } from '../system/processes.ts';
import type { Sample } from './sample.ts';
import { createMetricsSampler, type MetricsSampler } from './sampler.ts';

interface World {
  readonly clock: HandClock;
  readonly sampler: MetricsSampler;
  readonly recorded: Sample[];
  readonly published: ServiceMetrics[][];
  readonly looks: number;
}

/** One service that uses a quarter of a core, on a machine half of whose two cores are busy. @param failing which looks fail, from 1 */
function createWorld(failing: ReadonlySet<number> = new Set()): World {
  const clock = createHandClock();
  const recorded: Sample[] = [];
  const published: ServiceMetrics[][] = [];
  let looks = 0;
  const processes = {
    usages: (pids: readonly number[]) =>
      Promise.resolve(new Map(pids.map((pid) => [pid, { cpuMs: clock.now() / 4, memoryBytes: 1_048_576 }]))),
    hostUsage: () => {
      looks += 1;
      if (failing.has(looks)) return Promise.reject(new Error('EMFILE'));
      return Promise.resolve({ busyMs: clock.now(), totalMs: clock.now() * 2, memoryBytes: 2_097_152 });
    },
  } as unknown as Processes;
  const states = [
    { id: 'redis', pid: 5, restarts: 1 },
    { id: 'php', pid: null, restarts: 0 },
  ] as unknown as ServiceState[];
  const sampler = createMetricsSampler({
    clock,
    processes,
    states: () => states,
    publish: (metrics) => published.push(metrics),
    record: (sample) => recorded.push(sample),
  });
  return {
    clock,
    sampler,
    recorded,
    published,
    get looks() {
      return looks;
    },
  };
}

describe('the sampler', () => {
  it('records every 5 s, publishes nothing, and looks no more often than that', async () => {
    const world = createWorld();
    await world.clock.advance(60_000);
    expect(world.recorded).toHaveLength(12);
    expect(world.recorded.at(-1)).toMatchObject({
      host: { cpuPercent: 50, memMB: 2, restarts: 1 },
      services: [{ id: 'redis', cpuPercent: 25, memMB: 1, restarts: 1 }],
    });
    expect(world.published).toEqual([]);
    expect(world.looks).toBe(13);
  });

  it('publishes every 2 s while somebody looks, and still records every 5 s', async () => {
    const world = createWorld();
    await world.clock.advance(5000);
    world.sampler.setActive(true);
    world.sampler.setActive(true);
    await world.clock.advance(20_000);
    expect(world.published).toHaveLength(11);
    expect(world.published.at(-1)).toMatchObject([{ id: 'redis', cpuPercent: 25, memMB: 1 }]);
    const beats = world.recorded.map(({ ts }) => ts - world.recorded[0]!.ts);
    expect(beats).toEqual([0, 5000, 10_000, 15_000, 20_000]);
    world.sampler.setActive(false);
    await world.clock.advance(20_000);
    expect(world.published).toHaveLength(11);
    expect(world.recorded).toHaveLength(9);
  });

  it('answers with the last sample, or takes the first one now', async () => {
    const world = createWorld();
    await settle();
    await world.clock.advance(1000);
    expect(await world.sampler.latest()).toMatchObject({ host: { cpuPercent: 50 } });
    await world.clock.advance(6000);
    expect(await world.sampler.latest()).toBe(world.recorded[0]);
  });

  it('leaves out the beats on which it cannot look, and goes on', async () => {
    const world = createWorld(new Set([1, 3, 4]));
    await world.clock.advance(25_000);
    expect(world.recorded).toHaveLength(3);
    expect(world.recorded.at(-1)).toMatchObject({ host: { cpuPercent: 50 } });
    expect(world.looks).toBe(6);
  });

  it('is silent once stopped', async () => {
    const world = createWorld();
    world.sampler.setActive(true);
    world.sampler.stop();
    await world.clock.advance(60_000);
    expect([world.recorded, world.published]).toEqual([[], []]);
  });
});
