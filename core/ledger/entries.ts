/** Entries of the ledger that belong to no other part. */
import { KojiboxError } from '../../contract/errors.ts';
import type { FileSystem } from '../system/files.ts';
import type { Ledger } from './ledger.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';

/** The key of the secrets is in the keychain of the system: outside of the home, so it is written down. */
export const recordKeychainEntry = (
  ledger: Ledger,
  keychain: string,
  account: string,
  make: () => Promise<void>,
): Promise<void> =>
  ledger.record(
    {
      kind: 'keychain-key',
      target: `kojibox/${account}`,
      summary: saySystemChange('keychainKey', { keychain }),
      undoCommand: 'koji secrets move-key file',
    },
    make,
  );

/** The key is in the file again. */
export async function settleKeychainEntries(ledger: Ledger): Promise<void> {
  for (const { id, kind, undoneAt } of ledger.list())
    if (kind === 'keychain-key' && undoneAt === null) await ledger.settle(id, 'undone');
}

/** For what the privileged helper alone can take back: fine when nothing is left, else PERMISSION_DENIED. */
export async function assertGone(files: FileSystem, target: string): Promise<void> {
  if ((await files.stat(target)) === null) return;
  throw new KojiboxError('PERMISSION_DENIED', `cannot take back the change of ${target}`, {
    detail: 'it needs administrator rights, and there is no way to ask for them here',
    source: 'ledger',
    remedy: 'Run in a terminal: koji undo',
  });
}
