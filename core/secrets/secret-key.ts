/**
 * The key under which secrets are sealed: in the keychain of the operating system where one answers, else in a file of mode 0600.
 * It moves between the two without ever being in neither: written and read back there before it is removed here.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import type { FileSystem } from '../system/files.ts';
import type { Keychain } from './keychain.ts';
import { saySecret } from '../../contract/sentences/secrets.ts';

const KEY_BYTES = 32;

/** Where the key is. The file of the key itself comes first: a move that was cut off in the middle left it there. */
const KeyPlaceSchema = z.object({
  place: z.enum(['file', 'keychain']),
  /** Name of the entry in the keychain, chosen before it is written. */
  account: z.string().regex(/^[0-9a-f]{16}$/),
  /** Tells this key from another one without giving it away. */
  check: z.string().nullable(),
  /** The user wants it there; not moved by itself. */
  pinned: z.boolean(),
});
type KeyPlace = z.infer<typeof KeyPlaceSchema>;

export interface SecretKeyStatus {
  /** `none`: no secret was kept yet, so there is no key. */
  readonly place: 'file' | 'keychain' | 'none';
  /** Whether the key can be had now. */
  readonly usable: boolean;
  readonly reason: string;
}

export interface SecretKey {
  /** Makes one when there is none and nothing is sealed. Rejects with SECRETS_LOCKED or CONFIG_CORRUPT; never replaces a key. */
  get(): Promise<Buffer>;
  /** Asks the keychain when the key is there. */
  status(): Promise<SecretKeyStatus>;
  /** The entry in the keychain, or null when the key is not there. */
  entry(): string | null;
  /**
   * Moves a key that is in the file, when a keychain answers and the user did not choose the file. Never rejects.
   *
   * @returns why it stayed, or null when it is in the keychain
   */
  adopt(): Promise<string | null>;
  /** Rejects with SECRETS_LOCKED. Never loses the key: on the way to the file only the old entry may be left in the keychain. */
  moveTo(place: 'file' | 'keychain'): Promise<void>;
}

export interface SecretKeyOptions {
  readonly files: FileSystem;
  readonly keyFile: string;
  /** Says where the key is; holds no secret. */
  readonly placeFile: string;
  readonly keychain: Keychain;
  /** Whether anything is sealed already. */
  hasSealed(): boolean;
  /** Around writing into the keychain: the change of this system is written down first. */
  recordEntry(account: string, make: () => Promise<void>): Promise<void>;
  /** The entry was taken out of the keychain. */
  entryRemoved(): Promise<void>;
}

export async function createSecretKey(options: SecretKeyOptions): Promise<SecretKey> {
  const { files, keyFile, placeFile, keychain } = options;
  let place = await readPlace(files, placeFile);
  let known = await readKeyFile(files, keyFile);
  // An older key that came back from a backup must not take the place of the one in use.
  if (known !== null && place?.place === 'keychain' && place.check !== checkOf(known)) known = null;
  let inFile = known !== null;
  let asking: Promise<Buffer> | undefined;
  let moving: Promise<unknown> = Promise.resolve();

  const savePlace = async (next: KeyPlace): Promise<void> => {
    await files.writeAtomic(placeFile, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
    place = next;
  };

  const fromKeychain = async (current: KeyPlace): Promise<Buffer> => {
    const answer = await keychain.read(current.account, true);
    if (answer.state === 'found') {
      if (current.check === null || isSame(current.check, checkOf(answer.key))) return answer.key;
      throw locked(keychain, saySecret('otherKey', { entry: `kojibox/${current.account}` }));
    }
    throw locked(
      keychain,
      answer.state === 'empty' ? saySecret('noEntry', { entry: `kojibox/${current.account}` }) : answer.reason,
    );
  };

  const make = async (): Promise<Buffer> => {
    if (options.hasSealed())
      throw new KojiboxError('CONFIG_CORRUPT', 'cannot find the key of the secrets', {
        detail: `${keyFile} is missing, and no keychain is said to have it`,
        source: 'secrets',
        remedy:
          'Put the file back from a backup. To start without the stored passwords, move app/config/secrets.json away.',
      });
    const made = randomBytes(KEY_BYTES);
    await files.writeAtomic(keyFile, made, { mode: 0o600 });
    inFile = true;
    return made;
  };

  const get = (): Promise<Buffer> => {
    if (known !== null) return Promise.resolve(known);
    asking ??= (place?.place === 'keychain' ? fromKeychain(place) : make())
      .then((key) => (known = key))
      .finally(() => (asking = undefined));
    return asking;
  };

  const toKeychain = async (pinned: boolean): Promise<void> => {
    const key = await get();
    const account = place?.account ?? randomBytes(8).toString('hex');
    if (place === null || place.place !== 'file')
      await savePlace({ place: 'file', account, check: null, pinned: false });
    await options.recordEntry(account, async () => {
      await keychain.write(account, key);
      const answer = await keychain.read(account, false);
      if (answer.state !== 'found' || !answer.key.equals(key)) throw locked(keychain, saySecret('notGivenBack'));
    });
    await savePlace({ place: 'keychain', account, check: checkOf(key), pinned });
    await files.remove(keyFile);
    inFile = false;
  };

  const toFile = async (): Promise<void> => {
    const key = await get();
    const account = place?.account ?? randomBytes(8).toString('hex');
    await files.writeAtomic(keyFile, key, { mode: 0o600 });
    const written = await files.readBytes(keyFile);
    if (written === null || !key.equals(written)) throw unreadable(keyFile);
    inFile = true;
    await savePlace({ place: 'file', account, check: null, pinned: true });
    // Last: whatever happens to the keychain, the key is here now.
    await keychain.remove(account);
    await options.entryRemoved();
  };

  /** One move at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = moving.then(work);
    moving = mine.catch(() => undefined); // The caller of `mine` gets the error.
    return mine;
  };
  const isInKeychain = (): boolean => !inFile && place?.place === 'keychain';

  return {
    get,
    entry: () => (isInKeychain() ? (place?.account ?? null) : null),

    async status() {
      if (isInKeychain()) {
        const failed = await get().then(
          () => null,
          (error: unknown) => (error instanceof KojiboxError ? error.detail : String(error)),
        );
        return {
          place: 'keychain',
          usable: failed === null,
          reason: failed ?? saySecret('keptBy', { keychain: keychain.label }),
        };
      }
      if (inFile) {
        const why = place?.pinned === true ? saySecret('movedThere') : keychain.absence();
        return { place: 'file', usable: true, reason: why ?? saySecret('notTaken', { keychain: keychain.label }) };
      }
      if (options.hasSealed())
        return { place: 'none', usable: false, reason: saySecret('fileMissing', { file: keyFile }) };
      return { place: 'none', usable: true, reason: saySecret('noneKept') };
    },

    adopt: () =>
      inTurn(async () => {
        if (isInKeychain()) return null;
        if (place?.pinned === true) return saySecret('keptInFile');
        const absence = keychain.absence();
        if (absence !== null) return absence;
        try {
          await toKeychain(false);
          return null;
        } catch (error) {
          return error instanceof KojiboxError ? error.detail : String(error);
        }
      }),

    moveTo: (wanted) =>
      inTurn(async () => {
        if (wanted === 'file') return toFile();
        if (isInKeychain()) return undefined;
        const absence = keychain.absence();
        if (absence !== null) throw locked(keychain, absence);
        return toKeychain(true);
      }),
  };
}

const checkOf = (key: Uint8Array): string => createHmac('sha256', key).update('kojibox secrets key').digest('hex');
const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const locked = (keychain: Keychain, why: string): KojiboxError =>
  new KojiboxError('SECRETS_LOCKED', `cannot get the key of the secrets from the ${keychain.label}`, {
    detail: why,
    source: 'secrets',
  });

const unreadable = (path: string): KojiboxError =>
  new KojiboxError('CONFIG_CORRUPT', 'cannot read the key of the secrets', {
    detail: `${path} must hold ${KEY_BYTES} bytes`,
    source: 'secrets',
    remedy: 'Put the file back from a backup; without it the stored passwords cannot be opened.',
  });

async function readKeyFile(files: FileSystem, path: string): Promise<Buffer | null> {
  const bytes = await files.readBytes(path);
  if (bytes === null) return null;
  if (bytes.length !== KEY_BYTES) throw unreadable(path);
  return Buffer.from(bytes);
}

async function readPlace(files: FileSystem, path: string): Promise<KeyPlace | null> {
  const text = await files.readText(path);
  if (text === null) return null;
  try {
    return KeyPlaceSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new KojiboxError('CONFIG_CORRUPT', 'cannot read where the key of the secrets is', {
      detail: `${path} is damaged`,
      source: 'secrets',
      remedy: 'Put the file back from a backup; the keychain still has the key.',
      cause,
    });
  }
}
