import { describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import type { FileSystem } from '../system/files.ts';
import type { Keychain } from './keychain.ts';
import { createSecretKey, type SecretKey } from './secret-key.ts';

/** A disk and a keychain that outlive the daemon, and can be made to fail at the nth write. */
function createWorld() {
  const disk = new Map<string, Buffer>();
  const entries = new Map<string, Buffer>();
  const world = { disk, entries, there: true, deaf: false, failAfter: Infinity, sealed: true };
  const step = (): void => {
    if (--world.failAfter < 0) throw new Error('killed');
  };
  const files = {
    readBytes: async (path: string) => disk.get(path) ?? null,
    readText: async (path: string) => disk.get(path)?.toString() ?? null,
    async writeAtomic(path: string, content: string | Uint8Array) {
      step();
      disk.set(path, Buffer.from(content));
    },
    async remove(path: string) {
      step();
      disk.delete(path);
    },
  } as unknown as FileSystem;
  const locked = (): KojiboxError => new KojiboxError('SECRETS_LOCKED', 'locked', { source: 'test' });
  const keychain: Keychain = {
    label: 'test keychain',
    absence: () => (world.there ? null : 'no session'),
    async read(account) {
      if (!world.there) return { state: 'unavailable', reason: 'no session' };
      const key = entries.get(account);
      return key === undefined ? { state: 'empty' } : { state: 'found', key };
    },
    async write(account, key) {
      step();
      if (!world.there) throw locked();
      if (!world.deaf) entries.set(account, key);
    },
    async remove(account) {
      step();
      if (!world.there) throw locked();
      entries.delete(account);
    },
  };
  const open = (): Promise<SecretKey> =>
    createSecretKey({
      files,
      keychain,
      keyFile: '/key',
      placeFile: '/place',
      hasSealed: () => world.sealed,
      recordEntry: (_account, make) => make(),
      entryRemoved: () => Promise.resolve(),
    });
  return Object.assign(world, { open });
}

const withKey = () => {
  const world = createWorld();
  const key = Buffer.alloc(32, 7);
  world.disk.set('/key', key);
  return { world, key };
};

describe('the key of the secrets', () => {
  it.each(['keychain', 'file'] as const)('survives a kill at every step of the way to the %s', async (to) => {
    for (let at = 0; at < 8; at++) {
      const { world, key } = withKey();
      if (to === 'file') await (await world.open()).moveTo('keychain');
      world.failAfter = at;
      await (await world.open()).moveTo(to).catch(() => undefined);
      world.failAfter = Infinity;
      const next = await world.open();
      expect((await next.get()).equals(key), `killed at step ${at}`).toBe(true);
      await next.moveTo(to);
      expect(world.disk.has('/key')).toBe(to === 'file');
      expect((await (await world.open()).get()).equals(key)).toBe(true);
    }
  });

  it('stays in the file when the keychain does not give back what it got', async () => {
    const { world, key } = withKey();
    world.deaf = true;
    const secretKey = await world.open();
    expect(await secretKey.adopt()).toContain('did not give back');
    expect(world.disk.get('/key')?.equals(key)).toBe(true);
    await expect(secretKey.moveTo('keychain')).rejects.toMatchObject({ code: 'SECRETS_LOCKED' });
  });

  it('is never made anew over secrets that are sealed with another', async () => {
    const world = createWorld();
    await expect((await world.open()).get()).rejects.toMatchObject({ code: 'CONFIG_CORRUPT' });
    expect(world.disk.size).toBe(0);
    world.sealed = false;
    expect(await (await world.open()).get()).toHaveLength(32);
  });

  it('does not take an old file for the key that the keychain has', async () => {
    const { world, key } = withKey();
    await (await world.open()).moveTo('keychain');
    world.disk.set('/key', Buffer.alloc(32, 1));
    const secretKey = await world.open();
    expect((await secretKey.get()).equals(key)).toBe(true);
    expect([...world.entries.values()][0]?.equals(key)).toBe(true);
  });

  it('says that another key is in the keychain', async () => {
    const { world } = withKey();
    await (await world.open()).moveTo('keychain');
    for (const account of world.entries.keys()) world.entries.set(account, Buffer.alloc(32, 9));
    await expect((await world.open()).get()).rejects.toMatchObject({
      code: 'SECRETS_LOCKED',
      detail: expect.stringContaining('another key'),
    });
  });

  it('can be rescued into the file while it is in memory and the keychain is gone', async () => {
    const { world, key } = withKey();
    await (await world.open()).moveTo('keychain');
    const secretKey = await world.open();
    await secretKey.get();
    world.there = false;
    await expect(secretKey.moveTo('file')).rejects.toMatchObject({ code: 'SECRETS_LOCKED' });
    expect((await (await world.open()).get()).equals(key)).toBe(true);
  });
});
