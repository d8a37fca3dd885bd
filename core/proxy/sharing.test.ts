import { describe, expect, it, vi } from 'vitest';
import type { Share } from '../../contract/sharing.ts';
import type { JsonStore } from '../config/json-store.ts';
import { createHandClock } from '../services/testing/hand-clock.ts';
import type { System } from '../system/system.ts';
import { createSharing } from './sharing.ts';

const setUp = (addresses = [{ address: '192.168.7.20', kind: 'private' as const }]) => {
  const clock = createHandClock();
  let value: Share[] = [];
  const store: JsonStore<Share[]> = { get: () => value, update: (change) => Promise.resolve((value = change(value))) };
  const applySites = vi.fn(() => Promise.resolve());
  const system = { clock, network: { addresses: () => addresses }, log: { error: vi.fn() } } as unknown as System;
  const release = vi.fn(() => Promise.resolve());
  const ports = {
    assign: (_: string, fallback: number) => Promise.resolve(fallback),
    registry: vi.fn(),
    lost: () => Promise.resolve(null),
    release,
  };
  return {
    clock,
    store,
    applySites,
    release,
    sharing: createSharing({ system, ports, store, applySites, isProject: () => true }),
  };
};

describe('sharing a site', () => {
  it('ends by itself when its time is over', async () => {
    const { sharing, clock, applySites, store } = setUp();
    const share = await sharing.begin('shop', 2, undefined);
    expect(share).toMatchObject({ url: 'http://192.168.7.20:8090/', address: '192.168.7.20', port: 8090 });
    expect(sharing.list()).toEqual([share]);
    await clock.advance(2 * 3_600_000 - 1000);
    expect(sharing.list()).toHaveLength(1);
    await clock.advance(1001);
    expect(sharing.list()).toEqual([]);
    await vi.waitFor(() => expect(applySites).toHaveBeenCalledTimes(2));
    expect(store.get()).toEqual([]);
  });

  it('begins its time anew when asked again, and takes up the clock of an earlier daemon', async () => {
    const { sharing, clock, store } = setUp();
    await sharing.begin('shop', 1, undefined);
    await clock.advance(1_800_000);
    await sharing.begin('shop', 1, undefined);
    await clock.advance(1_800_001);
    expect(sharing.list()).toHaveLength(1);
    sharing.resume();
    await clock.advance(1_800_000);
    await vi.waitFor(() => expect(store.get()).toEqual([]));
  });

  it('is refused in no network, and on an address that is public or not ours', async () => {
    await expect(setUp([]).sharing.begin('shop', 1, undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const { sharing } = setUp([{ address: '203.0.113.9', kind: 'public' as never }]);
    await expect(sharing.begin('shop', 1, undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(sharing.begin('shop', 1, '203.0.113.9')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(sharing.begin('shop', 1, '192.168.1.1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is neither begun nor ended when the sites cannot be applied', async () => {
    const { sharing, applySites, store } = setUp();
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    applySites.mockRejectedValueOnce(full);
    await expect(sharing.begin('shop', 2, undefined)).rejects.toBe(full);
    expect([store.get(), sharing.list()]).toEqual([[], []]);

    const share = await sharing.begin('shop', 2, undefined);
    applySites.mockRejectedValueOnce(full);
    await expect(sharing.begin('shop', 9, undefined)).rejects.toBe(full);
    expect(store.get()).toEqual([share]);
    applySites.mockRejectedValueOnce(full);
    await expect(sharing.end('shop')).rejects.toBe(full);
    expect(store.get()).toEqual([share]);
    await sharing.end('shop');
    expect(store.get()).toEqual([]);
  });

  it('does not pass to a later project of the same id', async () => {
    const { sharing, store, release } = setUp();
    await sharing.begin('shop', 2, undefined);
    await sharing.forget('shop');
    expect(store.get()).toEqual([]);
    expect(release).toHaveBeenCalledWith('share.shop');
    await sharing.forget('blog');
  });

  it('is not ended where it never began', async () => {
    await expect(setUp().sharing.end('shop')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
