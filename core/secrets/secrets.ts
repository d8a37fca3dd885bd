/** Secrets: sealed with AES-256-GCM under a key that the keychain or a file keeps; opened only when a service starts. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import type { JsonStore } from '../config/json-store.ts';
import type { SecretKey } from './secret-key.ts';

export const SealedSecretsSchema = z.record(
  z.string(),
  z.object({ iv: z.string(), tag: z.string(), data: z.string() }),
);
export type SealedSecrets = z.infer<typeof SealedSecretsSchema>;

export interface SecretRef {
  readonly key: string;
  readonly scope: 'app' | 'project' | 'service';
  /** Id of the project or service that alone may use it; left out: each of that scope. */
  readonly owner?: string | undefined;
}

export interface Secrets {
  /** Null when there is none. Rejects with CONFIG_CORRUPT when it cannot be opened with this key, SECRETS_LOCKED when there is no getting at the key. */
  get(ref: SecretRef): Promise<string | null>;
  set(ref: SecretRef, value: string): Promise<void>;
  /** The secret, made from 24 random letters and digits when there is none. */
  ensure(ref: SecretRef): Promise<string>;
  /** Every value that can be opened; for finding them where they must not be. */
  all(): Promise<string[]>;
  /** How many are kept. */
  count(): number;
  /** The text with every secret opened so far replaced by dots. */
  mask(text: string): string;
}

const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const LENGTH = 24;

export function createSecrets(options: {
  readonly key: Pick<SecretKey, 'get'>;
  readonly store: JsonStore<SealedSecrets>;
}): Secrets {
  const { store } = options;
  const opened = new Map<string, string>();
  const pending = new Map<string, Promise<string>>();
  const nameOf = ({ scope, owner, key: name }: SecretRef): string =>
    owner === undefined ? `${scope}/${name}` : `${scope}/${owner}/${name}`;

  const get: Secrets['get'] = async (ref) => {
    const name = nameOf(ref);
    const known = opened.get(name);
    if (known !== undefined) return known;
    const sealed = store.get()[name];
    if (sealed === undefined) return null;
    const key = await options.key.get();
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.iv, 'base64'), { authTagLength: 16 });
      // The name is bound to the content, so that sealed values cannot be swapped in the file.
      decipher.setAAD(Buffer.from(name)).setAuthTag(Buffer.from(sealed.tag, 'base64'));
      const value = Buffer.concat([decipher.update(Buffer.from(sealed.data, 'base64')), decipher.final()]).toString(
        'utf8',
      );
      opened.set(name, value);
      return value;
    } catch (cause) {
      throw new KojiboxError('CONFIG_CORRUPT', `cannot open the secret ${name}`, {
        detail: 'app/config/secrets.json or its key was altered, or they do not belong together',
        source: 'secrets',
        remedy: 'Put both files back from a backup, or set the secret again.',
        cause,
      });
    }
  };

  const set: Secrets['set'] = async (ref, value) => {
    const name = nameOf(ref);
    const key = await options.key.get();
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
    cipher.setAAD(Buffer.from(name));
    const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    await store.update((all) => ({
      ...all,
      [name]: { iv: iv.toString('base64'), tag: cipher.getAuthTag().toString('base64'), data: data.toString('base64') },
    }));
    opened.set(name, value);
  };

  return {
    get,
    set,
    ensure(ref) {
      const name = nameOf(ref);
      const running = pending.get(name);
      if (running !== undefined) return running;
      const made = (async (): Promise<string> => {
        const known = await get(ref);
        if (known !== null) return known;
        const value = Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
        await set(ref, value);
        return value;
      })().finally(() => pending.delete(name));
      pending.set(name, made);
      return made;
    },
    async all() {
      const values = await Promise.all(
        Object.keys(store.get()).map((name) => {
          const [scope = '', ...rest] = name.split('/');
          const [key = '', owner] = rest.reverse();
          return get({ scope: scope as SecretRef['scope'], key, owner }).catch(() => null);
        }),
      );
      return values.filter((value) => value !== null);
    },
    count: () => Object.keys(store.get()).length,
    mask(text) {
      let masked = text;
      for (const value of opened.values()) if (value.length >= 6) masked = masked.replaceAll(value, '••••••');
      return masked;
    },
  };
}
