import { expect, it } from 'vitest';
import { createHandClock } from '../services/testing/hand-clock.ts';
import { createFolderWatch } from './folder-watch.ts';

function world() {
  const clock = createHandClock();
  const gone = new Set<string>();
  let applied = 0;
  const watch = createFolderWatch({
    clock,
    folders: () => ['/a', '/b'],
    isThere: async (path) => !gone.has(path),
    changed: async () => void applied++,
  });
  return { clock, gone, watch, applied: () => applied };
}

it('brings the sites up to date when a folder has gone and when it is back, and only then', async () => {
  const { gone, watch, applied } = world();
  await watch.look();
  await watch.look();
  expect(applied()).toBe(0);
  gone.add('/b');
  await watch.look();
  await watch.look();
  expect(applied()).toBe(1);
  gone.clear();
  await watch.look();
  expect(applied()).toBe(2);
});

it('looks by itself only while it is active', async () => {
  const { clock, gone, watch, applied } = world();
  await watch.look();
  gone.add('/a');
  await clock.advance(10_000);
  expect(applied()).toBe(0);
  watch.setActive(true);
  watch.setActive(true);
  await clock.advance(3500);
  expect(applied()).toBe(1);
  gone.clear();
  await clock.advance(3500);
  expect(applied()).toBe(2);
  watch.setActive(false);
  gone.add('/a');
  await clock.advance(10_000);
  expect(applied()).toBe(2);
});

it('does not wait for a disk that hangs', async () => {
  const clock = createHandClock();
  const watch = createFolderWatch({
    clock,
    folders: () => ['/hangs'],
    isThere: () => new Promise(() => undefined),
    changed: async () => undefined,
  });
  let ended = false;
  void watch.look().then(() => (ended = true));
  await clock.advance(2100);
  expect(ended).toBe(true);
});
