/** Who signs packs made here, and whose packs are accepted here. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import { PackKeySchema, type PackKey } from '../../contract/packs.ts';
import type { JsonStore } from '../config/json-store.ts';
import { timestamp, type Clock } from '../system/clock.ts';
import type { FileSystem } from '../system/files.ts';
import { fingerprintOf } from './pack-manifest.ts';

export const PackKeysSchema = z.array(PackKeySchema);

export interface PackKeys {
  /** PEM of this home's own key, which is made when it is first asked for. */
  ownKey(): Promise<string>;
  /** The own key first. */
  list(): Promise<PackKey[]>;
  trustOf(fingerprint: string): Promise<'own' | 'known' | 'unknown'>;
  accept(fingerprint: string, name: string): Promise<void>;
  /** Rejects with NOT_FOUND; the own key cannot be forgotten. */
  forget(fingerprint: string): Promise<void>;
}

export function createPackKeys(options: {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly keyFile: string;
  readonly store: JsonStore<PackKey[]>;
  /** How this home calls itself in packs. */
  readonly name: string;
}): PackKeys {
  const { files, clock, keyFile, store, name } = options;
  let reading: Promise<string> | undefined;

  const readOrMake = async (): Promise<string> => {
    const known = await files.readText(keyFile);
    if (known !== null) return known;
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await files.writeAtomic(keyFile, pem, { mode: 0o600 });
    return pem;
  };
  const ownKey = (): Promise<string> =>
    (reading ??= readOrMake().catch((error: unknown) => {
      reading = undefined;
      throw error;
    }));
  const ownFingerprint = async (): Promise<string> => fingerprintOf(createPublicKey(createPrivateKey(await ownKey())));

  return {
    ownKey,
    list: async () => [{ fingerprint: await ownFingerprint(), name, acceptedAt: null }, ...store.get()],
    async trustOf(fingerprint) {
      if (fingerprint === (await ownFingerprint())) return 'own';
      return store.get().some((key) => key.fingerprint === fingerprint) ? 'known' : 'unknown';
    },
    async accept(fingerprint, signer) {
      await store.update((keys) => [
        ...keys.filter((key) => key.fingerprint !== fingerprint),
        { fingerprint, name: signer, acceptedAt: timestamp(clock) },
      ]);
    },
    async forget(fingerprint) {
      if (!store.get().some((key) => key.fingerprint === fingerprint)) {
        throw new KojiboxError('NOT_FOUND', 'there is no such key to forget', {
          detail: fingerprint,
          source: 'packs',
          remedy: 'See: koji pack keys',
        });
      }
      await store.update((keys) => keys.filter((key) => key.fingerprint !== fingerprint));
    },
  };
}
