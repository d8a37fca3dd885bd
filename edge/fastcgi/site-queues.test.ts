import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SiteQueues } from './site-queues.ts';

const MOST = 20;
/** Starts whatever may start, as the pool does. */
const fill = (queues: SiteQueues<string>): string[] => {
  const started: string[] = [];
  for (let next = queues.next(); next !== undefined; next = queues.next()) {
    queues.started(next);
    started.push(next);
  }
  return started;
};
const addMany = (queues: SiteQueues<string>, site: string, count: number): void => {
  for (let at = 0; at < count; at++) queues.add(site, site);
};

test('a site alone gets three quarters; the next ones start at once', () => {
  const queues = new SiteQueues<string>(MOST);
  addMany(queues, 'slow.test', 100);
  expect(fill(queues)).toHaveLength(15);
  for (const site of ['a.test', 'b.test', 'c.test']) {
    expect(queues.mayStart(site)).toBe(true);
    queues.started(site);
  }
  expect(queues.holders()).toBe('slow.test (15), a.test (1), b.test (1), c.test (1)');
});

test('what waits is served site by site in turn', () => {
  const queues = new SiteQueues<string>(1);
  addMany(queues, 'a.test', 3);
  addMany(queues, 'b.test', 3);
  const order: string[] = [];
  for (let next = queues.next(); next !== undefined; next = queues.next()) {
    queues.started(next);
    order.push(next);
    queues.ended(next);
  }
  expect(order).toEqual(['a.test', 'b.test', 'a.test', 'b.test', 'a.test', 'b.test']);
});

test('property: all that waits is served in the end, never more than there are, and no site without any waits while one is free', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 24 }),
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), { maxLength: 200 }),
      (most, steps) => {
        const queues = new SiteQueues<string>(most);
        const running: string[] = [];
        let added = 0;
        let served = 0;
        for (const [site, ends] of [...steps, ...steps.map(([site]) => [site, true] as const)]) {
          if (ends && running.length > 0) queues.ended(running.shift() as string);
          if (added < steps.length) {
            queues.add(site, site);
            added += 1;
          }
          const started = fill(queues);
          served += started.length;
          running.push(...started);
          expect(running.length).toBeLessThanOrEqual(most);
          if (running.length < most)
            for (const waiting of queues.filter(() => true)) expect(running).toContain(waiting);
        }
        while (running.length > 0) {
          queues.ended(running.shift() as string);
          const started = fill(queues);
          served += started.length;
          running.push(...started);
        }
        expect([served, queues.size]).toEqual([added, 0]);
      },
    ),
  );
});
