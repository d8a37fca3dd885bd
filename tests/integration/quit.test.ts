/** `koji quit` ends everything, also what a crashed daemon has left. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { isAlive } from './daemon-calls.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;

beforeAll(() => {
  world = createStackWorld();
});
afterAll(() => world.remove());

it('stops the services of a daemon that was killed together with its guardian', async () => {
  await world.call('services.define', { id: 'left', binary: '/bin/sleep', args: ['600'] });
  await world.call('services.start', { id: 'left' });
  const service = (await world.services()).find(({ id }) => id === 'left')?.pid ?? 0;
  expect(isAlive(service)).toBe(true);
  const { pid } = world.daemonFile();
  const guardian = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  for (const each of [guardian, pid]) process.kill(each, 'SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 60_000 });

  expect(await world.koji('quit')).toContain('Kojibox ended');
  await vi.waitFor(() => expect(isAlive(service)).toBe(false), { timeout: 60_000 });
  expect(await world.koji('quit')).toContain('was not running');
});
