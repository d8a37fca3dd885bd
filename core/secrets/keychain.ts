/** The keychain of the operating system, as core sees it: a place for one key. */

export type KeychainAnswer =
  | { readonly state: 'found'; readonly key: Buffer }
  /** It answers, and has no such entry. */
  | { readonly state: 'empty' }
  /** There is none, it is locked, or it did not answer in time. */
  | { readonly state: 'unavailable'; readonly reason: string };

export interface Keychain {
  /** For the user, e.g. "Secret Service". */
  readonly label: string;
  /** Quick and without asking anybody: why there can be none here, or null. */
  absence(): string | null;
  /** @param patient wait as long as a person takes to unlock it */
  read(account: string, patient: boolean): Promise<KeychainAnswer>;
  /** Rejects with SECRETS_LOCKED. */
  write(account: string, key: Buffer): Promise<void>;
  /** Also fine when there is no such entry. Rejects with SECRETS_LOCKED. */
  remove(account: string): Promise<void>;
}

/** For systems without one, and for tests of everything else. */
export const noKeychain = (reason: string): Keychain => ({
  label: 'none',
  absence: () => reason,
  read: () => Promise.resolve({ state: 'unavailable', reason }),
  write: () => Promise.reject(new Error(reason)),
  remove: () => Promise.resolve(),
});
