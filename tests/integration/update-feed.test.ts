/** Where updates come from: the setting, the environment, and what is remembered of the last look. With a real daemon and a real feed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { UpdateCheck, UpdateStatus } from '../../contract/updater.ts';
import { createUpdateWorld, makeKey, type UpdateWorld } from './update-world.ts';

const DAY_MS = 86_400_000;
let world: UpdateWorld;
beforeAll(async () => {
  world = await createUpdateWorld();
  await world.freshInstallation('1.0.0', { env: { KOJIBOX_UPDATE_FEED: '' } });
  world.offer([world.publish('1.1.0')]);
});
afterAll(() => world.remove());

const feed = async (...args: string[]): Promise<Pick<UpdateStatus, 'feed' | 'checks'>> =>
  JSON.parse((await world.koji('update', 'feed', ...args, '--json')).stdout) as UpdateStatus;
const check = (): Promise<UpdateCheck> => world.call<UpdateCheck>('updater.check');

it('nothing is asked until a feed is set; what is no feed is refused, with the cure', async () => {
  expect(await feed()).toMatchObject({
    feed: { address: null, from: 'nobody' },
    checks: { daily: true, lastAt: null, lastError: null, nextAt: null },
  });
  expect(await check()).toMatchObject({ feed: null, available: false });
  expect(await world.refusal('update', 'apply')).toBe('NOT_FOUND');
  const refused = await world.koji('update', 'feed', 'http://example.com/feed.json');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/https:\/\/.*\n.*koji update feed https/s);
  expect((await feed()).feed.address).toBeNull();
});

it('an address, a path, none: each is in use at once', async () => {
  const address = `${world.server.url}/feed.json`;
  expect((await feed(address)).feed).toEqual({ address, from: 'setting' });
  expect(await check()).toMatchObject({ feed: address, available: true, version: '1.1.0' });

  const file = join(world.root, 'feed.json');
  writeFileSync(file, world.server.files.get('feed.json') ?? '');
  expect((await feed(file)).feed).toEqual({ address: file, from: 'setting' });
  expect(await check()).toMatchObject({ feed: file, available: true });

  expect((await feed('--none')).feed).toEqual({ address: null, from: 'setting' });
  expect(await check()).toMatchObject({ feed: null, available: false });
  expect((await feed('--default')).feed).toEqual({ address: null, from: 'nobody' });
  await feed(address);
});

it('remembers over a restart when it looked, and looks again a day later', async () => {
  await check();
  const before = (await feed()).checks;
  expect(Date.now() - Date.parse(before.lastAt ?? '')).toBeLessThan(60_000);
  await world.koji('quit');
  await world.kojiWith({ KOJIBOX_UPDATE_FEED: '' }, 'info');
  const { checks } = await feed();
  expect(checks.lastAt).toBe(before.lastAt);
  const wait = Date.parse(checks.nextAt ?? '') - Date.parse(before.lastAt ?? '');
  expect(wait).toBeGreaterThanOrEqual(DAY_MS);
  expect(wait).toBeLessThanOrEqual(DAY_MS + 600_000);
  expect((await feed('--daily', 'off')).checks).toMatchObject({ daily: false, nextAt: null });
  expect((await feed('--daily', 'on')).checks.daily).toBe(true);
});

it('says why the last look failed, until one does not', async () => {
  const good = world.server.files.get('feed.json') ?? '';
  world.offer([], { key: makeKey() });
  await expect(check()).rejects.toThrow(/UPDATE_SIGNATURE_INVALID/);
  expect((await feed()).checks.lastError?.code).toBe('UPDATE_SIGNATURE_INVALID');
  expect((await world.koji('update', 'status')).stdout).toContain('failed: Update package signature mismatch');
  world.server.files.delete('feed.json');
  await expect(check()).rejects.toThrow(/DOWNLOAD_FAILED/);
  const { lastError, lastAt, nextAt } = (await feed()).checks;
  expect(lastError?.code).toBe('DOWNLOAD_FAILED');
  // Nobody answered: the machine may be without a network, and is not asked for a whole day later.
  expect(Date.parse(nextAt ?? '') - Date.parse(lastAt ?? '')).toBeLessThan(DAY_MS / 2);
  world.server.files.set('feed.json', good);
  await check();
  expect((await feed()).checks.lastError).toBeNull();
});

it('the environment wins, and it is said', async () => {
  await world.koji('quit');
  await world.koji('info');
  await feed('/nowhere/feed.json');
  const shown = await world.koji('update', 'feed');
  expect(shown.stdout).toContain(`${world.server.url}/feed.json`);
  expect(shown.stdout).toContain('KOJIBOX_UPDATE_FEED');
  expect((await feed()).feed.from).toBe('environment');
});
